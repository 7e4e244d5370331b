#!/usr/bin/env bash
# Health check of the launcher: exit 0 while the agent's own process runs, 1 otherwise.
set -uo pipefail

pid=$(cat "${AGENT_PID_FILE:-/tmp/launch-agent.pid}" 2>/dev/null) || { echo "no agent has been started"; exit 1; }
if kill -0 "$pid" 2>/dev/null; then
  echo "the agent runs, pid $pid"
else
  echo "the agent, pid $pid, is gone"
  exit 1
fi
