#!/usr/bin/env bash
# Compiles pointops and pointgroup_ops for this machine's GPU, into a folder that goes before the image's own:
#
#   rebuild-pointops.sh FOLDER
#
# Needs the activated environment: its nvcc and its gcc compile. Takes some minutes.
set -euo pipefail

# torch then asks the GPU what it is.
unset TORCH_CUDA_ARCH_LIST
export CUDA_HOME="$CONDA_PREFIX" MAX_JOBS="${MAX_JOBS:-4}"
work=$(mktemp --directory)
trap 'rm --recursive --force "$work"' EXIT
# setuptools writes beside the sources, which belong to root.
cp --recursive /opt/pointcept/libs/pointops /opt/pointcept/libs/pointgroup_ops "$work"
python -m pip install --no-cache-dir --disable-pip-version-check --no-input --no-deps --no-build-isolation --upgrade \
  --target "$1" "$work/pointops" "$work/pointgroup_ops"
