#!/usr/bin/env bash
# Compiles torchvision into a wheel:   build-torchvision.sh SOURCE WHEELS
#
# TORCHVISION_VERSION, TORCH_VERSION, TORCH_CUDA_ARCH_LIST: what to build. MAX_JOBS, COMPILER_CACHE_URL: hints.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../shared/build/progress.sh
. /opt/build/progress.sh
# shellcheck source-path=SCRIPTDIR source=../shared/build/compiler-cache.sh
. /opt/build/compiler-cache.sh

source="$1" wheels="$2"
export MAX_JOBS="${MAX_JOBS:-4}" TORCH_CUDA_ARCH_LIST="${TORCH_CUDA_ARCH_LIST:?}"
export BUILD_VERSION="${TORCHVISION_VERSION:?}" PYTORCH_VERSION="${TORCH_VERSION:?}"
# A build machine has no GPU, and without this that means a torchvision for the CPU alone.
export FORCE_CUDA=1
# Decoding video is another package's work now, and WebP would add a library to the runtime image.
export TORCHVISION_USE_FFMPEG=0 TORCHVISION_USE_VIDEO_CODEC=0 TORCHVISION_USE_WEBP=0
export SOURCE_DATE_EPOCH=315532800
use_compiler_cache

# Extensions built by setuptools know no CMake launcher: they get a C++ compiler that is ccache under that name, and an
# nvcc that is called through ccache.
launchers=$(mktemp -d)
trap 'rm -rf "$launchers"' EXIT
ln -s "$(command -v ccache)" "$launchers/g++"
export CXX="$launchers/g++" PYTORCH_NVCC="ccache /usr/local/cuda/bin/nvcc"

cd "$source"
python3 setup.py bdist_wheel --dist-dir "$wheels"
report_compiler_cache torchvision
progress 85 "torchvision built" "Double Harmonic"
