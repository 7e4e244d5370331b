#!/usr/bin/env python3
"""Does this environment's CUDA go with torch and the driver? Exit 70 with a message where it does not."""

from __future__ import annotations

import ctypes
import sys

CUDA = (12, 4)
FULL_DRIVER = "550.54.15"
"""Oldest driver that supports all of CUDA 12.4.1; from 525.60.13 on it runs by minor-version compatibility."""
EXIT_MISMATCH = 70


def driver_cuda() -> tuple[int, int] | None:
    """The newest CUDA version that the driver supports; None where there is no driver."""
    try:
        library = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return None
    version = ctypes.c_int()
    if library.cuDriverGetVersion(ctypes.byref(version)) != 0:
        return None
    return version.value // 1000, version.value % 1000 // 10


def torch_cuda() -> tuple[int, int] | None:
    """The CUDA version that torch was built with; None where it was built without. Raises ImportError without torch."""
    import torch

    if torch.version.cuda is None:
        return None
    major, minor = torch.version.cuda.split(".")[:2]
    return int(major), int(minor)


def judge(torch: tuple[int, int] | None, driver: tuple[int, int] | None) -> tuple[str | None, str | None]:
    """What is wrong, and what to warn of; each None where there is nothing."""
    if torch != CUDA:
        return f"CUDA runtime mismatch: torch is built for CUDA {_text(torch)}, this image for {_text(CUDA)}", None
    if driver is None:
        return None, "no NVIDIA driver is visible: only the CPU will work. Start the container with --gpus all"
    if driver[0] < CUDA[0]:
        return (
            f"CUDA runtime mismatch: the driver supports CUDA up to {_text(driver)}, this image needs {_text(CUDA)}. "
            f"Install driver {FULL_DRIVER} or newer on the host (nvidia-smi shows the one there is)"
        ), None
    if driver < CUDA:
        return None, (
            f"the driver supports CUDA up to {_text(driver)}: {_text(CUDA)} runs on it by minor-version compatibility, "
            f"without the newest features; driver {FULL_DRIVER} has all of it"
        )
    return None, None


def main() -> int:
    try:
        torch = torch_cuda()
    except ImportError as error:
        print(f"ERROR: torch cannot be imported: {error}", file=sys.stderr)
        return EXIT_MISMATCH
    problem, warning = judge(torch, driver_cuda())
    if problem:
        print(f"ERROR: {problem}", file=sys.stderr)
        return EXIT_MISMATCH
    if warning:
        print(f"WARNING: {warning}", file=sys.stderr)
    return 0


def _text(version: tuple[int, int] | None) -> str:
    return "none" if version is None else f"{version[0]}.{version[1]}"


if __name__ == "__main__":
    sys.exit(main())
