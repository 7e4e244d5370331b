#!/usr/bin/env bash
# Installs Apex's wheel and what it needs at run time; where the build ended at the tier absent there is no wheel.
#
#   install.sh FOLDER      FOLDER holds apex.json and wheels/, as build-apex.sh leaves them
set -euo pipefail
shopt -s nullglob

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
"$here/install-lock.sh" "$here/requirements.lock"
wheels=("$1"/wheels/apex-*.whl)
if [[ ${#wheels[@]} -eq 0 ]]; then
  echo "install.sh: no Apex wheel, as recorded: $(cat "$1/apex.json")"
  exit 0
fi
"$here/keep-torch.sh" python3 -m pip install --no-cache-dir --disable-pip-version-check --no-input \
  --root-user-action=ignore --no-index --no-deps "${wheels[@]}"
python3 -m pip check
