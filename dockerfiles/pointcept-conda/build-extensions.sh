#!/usr/bin/env bash
# Installs the pip side of the environment: first the wheels, then everything that compiles against conda's torch.
#
#   build-extensions.sh
#
# TORCH_CUDA_ARCH_LIST: what to compile for. MAX_JOBS, COMPILER_CACHE_URL: hints. Compiled by the environment's own
# gcc 13.2 and the base image's nvcc 12.4.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=../shared/build/progress.sh
. "$here/progress.sh"
# shellcheck source-path=SCRIPTDIR source=../shared/build/compiler-cache.sh
. "$here/compiler-cache.sh"
# shellcheck source-path=SCRIPTDIR source=activate.sh
. "$here/activate.sh"

export MAX_JOBS="${MAX_JOBS:-4}" TORCH_CUDA_ARCH_LIST="${TORCH_CUDA_ARCH_LIST:?}" CUDA_HOME="${CUDA_HOME:?}"
# A build machine has no GPU, and without this that means extensions for the CPU alone.
export FORCE_CUDA=1
# flash-attention's setup.py would otherwise download a wheel that nobody has checked.
export FLASH_ATTENTION_FORCE_BUILD=TRUE
# flash-attention knows 80, 90 and newer; 8.6 and 8.9 run 8.0's code. Turing has no kernels in it.
export FLASH_ATTN_CUDA_ARCHS="80;90"

# ROOT is / but for the tests.
readonly SOURCES="${ROOT:-}/src" KEPT="${ROOT:-}/opt/pointcept/libs"
work=$(mktemp --directory)
trap 'rm --recursive --force "$work"' EXIT
pip=(python -m pip --disable-pip-version-check --no-input)
install=("${pip[@]}" install --no-cache-dir --no-deps --root-user-action=ignore)

"$here/keep-torch.sh" "${install[@]}" --require-hashes --only-binary=:all: --requirement "$here/requirements.lock"
progress 40 "wheels installed"

# Build tools in a folder of their own: the environment does not get them.
"${install[@]}" --require-hashes --only-binary=:all: --requirement "$here/build-tools.lock" --target "$work/tools"
export PYTHONPATH="$work/tools" PATH="$work/tools/bin:$PATH"
use_compiler_cache
# Extensions built by setuptools know no CMake launcher: they get a C++ compiler that is ccache under that name, and an
# nvcc that is called through ccache.
mkdir "$work/launchers"
ln --symbolic "$(command -v ccache)" "$work/launchers/g++"
export CXX="$work/launchers/g++" PYTORCH_NVCC="ccache $CUDA_HOME/bin/nvcc"

# compile PERCENT NAME PIP-ARGUMENT… ; --no-build-isolation: the setup.py of each imports torch.
compile() {
  "$here/keep-torch.sh" "${install[@]}" --no-build-isolation "${@:3}"
  progress "$1" "$2 compiled"
}

# clone NAME URL COMMIT
clone() {
  "$here/clone.sh" "$2" "$3" "$SOURCES/$1"
}

compile 55 "torch-cluster, torch-scatter, torch-sparse" --require-hashes --requirement "$here/sources.lock"

clone ocnn https://github.com/octree-nn/ocnn-pytorch.git 7521c22e2921a0bd8e9285044c842ff6fa2042e0
clone clip https://github.com/openai/CLIP.git dcba3cb2e2827b402d2701e7e1c7d9fed8a20ef1
compile 60 "ocnn, clip" "$SOURCES/ocnn" "$SOURCES/clip"

clone pointcept https://github.com/Pointcept/Pointcept.git d74c646db6abec569d0f23e0c34e7ddfce142789
# Kept in the image, for rebuild-pointops.sh.
libs=("$SOURCES/pointcept/libs/pointops" "$SOURCES/pointcept/libs/pointgroup_ops")
mkdir --parents "$KEPT"
cp --recursive "${libs[@]}" "$SOURCES/pointcept/LICENSE" "$KEPT"
compile 70 "pointops, pointgroup_ops" "${libs[@]}"

# v2.8.3
clone flash-attention https://github.com/Dao-AILab/flash-attention.git 060c9188beec3a8b62b33a3bfa6d5d2d44975fab
compile 95 "flash-attention" "$SOURCES/flash-attention"

report_compiler_cache pointcept
rm --recursive "$SOURCES"
unset PYTHONPATH
python -m pip check
progress 100 "pip side complete"
