#!/usr/bin/env bash
# Fetches one commit of a Git repository, with its submodules at the commits that it pins.
#
#   clone.sh URL COMMIT FOLDER
#
# Exit 0: FOLDER holds exactly COMMIT. 64: wrong arguments. 65: what was fetched is not COMMIT.
# 69: the repository or one of its submodules could not be fetched (after CLONE_TRIES attempts, default 3).
set -euo pipefail

readonly EXIT_USAGE=64 EXIT_MISMATCH=65 EXIT_UNAVAILABLE=69
readonly TRIES="${CLONE_TRIES:-3}" WAIT_SECONDS="${CLONE_WAIT_SECONDS:-10}"

if [[ $# -ne 3 || ! "$2" =~ ^[0-9a-f]{40}$ ]]; then
  echo "usage: clone.sh URL COMMIT FOLDER, COMMIT being a full commit id of 40 hex digits (tags can move)" >&2
  exit "$EXIT_USAGE"
fi
url="$1" commit="$2" folder="$3"

# Runs a command that needs the network until it succeeds, TRIES times at most.
with_retries() {
  local attempt
  for ((attempt = 1; attempt <= TRIES; attempt++)); do
    if "$@"; then return 0; fi
    echo "clone.sh: attempt $attempt of $TRIES failed: $*" >&2
    if ((attempt < TRIES)); then sleep "$WAIT_SECONDS"; fi
  done
  return 1
}

git init --quiet "$folder"
cd "$folder"
git remote add origin "$url"
if ! with_retries git fetch --quiet --depth 1 --no-tags origin "$commit"; then
  echo "clone.sh: commit $commit of $url cannot be fetched" >&2
  exit "$EXIT_UNAVAILABLE"
fi
git -c advice.detachedHead=false checkout --quiet FETCH_HEAD

if [[ -f .gitmodules ]]; then
  if ! with_retries git submodule update --quiet --init --recursive --depth 1 --jobs 8; then
    echo "clone.sh: submodules of $url cannot be fetched" >&2
    exit "$EXIT_UNAVAILABLE"
  fi
fi

head=$(git rev-parse HEAD)
if [[ "$head" != "$commit" ]]; then
  echo "clone.sh: $url gave $head where $commit was asked for" >&2
  exit "$EXIT_MISMATCH"
fi
# A line of `git submodule status` begins with a blank only where the checkout is the commit that the parent pins.
if git submodule status --recursive | grep --quiet '^[^ ]'; then
  echo "clone.sh: a submodule of $url is not at the commit that $commit pins:" >&2
  git submodule status --recursive | grep '^[^ ]' >&2
  exit "$EXIT_MISMATCH"
fi
echo "clone.sh: $folder is $url at $commit"
