#!/usr/bin/env bash
# Fetches PyTorch at PYTORCH_COMMIT, with its submodules:   fetch-pytorch.sh FOLDER
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../shared/build/progress.sh
. /opt/build/progress.sh

/opt/build/clone.sh https://github.com/pytorch/pytorch.git "${PYTORCH_COMMIT:?}" "$1"
progress 10 "PyTorch cloned" "Sapphire"
