#!/usr/bin/env bash
# Guarantees that no third-party project is refused for asking for a CMake older than 3.5:   cmake-floor.sh FOLDER
#
# CMake 4 refuses `cmake_minimum_required(VERSION 2.8)` and everything else below 3.5, and PyTorch's third-party folder
# has such projects. CMAKE_POLICY_VERSION_MINIMUM=3.5 makes CMake take them as if they had asked for 3.5: nothing is
# edited, so the sources stay what the commit says. This script proves that it holds for the CMake of this build: for
# every version below 3.5 that FOLDER's projects ask for, it configures a project that asks for the same.
#
# Exit 1: a version is refused. PROGRESS names progress.sh, default /opt/build/progress.sh.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../shared/build/progress.sh
. "${PROGRESS:-/opt/build/progress.sh}"

readonly FLOOR=3.5
folder="$1"
trial=$(mktemp -d)
trap 'rm -rf "$trial"' EXIT

# The distinct versions that the projects under FOLDER ask for, oldest first.
asked_for() {
  { grep -rhoiE --include=CMakeLists.txt 'cmake_minimum_required *\( *VERSION +[0-9.]+' "$folder" || true; } |
    grep -oE '[0-9.]+$' | sort -uV
}

mapfile -t versions < <(asked_for)
below=()
for version in "${versions[@]}"; do
  if [[ "$version" != "$FLOOR" && "$(printf '%s\n' "$version" "$FLOOR" | sort -V | head -n 1)" == "$version" ]]; then
    below+=("$version")
  fi
done
cmake_version=$(cmake --version | head -n 1)
echo "cmake-floor.sh: $cmake_version, minimum policy version ${CMAKE_POLICY_VERSION_MINIMUM:-not set}"
echo "cmake-floor.sh: projects under $folder ask for ${versions[*]:-nothing}; below $FLOOR: ${below[*]:-none}"

for version in "${below[@]}"; do
  mkdir "$trial/$version"
  printf 'cmake_minimum_required(VERSION %s)\nproject(trial NONE)\n' "$version" >"$trial/$version/CMakeLists.txt"
  if ! cmake -S "$trial/$version" -B "$trial/$version/build" -Wno-deprecated >"$trial/log" 2>&1; then
    cat "$trial/log" >&2
    echo "cmake-floor.sh: $cmake_version refuses projects that ask for $version, and $folder has some:" >&2
    grep -rliE --include=CMakeLists.txt "cmake_minimum_required *\( *VERSION +$version" "$folder" >&2
    exit 1
  fi
done
progress 15 "CMake takes every third-party project" "Diamond, Aquamarine"
