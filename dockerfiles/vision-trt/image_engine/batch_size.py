"""Finds the batch size that gets the most images a second through a GPU's memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass

BATCH_SIZES = (8, 12, 16, 20, 24)


@dataclass(frozen=True)
class BatchTrial:
    """One batch size tried."""

    batch_size: int
    fits: bool
    seconds: float | None
    """Mean time of one batch in steady state; None where it does not fit."""
    images_per_second: float | None
    peak_gb: float | None
    """Most GPU memory that PyTorch had allocated, in 10^9 bytes; None where it does not fit."""


def try_batch_sizes(
    prepare: Callable[[int], Callable[[], object]],
    batch_sizes: Sequence[int] = BATCH_SIZES,
    *,
    repeats: int = 5,
) -> list[BatchTrial]:
    """Tries batch sizes in the given order and stops at the first that does not fit.

    `prepare(batch_size)` returns what runs one batch. Only running out of GPU memory means "does not fit"; any other
    error is raised. Every trial starts from an emptied cache and a reset peak, so that none is charged for the one
    before it.
    """
    import torch

    trials: list[BatchTrial] = []
    for batch_size in batch_sizes:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        try:
            seconds = _seconds_per_batch(prepare(batch_size), repeats)
        except torch.cuda.OutOfMemoryError:
            trials.append(BatchTrial(batch_size, fits=False, seconds=None, images_per_second=None, peak_gb=None))
            break
        trials.append(
            BatchTrial(
                batch_size,
                fits=True,
                seconds=seconds,
                images_per_second=batch_size / seconds,
                peak_gb=torch.cuda.max_memory_allocated() / 1e9,
            )
        )
    # After the loop, not in the handler: while the exception lives, its frames hold the tensors of the failed batch.
    torch.cuda.empty_cache()
    return trials


def best_trial(trials: Sequence[BatchTrial]) -> BatchTrial | None:
    """The trial with the most images a second; None where none fits."""
    return max(
        (trial for trial in trials if trial.fits), key=lambda trial: trial.images_per_second or 0.0, default=None
    )


def cap_memory(cap_gb: float) -> None:
    """Lets this process use `cap_gb` (10^9 bytes) of the GPU's memory: what a smaller card would have."""
    import torch

    total = torch.cuda.get_device_properties(torch.cuda.current_device()).total_memory
    torch.cuda.set_per_process_memory_fraction(min(1.0, cap_gb * 1e9 / total))


def _seconds_per_batch(run: Callable[[], object], repeats: int) -> float:
    import torch

    run()  # the first one allocates and autotunes
    torch.cuda.synchronize()
    start = time.perf_counter()
    for _ in range(repeats):
        run()
    torch.cuda.synchronize()
    return (time.perf_counter() - start) / repeats
