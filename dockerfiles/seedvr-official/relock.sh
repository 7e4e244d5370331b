#!/usr/bin/env bash
# Makes or refreshes requirements.lock from requirements.in: Python 3.11, 64-bit Linux, wheels only. Needs uv.
#
# Not ../shared/relock.sh, which is for the Python and the torch of arr-pytorch-base. torch, torchvision and triton come
# with the base image and are resolved against, not written.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")"
uv pip compile --config-file torch.uv.toml --quiet --generate-hashes --only-binary :all: \
  --no-emit-index-url --no-emit-find-links --custom-compile-command dockerfiles/seedvr-official/relock.sh \
  --python-version 3.11 --python-platform x86_64-manylinux_2_28 \
  --no-emit-package torch --no-emit-package torchvision --no-emit-package triton \
  --output-file requirements.lock requirements.in
