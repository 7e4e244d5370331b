#!/usr/bin/env bash
# Compiles PyTorch into a wheel:   build-torch.sh SOURCE WHEELS
#
# TORCH_VERSION, TORCH_CUDA_ARCH_LIST: what to build. MAX_JOBS (default 4), COMPILER_CACHE_URL: hints.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../shared/build/progress.sh
. /opt/build/progress.sh
# shellcheck source-path=SCRIPTDIR source=../shared/build/compiler-cache.sh
. /opt/build/compiler-cache.sh

source="$1" wheels="$2"
export MAX_JOBS="${MAX_JOBS:-4}" TORCH_CUDA_ARCH_LIST="${TORCH_CUDA_ARCH_LIST:?}"
# Without these the version is 2.6.0a0+git…, which pip in a child image takes for older than 2.6.0 and replaces.
export PYTORCH_BUILD_VERSION="${TORCH_VERSION:?}" PYTORCH_BUILD_NUMBER=1
export CMAKE_GENERATOR=Ninja CMAKE_BUILD_TYPE=Release BUILD_TEST=0
export USE_CUDA=1 USE_CUDNN=1 USE_DISTRIBUTED=1 USE_NCCL=1
# NCCL of the base image, 2.21.5 as PyTorch's submodule is: building that one again would bypass the compiler cache.
export USE_SYSTEM_NCCL=1
# Kineto's GPU tracing needs CUPTI, which CUDA's runtime images do not have.
export USE_KINETO=0
export BLAS=OpenBLAS USE_MAGMA=0 USE_CUFILE=0
# The day of the wheel's files, so that the same sources give the same wheel.
export SOURCE_DATE_EPOCH=315532800
use_compiler_cache

cd "$source"
echo "build-torch.sh: PyTorch $TORCH_VERSION for $TORCH_CUDA_ARCH_LIST with $MAX_JOBS jobs"
python3 setup.py bdist_wheel --dist-dir "$wheels"

# The launchers are wishes until CMake has written them down.
for language in C CXX CUDA; do
  if ! grep -qE "^CMAKE_${language}_COMPILER_LAUNCHER:[A-Z]+=(.*/)?ccache$" build/CMakeCache.txt; then
    echo "build-torch.sh: CMake compiled $language without ccache" >&2
    exit 1
  fi
done
report_compiler_cache torch
# torchvision and torchaudio are compiled against it.
python3 -m pip install --no-cache-dir --no-index --no-deps --root-user-action=ignore "$wheels"/torch-*.whl
progress 70 "PyTorch built" "First Harmonic: Ruby, Emerald, Topaz"
