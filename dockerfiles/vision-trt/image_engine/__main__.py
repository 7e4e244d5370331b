"""The command `image-engine` (also `python3 -m image_engine`): settings, benchmark, batch size, a monitored run.

All of it runs on a synthetic ResNet-50, so that a machine can be judged before any model or image is on it.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path

from . import batch_size as batch_sizes
from . import benchmark
from .engine import Engine, build_engine, run_batches
from .errors import UserError
from .gpu_monitor import GpuMonitor
from .model import synthetic_images, synthetic_resnet
from .settings import Settings, load_settings


def main(argv: list[str] | None = None) -> int:
    """Runs the command; returns its exit code: 0, or 1 for a mistake of the user's."""
    parser = argparse.ArgumentParser(prog="image-engine", description=__doc__)
    parser.add_argument(
        "--config", type=Path, help="settings file; otherwise IMAGE_ENGINE_CONFIG, otherwise the default"
    )
    parser.add_argument("--use-tensorrt", metavar="true|false", help="over IMAGE_ENGINE_USE_TENSORRT and the file")
    parser.add_argument("--precision", help="fp16, fp32 or int8; over the file")
    parser.add_argument("--batch-size", type=int, help="over the file")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("settings", help="show what applies, and from which file")
    commands.add_parser("benchmark", help="baseline against the engine that the settings ask for")
    commands.add_parser("find-batch-size", help=f"try batches of {batch_sizes.BATCH_SIZES} images")
    run = commands.add_parser("run", help="run synthetic images through the engine and watch the GPU")
    run.add_argument("--images", type=int, default=1024)
    options = parser.parse_args(argv)
    try:
        settings = load_settings(
            os.environ,
            config=options.config,
            use_tensorrt=options.use_tensorrt,
            precision=options.precision,
            batch_size=options.batch_size,
        )
        logging.basicConfig(level=settings.log_level, format="%(levelname)s %(name)s: %(message)s")
        if options.command == "settings":
            print(json.dumps(dataclasses.asdict(settings), indent=2))
        elif options.command == "benchmark":
            _benchmark(settings)
        elif options.command == "find-batch-size":
            _find_batch_size(settings)
        else:
            _run(settings, options.images)
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _engine(settings: Settings, batch_size: int) -> Engine:
    model = synthetic_resnet("cuda")
    example = synthetic_images(batch_size, 224, "cuda", seed=1)
    calibration = [synthetic_images(batch_size, 224, "cuda", seed=seed) for seed in range(2, 6)]
    return build_engine(
        model,
        example,
        precision=settings.precision,
        backend=_backend(settings),
        calibration=calibration if settings.precision == "int8" else None,
    )


def _backend(settings: Settings) -> str:
    if settings.use_tensorrt:
        return "tensorrt"
    return "pytorch" if settings.precision == "fp32" else "amp"


def _benchmark(settings: Settings) -> None:
    model = synthetic_resnet("cuda")
    batch = synthetic_images(settings.batch_size, 224, "cuda", seed=1)
    baseline = build_engine(model, batch, precision="fp32", backend="pytorch")
    engine = _engine(settings, settings.batch_size)
    slow, fast = benchmark.time_engine(baseline.run, batch), benchmark.time_engine(engine.run, batch)
    agreement = benchmark.compare(engine, batch, benchmark.reference_output(model, batch))
    print(f"=== Baseline ({baseline.effective}) ===")
    print(f"Time: {slow.seconds:.4f}s ({slow.images_per_second:.1f} img/sec)")
    print(f"=== Optimized ({engine.effective}; requested {engine.requested}) ===")
    if engine.reason:
        print(f"Fell back: {engine.reason}")
    print(f"First run: {engine.first_run_seconds:.1f}s")
    print(f"Time: {fast.seconds:.4f}s ({fast.images_per_second:.1f} img/sec)")
    print(f"=== Speedup: {slow.seconds / fast.seconds:.2f}x ===")
    verdict = "within" if agreement.agrees else "OUTSIDE"
    print(f"Relative error: {agreement.relative_error:.2e}, {verdict} {agreement.tolerance:.0e}")


def _find_batch_size(settings: Settings) -> None:
    def prepare(batch_size: int) -> Callable[[], object]:
        engine = _engine(settings, batch_size)
        batch = synthetic_images(batch_size, 224, "cuda", seed=1)
        return lambda: engine.run(batch)

    trials = batch_sizes.try_batch_sizes(prepare)
    for trial in trials:
        line = (
            f"{trial.seconds:.4f}s, {trial.images_per_second:.1f} img/sec, {trial.peak_gb:.2f}GB"
            if trial.fits
            else "OOM"
        )
        print(f"Batch {trial.batch_size}: {line}")
    best = batch_sizes.best_trial(trials)
    print(f"Best: {best.batch_size}" if best else "No batch size fits")


def _run(settings: Settings, images: int) -> None:
    engine = _engine(settings, settings.batch_size)
    batch = synthetic_images(settings.batch_size, 224, "cuda", seed=1)
    batches = (batch for _ in range(-(-images // settings.batch_size)))
    with GpuMonitor() as monitor:
        run_batches(engine, batches, clear_cache_frequency=settings.clear_cache_frequency, on_batch=monitor.count)
    print(monitor.stats().as_text())


if __name__ == "__main__":
    sys.exit(main())
