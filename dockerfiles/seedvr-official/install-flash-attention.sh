#!/usr/bin/env bash
# Installs flash-attention's wheel, and lets the import decide whether it is the right one.
#
#   install-flash-attention.sh WHEEL
#
# Exit 64: wrong arguments. 67: the wheel is for another interpreter. 68: it cannot be imported, so it is for another
# torch or another C++ ABI. 66: torch changed.
set -euo pipefail

readonly EXIT_USAGE=64 EXIT_INTERPRETER=67 EXIT_IMPORT=68
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
python="${PYTHON:-python3}"

if [[ $# -ne 1 || ! -f "$1" ]]; then
  echo "usage: install-flash-attention.sh WHEEL" >&2
  exit "$EXIT_USAGE"
fi
wheel="$1"

# First: a wheel of another interpreter would install as a source build, which takes hours and 100 GB of memory.
interpreter=$("$python" -c 'import sys; print("cp%d%d" % sys.version_info[:2])')
if [[ "$wheel" != *"-$interpreter-$interpreter-"* ]]; then
  echo "install-flash-attention.sh: the interpreter is $interpreter, the wheel is $(basename "$wheel")" >&2
  echo "  take the wheel of $interpreter from the same release, with its SHA-256, in the Dockerfile" >&2
  exit "$EXIT_INTERPRETER"
fi

"$here/keep-torch.sh" "$python" -m pip install --no-cache-dir --disable-pip-version-check --no-input \
  --root-user-action=ignore --no-index --no-deps "$wheel"

# The file's name says which ABI it was compiled for; whether torch was compiled for the same one, only loading it says.
if ! "$python" -c 'import torch, flash_attn_2_cuda'; then
  abi=$("$python" -c 'import torch; print(str(torch.compiled_with_cxx11_abi()).upper())')
  torch=$("$python" -c 'import torch; print(torch.__version__, "with CUDA", torch.version.cuda)')
  echo "install-flash-attention.sh: $(basename "$wheel") does not load; this is torch $torch, cxx11abi$abi" >&2
  exit "$EXIT_IMPORT"
fi
echo "install-flash-attention.sh: $(basename "$wheel") loads"
