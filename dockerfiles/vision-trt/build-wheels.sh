#!/usr/bin/env bash
# Builds the wheels that no lock can install directly: TensorRT's three source distributions and Image Engine.
#
#   build-wheels.sh build FOLDER   leaves them in FOLDER
#   build-wheels.sh resolve        prints the SHA-256 for tensorrt-libs.sha256
#
# Exit 64: wrong arguments. 65: TensorRT's libraries are not the pinned ones. 78: they are not pinned yet.
set -euo pipefail

readonly EXIT_USAGE=64 EXIT_MISMATCH=65 EXIT_UNRESOLVED=78
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
python="${PYTHON:-python3}"
work=$(mktemp --directory)
trap 'rm --recursive --force "$work"' EXIT

# The locked build tools in a folder of their own, so that `--no-build-isolation` finds exactly those.
make_tools() {
  "$python" -m pip install --quiet --no-cache-dir --disable-pip-version-check \
    --require-hashes --no-deps --only-binary=:all: --requirement "$here/build-tools.lock" --target "$work/tools"
}

build_wheels() {
  PYTHONPATH="$work/tools" "$python" -m pip wheel --quiet --no-cache-dir --disable-pip-version-check \
    --no-build-isolation --no-deps --wheel-dir "$@"
}

# tensorrt-cu12's setup.py would otherwise run a pip of its own, which resolves whatever it finds.
build_tensorrt() {
  NVIDIA_TENSORRT_DISABLE_INTERNAL_PIP=1 build_wheels "$1" --require-hashes --requirement "$here/tensorrt.lock"
}

libs_sha256() {
  sha256sum "$1"/tensorrt_cu12_libs-*.whl | cut --delimiter=' ' --fields=1
}

case "${1:-}" in
  build)
    folder="${2:?usage: build-wheels.sh build FOLDER}"
    pinned=$(grep --invert-match '^#' "$here/tensorrt-libs.sha256")
    if ! [[ "$pinned" =~ ^[0-9a-f]{64}$ ]]; then
      echo "build-wheels.sh: TensorRT's libraries have no checksum yet ($pinned); how to get it: tensorrt-libs.sha256" >&2
      exit "$EXIT_UNRESOLVED"
    fi
    make_tools
    build_tensorrt "$folder"
    received=$(libs_sha256 "$folder")
    if [[ "$received" != "$pinned" ]]; then
      echo "build-wheels.sh: TensorRT's libraries have SHA-256 $received, pinned is $pinned" >&2
      exit "$EXIT_MISMATCH"
    fi
    # setuptools writes beside the sources, which are mounted read-only in an image's build.
    mkdir "$work/source"
    cp --recursive "$here/image_engine" "$here/pyproject.toml" "$work/source"
    build_wheels "$folder" "$work/source"
    ;;
  resolve)
    make_tools
    build_tensorrt "$work/wheels"
    libs_sha256 "$work/wheels"
    ;;
  *)
    echo "usage: build-wheels.sh build FOLDER | resolve" >&2
    exit "$EXIT_USAGE"
    ;;
esac
