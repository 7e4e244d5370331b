"""Measures engines against the baseline: speed, and whether they still compute the same."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .engine import Engine
from .precision import TOLERANCE

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Timing:
    """Steady state of one engine on one batch."""

    seconds: float
    """Median time of one batch."""
    images_per_second: float


@dataclass(frozen=True)
class Agreement:
    """How far an output is from the fp32 reference."""

    relative_error: float
    """L2 norm of the difference over L2 norm of the reference; not a number where the output is not."""
    same_top_class: float
    """Share of images whose highest class is the same."""
    tolerance: float

    @property
    def agrees(self) -> bool:
        return self.relative_error <= self.tolerance


def time_engine(run: Callable[[torch.Tensor], torch.Tensor], batch: torch.Tensor, *, seconds: float = 1.0) -> Timing:
    """Times batches for about `seconds`, at least 10 of them, each one synchronised. The engine has run before."""
    import torch

    for _ in range(3):
        run(batch)
    torch.cuda.synchronize()
    times: list[float] = []
    end = time.perf_counter() + seconds
    while len(times) < 10 or time.perf_counter() < end:
        start = time.perf_counter()
        run(batch)
        torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    median = statistics.median(times)
    return Timing(seconds=median, images_per_second=batch.shape[0] / median)


def reference_output(model: torch.nn.Module, batch: torch.Tensor) -> torch.Tensor:
    """The model's output in true fp32: PyTorch's default lets convolutions round to TF32."""
    import torch

    with torch.inference_mode(), _without_tf32():
        return model(batch)


def compare(engine: Engine, batch: torch.Tensor, reference: torch.Tensor) -> Agreement:
    """How close an engine's output is to the reference, against the tolerance of its precision."""
    import torch

    output = engine.run(batch).float()
    error = torch.linalg.vector_norm(output - reference) / torch.linalg.vector_norm(reference)
    same = (output.argmax(1) == reference.argmax(1)).float().mean()
    return Agreement(relative_error=float(error), same_top_class=float(same), tolerance=TOLERANCE[engine.precision])


@contextmanager
def _without_tf32() -> Iterator[None]:
    import torch

    before = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = before
