"""A ResNet-50 without weights to download, so that benchmarks run anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

STAGES = ((64, 3), (128, 4), (256, 6), (512, 3))
"""Width and number of bottleneck blocks of each stage of ResNet-50."""
CLASSES = 1000


def synthetic_resnet(device: str, seed: int = 0) -> torch.nn.Module:
    """A ResNet-50 with PyTorch's default random weights, in eval mode, fp32, on `device`.

    Its residual branches are small against their shortcuts, as in a trained network. Were they of the same scale (batch
    norms set from data), each block would amplify the rounding of the one before: fp16 would be off by 2.5 % instead of
    0.05 % (simulated), which says something about random networks and nothing about fp16.
    """
    import torch
    from torch import nn

    class Bottleneck(nn.Module):
        """1x1, 3x3 and 1x1 convolutions around a shortcut; the last one widens by 4."""

        def __init__(self, inputs: int, width: int, stride: int) -> None:
            super().__init__()
            outputs = 4 * width
            self.body = nn.Sequential(
                nn.Conv2d(inputs, width, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True),
                nn.Conv2d(width, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True),
                nn.Conv2d(width, outputs, 1, bias=False), nn.BatchNorm2d(outputs),
            )  # fmt: skip
            self.shortcut = nn.Identity() if stride == 1 and inputs == outputs else nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )  # fmt: skip

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.relu(self.body(x) + self.shortcut(x))

    torch.manual_seed(seed)
    layers: list[nn.Module] = [
        nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)
    ]  # fmt: skip
    inputs = 64
    for stage, (width, blocks) in enumerate(STAGES):
        for block in range(blocks):
            layers.append(Bottleneck(inputs, width, stride=2 if stage > 0 and block == 0 else 1))
            inputs = 4 * width
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, CLASSES, bias=False)]
    return nn.Sequential(*layers).to(device).eval()


def synthetic_images(count: int, size: int, device: str, seed: int) -> torch.Tensor:
    """`count` random images of size x size pixels, normalised as a vision model's input is: (count, 3, size, size)."""
    import torch

    generator = torch.Generator(device=device).manual_seed(seed)
    return torch.randn(count, 3, size, size, device=device, generator=generator)
