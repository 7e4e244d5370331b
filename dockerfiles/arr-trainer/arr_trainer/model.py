"""The model: a small residual network for square images."""

from __future__ import annotations

import torch
from torch import nn


class Residual(nn.Module):
    """Two convolutions and a shortcut, at half the resolution and twice the channels. [n, c, s, s] -> [n, 2c, s/2, s/2]"""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, 2 * channels, 3, stride=2, padding=1, bias=False),
            nn.GroupNorm(8, 2 * channels),
            nn.ReLU(),
            nn.Conv2d(2 * channels, 2 * channels, 3, padding=1, bias=False),
            nn.GroupNorm(8, 2 * channels),
        )
        self.shortcut = nn.Conv2d(channels, 2 * channels, 1, stride=2, bias=False)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.body(images) + self.shortcut(images))


class Classifier(nn.Module):
    """Images [n, 3, side, side] in 0..1 to class scores [n, classes]. GroupNorm, so that it learns at batch size 1."""

    def __init__(self, classes: int, width: int = 16) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, width, 3, padding=1), nn.ReLU(), Residual(width), Residual(2 * width), Residual(4 * width)
        )
        self.head = nn.Linear(8 * width, classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(self.features(images).mean(dim=(2, 3)))
