#!/usr/bin/env bash
# Reports the environment, then becomes the command. The report is information: whatever it finds, the command runs.
set -euo pipefail

python3 "${ENVIRONMENT_INFO:-/opt/image/environment_info.py}" || echo "WARNING: no environment report" >&2
exec "$@"
