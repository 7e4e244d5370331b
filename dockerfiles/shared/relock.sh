#!/usr/bin/env bash
# Makes or refreshes the hashed lock of a requirements file: FILE.in -> FILE.lock beside it.
#
#   dockerfiles/shared/relock.sh dockerfiles/IMAGE/FILE.in [OPTION OF uv pip compile]…
#
# Needs uv (`pip install uv`). For Python 3.10 on 64-bit Linux, wheels only. torch, torchvision and torchaudio are built
# from source, so they are resolved against (torch.uv.toml says what the built torch needs) and not written. A later
# option overrides an earlier one, so an image on another Python adds `--python-version 3.11`.
set -euo pipefail

if [[ $# -lt 1 || "$1" != *.in ]]; then
  echo "usage: relock.sh FILE.in [OPTION OF uv pip compile]…" >&2
  exit 64
fi
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repository=$(cd "$here/../.." && pwd)
cd "$repository"
input="$1"
shift

# Without the index options of the one who runs it, so that no address of a mirror gets into the lock.
uv pip compile --config-file "$here/torch.uv.toml" --quiet --generate-hashes --only-binary :all: \
  --no-emit-index-url --no-emit-find-links \
  --custom-compile-command "dockerfiles/shared/relock.sh $input${*:+ $*}" \
  --python-version 3.10 --python-platform x86_64-manylinux_2_28 \
  --no-emit-package torch --no-emit-package torchvision --no-emit-package torchaudio \
  --output-file "${input%.in}.lock" "$@" "$input"
