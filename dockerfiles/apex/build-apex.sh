#!/usr/bin/env bash
# Builds NVIDIA Apex into a wheel, and records which tier came out.
#
#   APEX_COMMIT=… APEX_TIER=cuda|auto build-apex.sh FOLDER
#
# leaves FOLDER/apex.json (what was asked for, what it is, why) and, but for the tier absent, FOLDER/wheels/apex-*.whl.
#
# APEX_TIER=cuda wants every C++ and CUDA extension and fails without. APEX_TIER=auto goes down one tier at a time:
#   cuda    every extension is in the wheel and can be imported
#   python  Apex without extensions
#   absent  no Apex
# It prints one line for each tier that it tries.
#
# TORCH_CUDA_ARCH_LIST: what to compile for. MAX_JOBS, COMPILER_CACHE_URL: hints. APEX_SOURCE: where to clone, default
# /src/apex; a fixed place, since its paths are among what the compiler cache compares.
#
# Exit 0: the wheel, or in auto its absence, is recorded. 64: wrong arguments. 69: Apex could not be cloned.
# 70: the CUDA build failed. 75: it took longer than APEX_TIMEOUT seconds. 76: it ended well, but extensions do not
# load.
set -euo pipefail

readonly EXIT_USAGE=64 EXIT_CLONE=69 EXIT_CUDA=70 EXIT_TIME=75 EXIT_INCOMPLETE=76
readonly REPOSITORY=https://github.com/NVIDIA/apex.git
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
python="${PYTHON:-python3}"
# shellcheck source-path=SCRIPTDIR source=../shared/build/progress.sh
. "$here/progress.sh"
# shellcheck source-path=SCRIPTDIR source=../shared/build/compiler-cache.sh
. "$here/compiler-cache.sh"

if [[ $# -ne 1 || ! "${APEX_TIER:-}" =~ ^(cuda|auto)$ || -z "${APEX_COMMIT:-}" ]]; then
  echo "usage: APEX_COMMIT=… APEX_TIER=cuda|auto build-apex.sh FOLDER" >&2
  exit "$EXIT_USAGE"
fi
readonly OUTPUT="$1" SOURCE="${APEX_SOURCE:-/src/apex}" SECONDS_ALLOWED="${APEX_TIMEOUT:-1800}"
export MAX_JOBS="${MAX_JOBS:-4}"
work=$(mktemp --directory)
trap 'rm --recursive --force "$work" "$SOURCE"' EXIT
mkdir --parents "$OUTPUT/wheels"

status() {
  echo "APEX-TIER $1: $2"
}

# record TIER REASON
record() {
  "$python" - "$OUTPUT/apex.json" "$APEX_TIER" "$1" "$2" "$APEX_COMMIT" <<'PYTHON'
import json, sys
path, requested, tier, reason, commit = sys.argv[1:]
outcome = {"requested": requested, "tier": tier, "reason": reason or None, "commit": commit}
with open(path, "w", encoding="utf-8") as file:
    json.dump(outcome, file, indent=2)
    file.write("\n")
PYTHON
}

# build_wheel VARIABLE=VALUE… ; env, not a plain prefix: timeout would take the assignment for its command. --kill-after
# because a compiler that hangs may not listen to SIGTERM.
build_wheel() {
  rm --force "$OUTPUT"/wheels/*.whl
  (cd "$SOURCE" && env "$@" timeout --kill-after=30 "$SECONDS_ALLOWED" \
    "$python" -m pip wheel --no-build-isolation --no-cache-dir --no-deps --disable-pip-version-check \
    --wheel-dir "$OUTPUT/wheels" .)
}

# Extensions built by setuptools know no CMake launcher: they get a C++ compiler that is ccache under that name, and an
# nvcc that is called through ccache.
compile_through_cache() {
  use_compiler_cache
  mkdir "$work/launchers"
  ln --symbolic "$(command -v ccache)" "$work/launchers/g++"
  export CXX="$work/launchers/g++" PYTORCH_NVCC="ccache ${CUDA_HOME:-/usr/local/cuda}/bin/nvcc"
}

# Prints the extensions of the wheel that cannot be imported.
missing_extensions() {
  "$python" -m pip install --quiet --no-index --no-deps --disable-pip-version-check \
    --target "$work/installed" "$OUTPUT"/wheels/apex-*.whl
  PYTHONPATH="$work/installed" "$python" "$here/apex_extensions.py"
}

# Leave through this: with APEX_TIER=cuda the failure is the outcome, with auto the next tier is.
give_up() {
  local code="$1" reason="$2"
  status cuda "failed: $reason"
  if [[ "$APEX_TIER" == cuda ]]; then
    exit "$code"
  fi
}

if ! "$here/clone.sh" "$REPOSITORY" "$APEX_COMMIT" "$SOURCE"; then
  give_up "$EXIT_CLONE" "$REPOSITORY cannot be cloned at $APEX_COMMIT"
  status python "not tried: there is no source"
  status absent "Apex is not in this image"
  record absent "clone failed"
  exit 0
fi
progress 5 "Apex cloned"
compile_through_cache

code=0
build_wheel APEX_CPP_EXT=1 APEX_CUDA_EXT=1 || code=$?
case "$code" in
  0)
    if missing=$(missing_extensions); then
      report_compiler_cache apex
      status cuda "built with every extension"
      record cuda ""
      progress 90 "Apex built"
      exit 0
    fi
    reason="built, but without ${missing:-a wheel that installs}"
    give_up "$EXIT_INCOMPLETE" "$reason"
    ;;
  124 | 137)
    reason="the CUDA build took longer than $SECONDS_ALLOWED s"
    give_up "$EXIT_TIME" "$reason"
    ;;
  *)
    reason="the CUDA build failed with exit code $code"
    give_up "$EXIT_CUDA" "$reason"
    ;;
esac

code=0
build_wheel APEX_CPP_EXT=0 APEX_CUDA_EXT=0 || code=$?
if [[ "$code" -eq 0 ]]; then
  status python "built without extensions"
  record python "$reason"
else
  rm --force "$OUTPUT"/wheels/*.whl
  status python "failed with exit code $code"
  status absent "Apex is not in this image"
  record absent "$reason; the Python-only build failed with exit code $code"
fi
progress 90 "Apex settled"
