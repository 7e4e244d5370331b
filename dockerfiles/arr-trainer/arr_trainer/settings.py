"""What a training run is told: one dataclass, its command line, and its checks."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """One training run."""

    output: Path
    """Folder of checkpoints, the heartbeat and the result; a run that finds a checkpoint there goes on from it."""
    data: Path | None = None
    """Folder with one sub-folder of images per class; None trains on generated images."""
    image_size: int = 64
    """Side of the square images in pixels."""
    epochs: int = 1
    batch_size: int = 32
    """Images per process and step."""
    learning_rate: float = 3e-4
    max_steps: int | None = None
    """Ends the run after so many optimiser steps, counted from the very first."""
    checkpoint_every: int = 200
    """Steps between checkpoints."""
    seed: int = 0
    mixed_precision: str = "no"
    """no, fp16 or bf16."""
    tracker: str | None = None
    """None, or wandb: metrics then go to Weights & Biases under the run that the environment names."""


def parse(argv: Sequence[str] | None = None) -> Settings:
    """Settings from a command line; ends the program with a message where one is not allowed."""
    parser = argparse.ArgumentParser(prog="arr-trainer", description=__doc__)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--image-size", type=_at_least(8), default=Settings.image_size)
    parser.add_argument("--epochs", type=_at_least(1), default=Settings.epochs)
    parser.add_argument("--batch-size", type=_at_least(1), default=Settings.batch_size)
    parser.add_argument("--learning-rate", type=float, default=Settings.learning_rate)
    parser.add_argument("--max-steps", type=_at_least(1))
    parser.add_argument("--checkpoint-every", type=_at_least(1), default=Settings.checkpoint_every)
    parser.add_argument("--seed", type=int, default=Settings.seed)
    parser.add_argument("--mixed-precision", choices=["no", "fp16", "bf16"], default=Settings.mixed_precision)
    parser.add_argument("--tracker", choices=["wandb"])
    settings = Settings(**vars(parser.parse_args(argv)))
    if settings.data is not None and not settings.data.is_dir():
        parser.error(f"--data: {settings.data} is not a folder; expected one sub-folder of images per class in it")
    if not settings.learning_rate > 0:
        parser.error(f"--learning-rate: {settings.learning_rate} is not above 0")
    return settings


def _at_least(lowest: int):
    def whole_number(text: str) -> int:
        value = int(text)
        if value < lowest:
            raise argparse.ArgumentTypeError(f"{value} is below {lowest}")
        return value

    return whole_number
