#!/usr/bin/env bash
# Creates the conda environment.
#
#   create-environment.sh lock FILE             from the lock: the very packages, their checksums verified
#   create-environment.sh solve YAML LOCK       from the specification: solves it, and writes the lock
#
# Exit 64: wrong arguments. 78: the lock is unresolved.
set -euo pipefail

readonly EXIT_USAGE=64 EXIT_UNRESOLVED=78
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=../shared/build/progress.sh
. "$here/progress.sh"
conda="${CONDA_ROOT:-/opt/conda}/bin"
name=pointcept-torch2.5.0-cu12.4
# A build machine has no driver; conda takes the CUDA version to solve for from here.
export CONDA_OVERRIDE_CUDA=12.4

case "${1:-} $#" in
  "lock 2")
    if ! grep --quiet --line-regexp '@EXPLICIT' "$2"; then
      echo "create-environment.sh: the conda packages are not locked yet; the command is in $(basename "$2")" >&2
      exit "$EXIT_UNRESOLVED"
    fi
    "$conda/mamba" create --yes --quiet --name "$name" --file "$2"
    ;;
  "solve 3")
    "$conda/mamba" env create --yes --quiet --name "$name" --file "$2"
    "$conda/conda" list --name "$name" --explicit --md5 >"$3"
    ;;
  *)
    echo "usage: create-environment.sh lock FILE | solve YAML LOCK" >&2
    exit "$EXIT_USAGE"
    ;;
esac
"$conda/mamba" clean --all --force-pkgs-dirs --yes --quiet
progress 30 "conda environment created"
