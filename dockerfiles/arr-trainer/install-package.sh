#!/usr/bin/env bash
# Installs the package of FOLDER editable, with what is there and nothing from outside:   install-package.sh FOLDER
set -euo pipefail

export SOURCE_DATE_EPOCH=315532800
python3 -m pip install --no-cache-dir --no-index --no-deps --no-build-isolation --root-user-action=ignore --editable "$1"
python3 -m pip check
