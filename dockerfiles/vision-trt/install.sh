#!/usr/bin/env bash
# Installs the image's Python packages: the lock first, then the wheels that the build stage made.
#
#   install.sh WHEELS
#
# The wheels are checked by that stage; --no-index keeps pip from looking anywhere else. Both steps leave torch alone.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=../shared/build/progress.sh
. "$here/progress.sh"

"$here/install-lock.sh" "$here/requirements.lock"
progress 60 "locked packages installed"
"$here/keep-torch.sh" python3 -m pip install --no-cache-dir --disable-pip-version-check --no-input \
  --root-user-action=ignore --no-index --no-deps "$1"/*.whl
python3 -m pip check
progress 100 "TensorRT and Image Engine installed"
