#!/usr/bin/env bash
# Activates the conda environment, checks CUDA, rebuilds Pointcept's extensions if asked to, and becomes the command.
#
#   INSTALL_POINTOPS_AT_RUNTIME=1   compile pointops and pointgroup_ops for this machine's GPU first
#
# Exit 70: torch or the driver does not go with CUDA 12.4; the message says which.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=activate.sh
. "$here/activate.sh"
python "$here/check_cuda.py"
if [[ "${INSTALL_POINTOPS_AT_RUNTIME:-0}" == 1 ]]; then
  target="$HOME/pointops"
  "$here/rebuild-pointops.sh" "$target"
  export PYTHONPATH="$target${PYTHONPATH:+:$PYTHONPATH}"
fi
exec "$@"
