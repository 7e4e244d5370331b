"""One training run, from settings to a result file.

Made for machines that can be taken away: on SIGTERM the run finishes its step, saves a checkpoint and exits 143; started
again with the same output folder it goes on where it was.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from dataclasses import asdict
from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from torch.nn import functional
from torch.utils.data import DataLoader

from arr_trainer import checkpoints
from arr_trainer.data import open_dataset
from arr_trainer.heartbeat import beat
from arr_trainer.model import Classifier
from arr_trainer.settings import Settings, parse

EXIT_INTERRUPTED = 143


class Interruption:
    """Whether the machine has asked the run to stop."""

    def __init__(self) -> None:
        self.requested = False
        signal.signal(signal.SIGTERM, self._note)

    def _note(self, *_: object) -> None:
        self.requested = True

    def agreed(self, accelerator: Accelerator) -> bool:
        """Whether any process was asked, so that all of them stop after the same step."""
        asked = torch.tensor([float(self.requested)], device=accelerator.device)
        return bool(accelerator.reduce(asked, "sum").item() > 0)


def run(settings: Settings) -> dict[str, float | int | bool]:
    """Trains; returns the steps done, the last and the first loss of this process, and whether it was interrupted."""
    accelerator = Accelerator(mixed_precision=settings.mixed_precision, log_with=settings.tracker)
    set_seed(settings.seed)
    settings.output.mkdir(parents=True, exist_ok=True)
    heartbeat = Path(os.environ.get("ARR_HEARTBEAT", settings.output / "heartbeat"))
    interruption = Interruption()

    dataset, classes = open_dataset(settings.data, settings.image_size, settings.seed)
    loader = DataLoader(dataset, batch_size=settings.batch_size, shuffle=True, drop_last=True)
    model = Classifier(classes)
    optimiser = torch.optim.AdamW(model.parameters(), lr=settings.learning_rate)
    model, optimiser, loader = accelerator.prepare(model, optimiser, loader)
    if len(loader) == 0:
        raise SystemExit(f"arr-trainer: {len(dataset)} images do not fill one batch of {settings.batch_size}")

    steps = 0
    if resumed := checkpoints.newest(settings.output):
        folder, steps = resumed
        accelerator.load_state(str(folder))
        accelerator.print(f"going on from {folder.name}")
    if settings.tracker:
        accelerator.init_trackers("arr-trainer", config={k: str(v) for k, v in asdict(settings).items()})

    last_step = settings.epochs * len(loader)
    if settings.max_steps is not None:
        last_step = min(last_step, settings.max_steps)
    losses: list[float] = []
    model.train()
    while steps < last_step and not interruption.requested:
        # The batches of the epoch that were done before an interruption are left out.
        batches = accelerator.skip_first_batches(loader, steps % len(loader))
        for images, labels in batches:
            loss = functional.cross_entropy(model(images), labels)
            accelerator.backward(loss)
            optimiser.step()
            optimiser.zero_grad()
            steps += 1
            losses.append(loss.item())
            if accelerator.is_main_process:
                beat(heartbeat)
            accelerator.log({"loss": losses[-1]}, step=steps)
            if interruption.agreed(accelerator):
                interruption.requested = True
            if interruption.requested or steps >= last_step:
                break
            if steps % settings.checkpoint_every == 0:
                checkpoints.save(accelerator, settings.output, steps)
    checkpoints.save(accelerator, settings.output, steps)
    accelerator.end_training()

    result: dict[str, float | int | bool] = {"steps": steps, "interrupted": interruption.requested and steps < last_step}
    if losses:
        result |= {"first_loss": losses[0], "last_loss": losses[-1]}
    if accelerator.is_main_process:
        (settings.output / "result.json").write_text(json.dumps(result) + "\n", encoding="utf-8")
        print(json.dumps(result), flush=True)
    return result


def main() -> None:
    result = run(parse())
    sys.exit(EXIT_INTERRUPTED if result["interrupted"] else 0)


if __name__ == "__main__":
    main()
