# shellcheck shell=bash
# Progress markers of a long build. Source this file first thing in a step's bash script:
#
#   . /opt/build/progress.sh
#   progress 70 "PyTorch built" "First Harmonic: Ruby, Emerald, Topaz"
#
# prints   STRATA-PROGRESS 70 "PyTorch built" gem="First Harmonic: Ruby, Emerald, Topaz" elapsed=1234s
# without the third argument there is no gem=. The format is defined in dockerfiles/README.md, the builder parses it.
#
# elapsed counts from the start of this step's shell (bash's own SECONDS). A start time kept in a file would be baked
# into a cached layer and lie in the next build, and one handed in as a build argument would undo the cache; the total
# of all steps is known to whoever follows the log.
progress() {
  local percent="$1" what="$2" gem="${3:-}"
  if ! [[ "$percent" =~ ^(100|[1-9]?[0-9])$ ]]; then
    echo "progress: the first argument is a whole number from 0 to 100, received: $percent" >&2
    return 64
  fi
  if [[ -z "$what" || "$what$gem" == *[\"$'\n']* ]]; then
    echo "progress: a text must not be empty or hold double quotes or line breaks, received: $what / $gem" >&2
    return 64
  fi
  printf 'STRATA-PROGRESS %d "%s"%s elapsed=%ds\n' "$percent" "$what" "${gem:+ gem=\"$gem\"}" "$SECONDS"
}
