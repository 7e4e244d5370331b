#!/usr/bin/env python3
"""Baseline against optimised engines on a synthetic ResNet-50: seconds, images a second, speed-up, agreement.

The baseline is eager fp32 PyTorch. The requested engine is TensorRT at --precision, or what --backend names; AMP and
AMP compiled by Inductor are measured beside it. A requested back end that fell back makes the check degraded, an output
outside its tolerance makes it fail.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

_FOLDER = Path(__file__).resolve().parent
sys.path += [str(_FOLDER.parent), str(_FOLDER.parents[1] / "shared" / "verify")]  # a checkout; images have both at hand

import contract  # noqa: E402
from image_engine import benchmark  # noqa: E402
from image_engine.engine import BACKENDS, Engine, build_engine  # noqa: E402
from image_engine.errors import UserError  # noqa: E402
from image_engine.model import synthetic_images, synthetic_resnet  # noqa: E402
from image_engine.precision import PRECISIONS, TOLERANCE, check_precision  # noqa: E402

if TYPE_CHECKING:
    import torch


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--backend", choices=BACKENDS, default="tensorrt", help="the engine asked for")
    parser.add_argument("--precision", choices=PRECISIONS, default="fp16")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--image-size", type=int, default=224)


def check(report: contract.Report, options: argparse.Namespace) -> None:
    report.requested = f"{options.backend} {options.precision}"
    if options.tier == "build":
        _check_rules(report)
        return
    torch = contract.require_gpu()
    model = synthetic_resnet("cuda")
    batch = synthetic_images(options.batch_size, options.image_size, "cuda", seed=1)
    reference = benchmark.reference_output(model, batch)
    calibration = [synthetic_images(options.batch_size, options.image_size, "cuda", seed=n) for n in range(2, 6)]
    report.facts.update(
        gpu=torch.cuda.get_device_name(), torch=torch.__version__, model="synthetic ResNet-50",
        batch_size=options.batch_size, image_size=options.image_size,
    )  # fmt: skip

    baseline = build_engine(model, batch, precision="fp32", backend="pytorch")
    baseline_seconds = _measure(report, "baseline", baseline, batch, reference, None)
    engine = build_engine(
        model, batch, precision=options.precision, backend=options.backend,
        calibration=calibration if options.precision == "int8" else None,
    )  # fmt: skip
    report.effective = engine.effective
    _measure(report, "optimised", engine, batch, reference, baseline_seconds)
    if engine.reason:
        report.degrade(f"{engine.requested} was asked for, {engine.effective} runs: {engine.reason}")
    for backend in ("amp", "amp-inductor"):
        if engine.effective != f"{backend} fp16":
            compared = build_engine(model, batch, precision="fp16", backend=backend)
            _measure(report, backend, compared, batch, reference, baseline_seconds)


def _check_rules(report: contract.Report) -> None:
    """What can be known without a GPU: int8 without calibration data is refused, every precision has a tolerance."""
    report.effective = "not measured: no GPU is used at build"
    report.facts["tolerance"] = dict(TOLERANCE)
    if set(TOLERANCE) != set(PRECISIONS):
        report.problem("a precision has no tolerance")
    try:
        check_precision("int8", None)
    except UserError:
        return
    report.problem("int8 without calibration data is not refused")


def _measure(
    report: contract.Report,
    name: str,
    engine: Engine,
    batch: torch.Tensor,
    reference: torch.Tensor,
    baseline_seconds: float | None,
) -> float:
    timing = benchmark.time_engine(engine.run, batch)
    agreement = benchmark.compare(engine, batch, reference)
    report.facts[name] = {
        "engine": engine.effective,
        "first_run_seconds": round(engine.first_run_seconds, 3),
        "seconds": round(timing.seconds, 6),
        "images_per_second": round(timing.images_per_second, 1),
        "speed_up": round(baseline_seconds / timing.seconds, 3) if baseline_seconds else 1.0,
        "relative_error": agreement.relative_error,
        "tolerance": agreement.tolerance,
        "same_top_class": agreement.same_top_class,
    }
    if not agreement.agrees:
        report.problem(
            f"{name} ({engine.effective}): relative error {agreement.relative_error:.2e}, "
            f"allowed {agreement.tolerance:.0e}"
        )
    return timing.seconds


if __name__ == "__main__":
    contract.main("vision-trt-benchmark", check, __doc__, add_options)
