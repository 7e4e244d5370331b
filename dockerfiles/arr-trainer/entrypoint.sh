#!/usr/bin/env bash
# Starts training:   entrypoint.sh ARGUMENTS OF accelerate launch…
#
# As the container's first process, accelerate launch would not be ended by SIGTERM (the kernel has no default action for
# a first process), and ended by it would leave its workers without a word. So a SIGTERM here goes to the launcher and
# all its workers, which save a checkpoint, and this script waits for the last of them.
# Exit: the launcher's code; 143 after SIGTERM.
set -uo pipefail

# Every background job gets a process group of its own, which a signal can reach as a whole.
set -m
accelerate launch "$@" &
group=$!
set +m

terminated=0
trap 'terminated=1; kill -TERM -- "-$group" 2>/dev/null' TERM INT

wait "$group"
code=$?
while kill -0 -- "-$group" 2>/dev/null; do
  sleep 0.2
done
if ((terminated)); then
  exit 143
fi
exit "$code"
