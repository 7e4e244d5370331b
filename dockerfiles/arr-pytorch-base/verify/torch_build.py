#!/usr/bin/env python3
"""The torch, torchvision and torchaudio of this image are the ones that it was built with, and are whole.

Versions are compared with /opt/image/constraints.txt, so the same check tells a child image that a package of its own
has replaced one of them.
"""

from __future__ import annotations

import argparse
import re
import sys
from importlib import metadata
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "shared" / "verify"))  # a checkout; images have it beside
import contract


def read_constraints(text: str) -> dict[str, str]:
    """The `name==version` lines of a constraints file."""
    return dict(re.findall(r"^([A-Za-z0-9_.-]+)==(\S+)\s*$", text, flags=re.MULTILINE))


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--constraints", type=Path, default=Path("/opt/image/constraints.txt"))


def check_versions(report: contract.Report, wanted: dict[str, str]) -> None:
    """Every package of the constraints is installed in exactly that version."""
    installed: dict[str, contract.Json] = {}
    for name, version in wanted.items():
        try:
            installed[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            installed[name] = None
        if installed[name] != version:
            report.problem(f"{name} is {installed[name] or 'not installed'}, expected {version}")
    report.requested, report.effective = dict(wanted), installed


def check_torch(report: contract.Report, torch) -> None:
    """What this image promises of torch beside its version."""
    if not torch.version.cuda:
        report.problem("torch is built without CUDA")
    if not torch.distributed.is_available():
        report.problem("torch is built without torch.distributed")
    elif not torch.distributed.is_nccl_available():
        report.problem("torch is built without NCCL")
    if not torch.backends.cudnn.is_available() and torch.cuda.is_available():
        report.problem("torch finds no cuDNN")
    if not torch.__config__.show().count("LAPACK"):
        report.problem("torch is built without LAPACK")
    report.facts["torch.linalg"] = "works"
    if not torch.allclose(torch.linalg.inv(torch.eye(3) * 2), torch.eye(3) / 2):
        report.facts["torch.linalg"] = "wrong result"
        report.problem("torch.linalg.inv computes the wrong thing on the processor")


def check_extensions(report: contract.Report, torch) -> None:
    """torchvision and torchaudio carry their compiled parts, those for CUDA included."""
    torchvision = contract.require_module("torchvision")
    if torch.version.cuda and not torchvision.version.cuda:
        report.problem("torchvision is built for the processor alone (FORCE_CUDA was not set)")
    boxes = torch.tensor([[0.0, 0.0, 10.0, 10.0], [0.0, 0.0, 10.0, 9.9], [20.0, 20.0, 30.0, 30.0]])
    kept = torchvision.ops.nms(boxes, torch.tensor([0.9, 0.8, 0.7]), 0.5).tolist()
    if kept != [0, 2]:
        report.problem(f"torchvision.ops.nms keeps {kept}, expected [0, 2]")
    image = torch.arange(3 * 8 * 8, dtype=torch.uint8).reshape(3, 8, 8)
    for name in ("png", "jpeg"):
        encode = getattr(torchvision.io, f"encode_{name}")
        if torchvision.io.decode_image(encode(image)).shape != image.shape:
            report.problem(f"torchvision does not decode the {name} that it encoded")
    report.facts["torchvision CUDA"] = str(torchvision.version.cuda)

    torchaudio = contract.require_module("torchaudio")
    tone = torch.sin(torch.linspace(0, 100, 1600))
    report.facts["torchaudio resamples 1600 samples to"] = torchaudio.functional.resample(tone, 16000, 8000).numel()


def body(report: contract.Report, options: argparse.Namespace) -> None:
    check_versions(report, read_constraints(options.constraints.read_text(encoding="utf-8")))
    torch = contract.require_gpu() if options.tier == "gpu" else contract.require_module("torch")
    check_torch(report, torch)
    check_extensions(report, torch)


if __name__ == "__main__":
    contract.main("torch-build", body, "torch, torchvision and torchaudio are the built ones and whole", add_options)
