#!/usr/bin/env python3
"""Are TensorRT, Torch-TensorRT and Image Engine there, importable, and in versions that belong together?"""

from __future__ import annotations

import argparse
import importlib.metadata
import sys
from pathlib import Path

_FOLDER = Path(__file__).resolve().parent
sys.path += [str(_FOLDER.parent), str(_FOLDER.parents[1] / "shared" / "verify")]  # a checkout; images have both at hand

import contract  # noqa: E402

EXPECTED = {"torch": "2.6.0", "torch-tensorrt": "2.6.1", "tensorrt": "10.7.0.post1", "nvidia-ml-py": None}
"""Distributions and, where a version was pinned, that version."""
MODULES = ("torch", "tensorrt", "torch_tensorrt", "pynvml", "yaml", "image_engine.engine")

DRIVER = "libcuda.so.1"
"""The container runtime mounts it where there is a GPU; a build machine has none."""


def check(report: contract.Report, options: argparse.Namespace) -> None:
    for name, expected in EXPECTED.items():
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            report.problem(f"{name} is not installed")
            continue
        report.facts[name] = version
        if expected is not None and version.partition("+")[0] != expected:
            report.problem(f"{name} is {version}, {expected} was pinned")
    for module in MODULES:
        try:
            contract.require_module(module)
        except contract.Failed as reason:
            if options.tier == "build" and DRIVER in str(reason):
                report.facts[module] = f"not imported: {DRIVER} comes with the GPU's driver"
            else:
                report.problem(str(reason))
    if options.tier == "gpu":
        torch = contract.require_gpu()
        report.facts["gpu"] = torch.cuda.get_device_name()


if __name__ == "__main__":
    contract.main("vision-trt-imports", check, __doc__)
