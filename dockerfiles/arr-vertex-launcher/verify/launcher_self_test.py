#!/usr/bin/env python3
"""The launcher starts, ends and gives up as it should, and the packages that it builds on still fit.

The entry script is run with small programs in the agent's place. Then, against the real packages: the agent's command
exists, and the Vertex AI SDK takes the arguments that spot scheduling adds. No network, no account.
"""

from __future__ import annotations

import argparse
import inspect
import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

HERE = Path(__file__).resolve()
sys.path.append(str(HERE.parents[2] / "shared" / "verify"))  # a checkout; images have it beside
import contract

INSTALLED = Path("/opt/launcher")
LAUNCHER = INSTALLED if INSTALLED.is_dir() else HERE.parents[1]

QUICK = {"POLL_SECONDS": "0.1", "SETTLE_SECONDS": "0.1", "GRACE_SECONDS": "2", "IDLE_SECONDS": "60"}

AGENTS: dict[str, tuple[str, dict[str, str], int, str]] = {
    # name: the agent's program, settings, expected exit code, a text that the output holds
    "normal end": ("echo working; exit 0", {}, 0, "ended with exit code 0"),
    "own failure": ("echo broken; exit 3", {}, 3, "broken"),
    "idle": ("exec sleep 60", {"IDLE_SECONDS": "1"}, 0, "no work for 1 s"),
    "fatal line": ("echo 'status code: 503 from the service'; exec sleep 60", {}, 70, "server error"),
}
"""Ways for an agent to end."""


def run_entry(program: str, settings: dict[str, str]) -> tuple[int, str]:
    """Runs the entry script over a shell program in the agent's place; returns exit code and output."""
    with tempfile.TemporaryDirectory() as folder:
        files = {"AGENT_LOG": f"{folder}/log", "AGENT_PID_FILE": f"{folder}/pid"}
        command = [str(LAUNCHER / "entrypoint.sh"), "bash", "-c", program]
        run = subprocess.run(
            command, env=os.environ | QUICK | files | settings, capture_output=True, text=True, timeout=60
        )
        return run.returncode, run.stdout + run.stderr


def check_entry(report: contract.Report) -> None:
    for name, (program, settings, expected, text) in AGENTS.items():
        code, output = run_entry(program, settings)
        report.facts[name] = f"exit {code}"
        if code != expected or text not in output:
            report.problem(f"{name}: exit {code}, expected {expected} and {text!r} in the output: {output[-500:]!r}")


def check_packages(report: contract.Report) -> None:
    """The agent's command and the SDK's arguments are there."""
    warnings.filterwarnings("ignore", category=FutureWarning)  # Google's packages announce Python 3.10's end each time
    cli = contract.require_module("wandb.cli.cli").cli
    if "launch-agent" not in cli.commands:
        report.problem("wandb has no launch-agent command")
    aiplatform = contract.require_module("google.cloud.aiplatform")
    for method in (aiplatform.CustomJob.run, aiplatform.CustomJob.submit):
        missing = {"scheduling_strategy", "max_wait_duration", "restart_job_on_worker_restart"} - set(
            inspect.signature(method).parameters
        )
        if missing:
            report.problem(f"aiplatform.CustomJob.{method.__name__} does not take {', '.join(sorted(missing))}")
    types = contract.require_module("google.cloud.aiplatform_v1.types")
    sys.path.append(str(LAUNCHER))
    scheduling = contract.require_module("launcher.scheduling")
    missing = [name for name in scheduling.STRATEGIES if name not in types.Scheduling.Strategy.__members__]
    if missing:
        report.problem(f"Vertex AI does not know the scheduling strategies {', '.join(missing)}")
    report.facts["scheduling strategies"] = list(scheduling.STRATEGIES)


def body(report: contract.Report, options: argparse.Namespace) -> None:
    check_entry(report)
    check_packages(report)


if __name__ == "__main__":
    contract.main("launcher", body, "the launcher starts, ends and gives up as it should")
