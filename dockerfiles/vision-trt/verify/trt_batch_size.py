#!/usr/bin/env python3
"""The batch-size finder on a real GPU, under a memory cap if asked: time and peak memory of each size, stop at OOM."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path

_FOLDER = Path(__file__).resolve().parent
sys.path += [str(_FOLDER.parent), str(_FOLDER.parents[1] / "shared" / "verify")]  # a checkout; images have both at hand

import contract  # noqa: E402
from image_engine import batch_size as batch_sizes  # noqa: E402
from image_engine.engine import BACKENDS, build_engine  # noqa: E402
from image_engine.model import synthetic_images, synthetic_resnet  # noqa: E402


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--backend", choices=BACKENDS, default="amp")
    parser.add_argument("--precision", choices=("fp16", "fp32"), default="fp16")
    parser.add_argument("--image-size", type=int, default=224)
    parser.add_argument("--memory-cap-gb", type=float, help="emulate a card with this much memory, such as 11")
    parser.add_argument(
        "--batch-sizes",
        type=lambda text: [int(part) for part in text.split(",")],
        default=list(batch_sizes.BATCH_SIZES),
    )
    parser.add_argument("--expect-oom", action="store_true", help="fail unless a batch size did not fit")


def check(report: contract.Report, options: argparse.Namespace) -> None:
    if options.tier == "build":
        raise contract.Skip("finding a batch size needs a GPU: --tier gpu")
    torch = contract.require_gpu()
    if options.memory_cap_gb:
        batch_sizes.cap_memory(options.memory_cap_gb)
    model = synthetic_resnet("cuda")
    effective: set[str] = set()

    def prepare(batch_size: int) -> Callable[[], object]:
        batch = synthetic_images(batch_size, options.image_size, "cuda", seed=1)
        engine = build_engine(model, batch, precision=options.precision, backend=options.backend)
        effective.add(engine.effective)
        return lambda: engine.run(batch)

    trials = batch_sizes.try_batch_sizes(prepare, options.batch_sizes)
    best = batch_sizes.best_trial(trials)
    report.requested = f"{options.backend} {options.precision}"
    report.effective = ", ".join(sorted(effective))
    report.facts.update(
        gpu=torch.cuda.get_device_name(), torch=torch.__version__, image_size=options.image_size,
        memory_cap_gb=options.memory_cap_gb, trials=[dataclasses.asdict(trial) for trial in trials],
        best_batch_size=best.batch_size if best else None,
    )  # fmt: skip
    if best is None:
        report.problem(f"not even {options.batch_sizes[0]} images fit")
    if options.expect_oom and all(trial.fits for trial in trials):
        report.problem("every batch size fits, running out of memory was expected")
    for trial in trials:
        if options.memory_cap_gb and trial.peak_gb is not None and trial.peak_gb > options.memory_cap_gb:
            report.problem(f"batch {trial.batch_size} used {trial.peak_gb:.2f} GB, over the cap")


if __name__ == "__main__":
    contract.main("vision-trt-batch-size", check, __doc__, add_options)
