"""Images to train on: a folder per class, or generated ones where no data is at hand."""

from __future__ import annotations

from pathlib import Path

import torch
from torch.utils.data import Dataset
from torchvision import transforms
from torchvision.datasets import ImageFolder

GENERATED_CLASSES = 4
GENERATED_IMAGES = 512


class GeneratedImages(Dataset):
    """Stripes at one of four angles, in noise: learnable within a few steps, the same on every machine.

    Item: (image float32 [3, side, side] in 0..1, class int).
    """

    def __init__(self, side: int, seed: int) -> None:
        self.side = side
        self.seed = seed

    def __len__(self) -> int:
        return GENERATED_IMAGES

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        label = index % GENERATED_CLASSES
        generator = torch.Generator().manual_seed(self.seed * GENERATED_IMAGES + index)
        angle = torch.tensor(torch.pi * label / GENERATED_CLASSES)
        axis = torch.linspace(0, 4 * torch.pi, self.side)
        rows, columns = torch.meshgrid(axis, axis, indexing="ij")
        phase = torch.rand(1, generator=generator) * 2 * torch.pi
        stripes = torch.sin(columns * torch.cos(angle) + rows * torch.sin(angle) + phase) / 2 + 0.5
        noise = torch.rand(3, self.side, self.side, generator=generator) * 0.3
        return (stripes * 0.7 + noise).clamp(0, 1), label


def open_dataset(folder: Path | None, side: int, seed: int) -> tuple[Dataset, int]:
    """The dataset of a folder, or the generated one, and its number of classes."""
    if folder is None:
        return GeneratedImages(side, seed), GENERATED_CLASSES
    prepare = transforms.Compose([transforms.Resize(side), transforms.CenterCrop(side), transforms.ToTensor()])
    images = ImageFolder(str(folder), transform=prepare)
    return images, len(images.classes)
