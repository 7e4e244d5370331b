#!/usr/bin/env bash
# Installs the wheels that this image has built, and nothing else:   install-wheels.sh FOLDER
set -euo pipefail

# Bytecode then names its source by content and not by time, so that two builds give the same files.
export SOURCE_DATE_EPOCH=315532800
python3 -m pip install --no-cache-dir --no-index --no-deps --root-user-action=ignore "$1"/*.whl
python3 -m pip check
