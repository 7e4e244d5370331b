#!/usr/bin/env bash
# Compiles torchaudio into a wheel:   build-torchaudio.sh SOURCE WHEELS
#
# TORCHAUDIO_VERSION, TORCH_VERSION, TORCH_CUDA_ARCH_LIST: what to build. MAX_JOBS, COMPILER_CACHE_URL: hints.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../shared/build/progress.sh
. /opt/build/progress.sh
# shellcheck source-path=SCRIPTDIR source=../shared/build/compiler-cache.sh
. /opt/build/compiler-cache.sh

source="$1" wheels="$2"
export TORCH_CUDA_ARCH_LIST="${TORCH_CUDA_ARCH_LIST:?}" CMAKE_BUILD_PARALLEL_LEVEL="${MAX_JOBS:-4}"
export BUILD_VERSION="${TORCHAUDIO_VERSION:?}" PYTORCH_VERSION="${TORCH_VERSION:?}"
# Its own test for a GPU would turn CUDA off on a build machine.
export USE_CUDA=1
# sox and FFmpeg are downloaded while compiling and loaded from the system when run; neither is pinned here nor in the
# runtime image.
export BUILD_SOX=0 USE_FFMPEG=0
export SOURCE_DATE_EPOCH=315532800
use_compiler_cache

cd "$source"
python3 setup.py bdist_wheel --dist-dir "$wheels"
report_compiler_cache torchaudio
progress 100 "torchaudio built" "Triple Harmonic"
