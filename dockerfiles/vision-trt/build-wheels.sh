#!/usr/bin/env bash
# Makes the wheels that no lock can install directly: TensorRT's, Torch-TensorRT without its C++ libraries, Image Engine.
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

# The published Torch-TensorRT holds C++ libraries compiled for std::string as it was before C++11, as PyPI's torch 2.6
# is; the torch of this catalogue is compiled for today's, so these libraries do not load and nor does the package.
# Without them it is what its own PYTHON_ONLY build makes: TensorRT engines run through TensorRT's Python interface.
fetch_tensorrt_wheels() {
  "$python" -m pip download --quiet --no-cache-dir --disable-pip-version-check --require-hashes --no-deps \
    --only-binary=:all: --requirement "$here/tensorrt-wheels.lock" --dest "$1"
  PYTHONPATH="$work/tools" "$python" -m wheel unpack --dest "$work/unpacked" "$1"/torch_tensorrt-*.whl
  rm --recursive "$1"/torch_tensorrt-*.whl "$work"/unpacked/*/torch_tensorrt/lib "$work"/unpacked/*/torch_tensorrt/_C.*.so
  PYTHONPATH="$work/tools" "$python" -m wheel pack --dest-dir "$1" "$work"/unpacked/*
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
    fetch_tensorrt_wheels "$folder"
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
