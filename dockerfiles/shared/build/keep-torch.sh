#!/usr/bin/env bash
# Runs a command and makes sure that it left torch alone: a child image builds on its parent's torch, and one loose
# dependency is enough for pip to put another build in its place.
#
#   keep-torch.sh COMMAND…
#
# Exit: the command's own code; 66 where torch is not the same afterwards (another version, commit, CUDA or place;
# newly there; gone). PYTHON names the interpreter, default python3.
set -euo pipefail

readonly EXIT_TORCH_CHANGED=66

# Version, commit, CUDA version and folder of torch, without importing it; "absent" where there is none.
torch_identity() {
  "${PYTHON:-python3}" - <<'PYTHON'
import importlib.util, runpy
from pathlib import Path
spec = importlib.util.find_spec("torch")
if spec is None or spec.origin is None:
    print("absent")
else:
    folder = Path(spec.origin).parent
    version = runpy.run_path(str(folder / "version.py"))
    print(version["__version__"], version.get("git_version"), version.get("cuda"), folder)
PYTHON
}

if [[ $# -eq 0 ]]; then
  echo "usage: keep-torch.sh COMMAND…" >&2
  exit 64
fi
before=$(torch_identity)
"$@"
after=$(torch_identity)
if [[ "$before" != "$after" ]]; then
  printf 'keep-torch.sh: torch was changed by: %s\n  before: %s\n  after:  %s\n' "$*" "$before" "$after" >&2
  exit "$EXIT_TORCH_CHANGED"
fi
echo "keep-torch.sh: torch unchanged: $after"
