#!/usr/bin/env python3
"""The trainer trains, goes on after an interruption, and its health check can fail.

--tier build: on the processor, started as the image starts it (`accelerate launch`): two steps, then two more from the
checkpoint. --tier gpu: on the card, 40 steps in bf16, after which the loss must be lower than at the start.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve()
sys.path.append(str(HERE.parents[2] / "shared" / "verify"))  # a checkout; images have it beside
import contract

CHECKOUT = HERE.parents[1]
"""The image's folder in a checkout; in an image the package is installed and this is of no account."""


def launch(output: Path, options: list[str], on_processor: bool) -> dict[str, float]:
    """Runs the trainer as the image does; returns its result file."""
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(filter(None, [str(CHECKOUT), os.environ.get("PYTHONPATH", "")])),
        "ARR_HEARTBEAT": str(output / "heartbeat"),
    }
    command = [sys.executable, "-m", "accelerate.commands.launch", "--num_processes", "1", "--num_machines", "1"]
    command += ["--dynamo_backend", "no", "--mixed_precision", "no"] + (["--cpu"] if on_processor else [])
    command += ["-m", "arr_trainer.train", "--output", str(output), *options]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=900)
    if run.returncode != 0:
        raise contract.Failed(f"the trainer exited {run.returncode}: {run.stderr.strip()[-2000:]}")
    return json.loads((output / "result.json").read_text(encoding="utf-8"))


def heartbeat(file: Path, seconds: float) -> int:
    """The health check's exit code."""
    sys.path.append(str(CHECKOUT))
    from arr_trainer.heartbeat import main

    return main([str(file), str(seconds)])


def check_on_processor(report: contract.Report, output: Path) -> None:
    small = ["--image-size", "16", "--batch-size", "8"]
    first = launch(output, [*small, "--max-steps", "2"], on_processor=True)
    second = launch(output, [*small, "--max-steps", "4"], on_processor=True)
    report.facts["steps"] = [first["steps"], second["steps"]]
    report.facts["losses"] = [first["first_loss"], second["last_loss"]]
    if first["steps"] != 2 or second["steps"] != 4:
        report.problem(f"expected 2 steps, then 4 in all from the checkpoint, got {first['steps']} and {second['steps']}")
    if heartbeat(output / "heartbeat", 600) != 0:
        report.problem("the health check fails right after a step")
    if heartbeat(output / "heartbeat", 0) == 0 or heartbeat(output / "no-heartbeat", 600) == 0:
        report.problem("the health check passes without a recent step")


def check_on_card(report: contract.Report, output: Path) -> None:
    result = launch(output, ["--max-steps", "40", "--epochs", "10", "--mixed-precision", "bf16"], on_processor=False)
    report.facts["losses"] = [result["first_loss"], result["last_loss"]]
    if not result["last_loss"] < result["first_loss"]:
        report.problem(f"the loss went from {result['first_loss']:.3f} to {result['last_loss']:.3f} in 40 steps")


def body(report: contract.Report, options: argparse.Namespace) -> None:
    for name in ("torch", "accelerate"):
        contract.require_module(name)
    if options.tier == "gpu":
        contract.require_gpu()
    with tempfile.TemporaryDirectory() as folder:
        (check_on_card if options.tier == "gpu" else check_on_processor)(report, Path(folder))


if __name__ == "__main__":
    contract.main("trainer-smoke", body, "the trainer trains and goes on after an interruption")
