#!/usr/bin/env python3
"""What is in this environment: versions, libraries and, at the GPU tier, the card.

A report, not a judgement: it fails only where torch cannot be imported. Every field is looked up by itself, so that one
that cannot be answered does not hide the others.
"""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "shared" / "verify"))  # a checkout; images have it beside
import contract


def lookup(report: contract.Report, name: str, ask: Callable[[], contract.Json]) -> None:
    """Records a fact, or that and why it could not be had."""
    try:
        report.facts[name] = ask()
    except Exception as error:
        report.facts[name] = f"not known: {type(error).__name__}: {error}"


def nccl_version(torch) -> str:
    return ".".join(map(str, torch.cuda.nccl.version()))


def body(report: contract.Report, options: argparse.Namespace) -> None:
    torch = contract.require_gpu() if options.tier == "gpu" else contract.require_module("torch")
    lookup(report, "Python", platform.python_version)
    lookup(report, "interpreter", lambda: sys.executable)
    lookup(report, "system", lambda: platform.freedesktop_os_release()["PRETTY_NAME"])
    lookup(report, "PyTorch", lambda: torch.__version__)
    lookup(report, "PyTorch commit", lambda: torch.version.git_version)
    for package in ("torchvision", "torchaudio", "triton", "numpy"):
        lookup(report, package, lambda package=package: metadata.version(package))
    lookup(report, "CUDA", lambda: torch.version.cuda)
    lookup(report, "compiled for", torch._C._cuda_getArchFlags)
    lookup(report, "cuDNN", torch.backends.cudnn.version)
    lookup(report, "NCCL", lambda: nccl_version(torch))
    lookup(report, "distributed", torch.distributed.is_available)
    lookup(report, "C++11 ABI", torch.compiled_with_cxx11_abi)
    lookup(report, "GPU available", torch.cuda.is_available)
    if options.tier == "gpu":
        lookup(report, "GPU", torch.cuda.get_device_name)
        lookup(report, "capability", lambda: ".".join(map(str, torch.cuda.get_device_capability())))
        lookup(report, "GPU memory in GB", lambda: round(torch.cuda.get_device_properties(0).total_memory / 1e9, 1))


if __name__ == "__main__":
    contract.main("environment", body, "reports what is in this environment")
