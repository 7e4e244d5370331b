"""Checkpoints that survive being interrupted while they are written."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from accelerate import Accelerator

PATTERN = re.compile(r"step-(\d+)")


def newest(output: Path) -> tuple[Path, int] | None:
    """The latest complete checkpoint and the number of steps it holds."""
    found = [(folder, int(match.group(1))) for folder in output.glob("step-*") if (match := PATTERN.fullmatch(folder.name))]
    return max(found, key=lambda entry: entry[1], default=None)


def save(accelerator: Accelerator, output: Path, steps: int, keep: int = 2) -> None:
    """Writes a checkpoint beside the others, gives it its name once it is whole, and removes old ones."""
    target = output / f"step-{steps}"
    if target.exists():
        return
    partial = output / "partial"
    if accelerator.is_main_process and partial.exists():
        shutil.rmtree(partial)
    accelerator.wait_for_everyone()
    accelerator.save_state(str(partial))
    accelerator.wait_for_everyone()
    if accelerator.is_main_process:
        partial.rename(target)
        kept = sorted(output.glob("step-*"), key=lambda folder: int(folder.name.removeprefix("step-")))
        for folder in kept[:-keep]:
            shutil.rmtree(folder)
    accelerator.wait_for_everyone()
