#!/usr/bin/env bash
# Runs the W&B Launch agent and watches over it.
#
#   entrypoint.sh [COMMAND…]      default: python3 -m launcher.agent, with queue and entity from the environment
#
# The agent alone would run for ever without work, go on after errors that no waiting mends, and die unheard with its
# container. This script ends it
#   - after IDLE_SECONDS without work (default 1800)                                    exit 0
#   - when its log shows an error that is final (fatal-patterns.tsv), with the log's end  exit 70
#   - on SIGTERM or SIGINT, passed on to the agent                                      exit 143
# and otherwise exits with the agent's own code, printing the log's end where that is not 0.
#
# Settings, all in the environment; the tests scale them down:
#   IDLE_SECONDS 1800  POLL_SECONDS 5  GRACE_SECONDS 30 (from SIGTERM to SIGKILL)  SETTLE_SECONDS 2 (for the lines that
#   follow a fatal one)  TAIL_LINES 100  AGENT_LOG /tmp/launch-agent.log  AGENT_PID_FILE /tmp/launch-agent.pid
set -uo pipefail

readonly EXIT_FATAL=70 EXIT_TERMINATED=143
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
idle_limit="${IDLE_SECONDS:-1800}" poll="${POLL_SECONDS:-5}" grace="${GRACE_SECONDS:-30}"
settle="${SETTLE_SECONDS:-2}" tail_lines="${TAIL_LINES:-100}"
log="${AGENT_LOG:-/tmp/launch-agent.log}" pid_file="${AGENT_PID_FILE:-/tmp/launch-agent.pid}"
patterns="${FATAL_PATTERNS:-$here/fatal-patterns.tsv}"
# The agent says this every few minutes where it has nothing to do; such a line is no work.
readonly IDLE_LINE='running 0 out of a maximum of [0-9-]+ jobs'

say() { echo "launcher: $*"; }

print_tail() {
  say "last $tail_lines lines of the agent's log:"
  tail -n "$tail_lines" "$log"
  say "end of the agent's log"
}

# Ends the agent: SIGTERM, then SIGKILL to what is still there after the grace time.
stop_agent() {
  kill -TERM "$agent" 2>/dev/null || return 0
  local deadline=$((SECONDS + grace))
  while kill -0 "$agent" 2>/dev/null; do
    if ((SECONDS >= deadline)); then
      say "the agent did not end within $grace s, killing it"
      kill -KILL "$agent" 2>/dev/null
    fi
    sleep 0.1
  done
}

finish() {
  rm -f "$pid_file"
  exit "$1"
}

# The name of the first fatal pattern that the given lines match, with the line; nothing where there is none.
find_fatal() {
  local lines="$1" name expression line
  while IFS=$'\t' read -r name expression; do
    if [[ -z "$name" || "$name" == \#* ]]; then continue; fi
    if line=$(grep -m 1 -E -e "$expression" <<<"$lines"); then
      echo "$name: $line"
      return 0
    fi
  done <"$patterns"
  return 1
}

if [[ $# -eq 0 ]]; then
  if [[ -z "${LAUNCH_QUEUE:-}" || -z "${LAUNCH_ENTITY:-}" ]]; then
    say "LAUNCH_QUEUE and LAUNCH_ENTITY must name the W&B queue to serve and its entity" >&2
    exit 64
  fi
  set -- python3 -m launcher.agent --queue "$LAUNCH_QUEUE" --entity "$LAUNCH_ENTITY" --max-jobs "${LAUNCH_MAX_JOBS:-1}"
fi

: >"$log"
terminated=0
trap 'terminated=1' TERM INT

# Process substitution and not a pipe: $! is then the agent itself and not tee, so signals and exit code are the agent's.
"$@" > >(exec tee -a "$log") 2>&1 &
agent=$!
echo "$agent" >"$pid_file"
say "agent started, pid $agent: $*"

read_lines=0
last_work=$SECONDS
while true; do
  # Waits a moment, less where a signal comes; `sleep` in the foreground would hold the signal back.
  sleep "$poll" &
  wait $! 2>/dev/null

  # Whole lines only: half of one might miss its pattern.
  lines=$(wc -l <"$log")
  if ((lines > read_lines)); then
    fresh=$(tail -n "+$((read_lines + 1))" "$log" | head -n "$((lines - read_lines))")
    read_lines=$lines
    if grep -vqE -e "$IDLE_LINE" <<<"$fresh"; then last_work=$SECONDS; fi
    if reason=$(find_fatal "$fresh"); then
      say "final error ($reason)"
      sleep "$settle"
      stop_agent
      print_tail
      finish "$EXIT_FATAL"
    fi
  fi

  if ((terminated)); then
    say "asked to end, passing it on to the agent"
    stop_agent
    finish "$EXIT_TERMINATED"
  fi
  if ! kill -0 "$agent" 2>/dev/null; then
    wait "$agent"
    code=$?
    say "the agent ended with exit code $code"
    if ((code != 0)); then
      sleep "$settle"
      print_tail
    fi
    finish "$code"
  fi
  if ((SECONDS - last_work >= idle_limit)); then
    say "no work for $idle_limit s, ending the agent"
    stop_agent
    finish 0
  fi
done
