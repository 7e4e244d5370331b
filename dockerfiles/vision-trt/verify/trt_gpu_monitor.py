#!/usr/bin/env python3
"""The GPU monitor on a real GPU: does it see the work of an engine that runs for some seconds?"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

_FOLDER = Path(__file__).resolve().parent
sys.path += [str(_FOLDER.parent), str(_FOLDER.parents[1] / "shared" / "verify")]  # a checkout; images have both at hand

import contract  # noqa: E402
from image_engine.engine import build_engine, run_batches  # noqa: E402
from image_engine.gpu_monitor import GpuMonitor  # noqa: E402
from image_engine.model import synthetic_images, synthetic_resnet  # noqa: E402

if TYPE_CHECKING:
    import torch


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--batch-size", type=int, default=64)


def check(report: contract.Report, options: argparse.Namespace) -> None:
    if options.tier == "build":
        contract.require_module("pynvml")
        return
    torch = contract.require_gpu()
    contract.require_module("pynvml")
    batch = synthetic_images(options.batch_size, 224, "cuda", seed=1)
    engine = build_engine(synthetic_resnet("cuda"), batch, precision="fp16", backend="amp")
    with GpuMonitor() as monitor:
        run_batches(engine, _for_seconds(batch, options.seconds), clear_cache_frequency=10, on_batch=monitor.count)
    stats = monitor.stats()
    print(stats.as_text())
    report.effective = engine.effective
    report.facts.update(
        gpu=torch.cuda.get_device_name(), **dataclasses.asdict(stats), images_per_second=stats.images_per_second
    )
    if stats.samples < options.seconds * 5:
        report.problem(f"{stats.samples} samples in {stats.seconds:.1f} s: the monitor was starved")
    if stats.utilization_peak < 10:
        report.problem(
            f"utilisation peaked at {stats.utilization_peak:.0f} % while an engine ran: is it the right GPU?"
        )
    if stats.memory_peak_gb <= 0 or stats.images_per_second <= 0:
        report.problem("no memory in use or no images counted while an engine ran")


def _for_seconds(batch: torch.Tensor, seconds: float) -> Iterator[torch.Tensor]:
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        yield batch


if __name__ == "__main__":
    contract.main("vision-trt-gpu-monitor", check, __doc__, add_options)
