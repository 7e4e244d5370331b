#!/usr/bin/env bash
# Installs requirements.lock and fails where that broke a dependency.
#
#   install-requirements.sh LOCK
#
# The base image's own environment is not ours to judge: what `pip check` says before does not count, what it says only
# afterwards does. Exit 1: a dependency was broken. 66: torch changed.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
python="${PYTHON:-python3}"

problems() {
  "$python" -m pip check --disable-pip-version-check | sort || true
}

before=$(problems)
PIP_CHECK=0 "$here/install-lock.sh" "$1"
broken=$(comm -13 <(echo "$before") <(problems) | grep --invert-match '^No broken requirements' || true)
if [[ -n "$broken" ]]; then
  printf 'install-requirements.sh: broken by %s:\n%s\n' "$1" "$broken" >&2
  exit 1
fi
