#!/usr/bin/env bash
# Makes or refreshes the three pip locks: Python 3.10, 64-bit Linux. Needs uv. The conda lock is another matter: see
# README.md, "Refresh the lock".
#
# What conda brings is resolved against and not written: two installers writing one package leave a mix of both.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")"
from_conda=(torch numpy scipy pyyaml filelock jinja2 markupsafe networkx sympy mpmath typing-extensions requests urllib3
  certifi charset-normalizer idna packaging ninja tqdm regex termcolor psutil pyparsing fsspec)
lock() {
  uv pip compile --config-file uv.toml --quiet --generate-hashes --no-emit-index-url --no-emit-find-links \
    --custom-compile-command dockerfiles/pointcept-conda/relock.sh \
    --python-version 3.10 --python-platform x86_64-manylinux_2_28 --output-file "$1.lock" "${@:2}" "$1.in"
}
lock requirements --only-binary :all: "${from_conda[@]/#/--no-emit-package=}"
lock sources --no-deps --no-binary :all:
lock build-tools --only-binary :all:
