#!/usr/bin/env bash
# Installs a hashed lock file, and nothing else, with pip.
#
#   install-lock.sh LOCK…
#
# --require-hashes: what is installed is what was locked. --no-deps: the lock is complete but for torch, which is built
# from source, so pip has nothing to resolve and cannot fetch another torch. --only-binary: no package's own build
# script runs. Then `pip check` confirms that every dependency, torch included, is there in a fitting version; PIP_CHECK=0
# leaves that out where the set is completed by a later step. PYTHON names the interpreter, default python3.
set -euo pipefail

if [[ $# -eq 0 ]]; then
  echo "usage: install-lock.sh LOCK…" >&2
  exit 64
fi
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
python="${PYTHON:-python3}"

requirements=()
for lock in "$@"; do
  requirements+=(--requirement "$lock")
done
# Bytecode then names its source by content and not by time, so that two builds give the same files.
export SOURCE_DATE_EPOCH=315532800
"$here/keep-torch.sh" "$python" -m pip install \
  --no-cache-dir --disable-pip-version-check --no-input --root-user-action=ignore \
  --require-hashes --no-deps --only-binary=:all: "${requirements[@]}"
if [[ "${PIP_CHECK:-1}" == 1 ]]; then
  "$python" -m pip check
fi
