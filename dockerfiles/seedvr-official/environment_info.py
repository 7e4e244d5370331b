#!/usr/bin/env python3
"""Prints what flash-attention depends on: interpreter, torch, CUDA, GPU. Runs at build and at start.

Every field is found by itself: one that cannot be found says why, and the others are there all the same. So a broken
image reports what is broken.
"""

from __future__ import annotations

import importlib
import platform
import sys
from collections.abc import Callable

BEGIN = "--- ENVIRONMENT INFO (for flash-attention compatibility) ---"
END = "--- END ENVIRONMENT INFO ---"
UNAVAILABLE = "unavailable"


def _torch() -> object:
    return importlib.import_module("torch")


FIELDS: dict[str, Callable[[], object]] = {
    "Python version": platform.python_version,
    "PyTorch version": lambda: _torch().__version__,
    "CUDA version": lambda: _torch().version.cuda or "none: this torch is built without CUDA",
    "CUDA available": lambda: _torch().cuda.is_available(),
    "GPU device": lambda: _torch().cuda.get_device_name(0),
    "CUDA capability": lambda: _torch().cuda.get_device_capability(0),
    "Flash-attention version": lambda: importlib.import_module("flash_attn").__version__,
}


def collect() -> dict[str, str]:
    """Every field by its name; what could not be found begins with "unavailable"."""
    return {name: _value(find) for name, find in FIELDS.items()}


def report(fields: dict[str, str]) -> str:
    """The fields between their delimiters, one a line."""
    return "\n".join([BEGIN, *(f"{name}: {value}" for name, value in fields.items()), END])


def warning(fields: dict[str, str]) -> str | None:
    """What a user should know before starting; None where a GPU is there."""
    if fields["CUDA available"] == "True":
        return None
    return (
        "no GPU is visible, so flash-attention cannot run. Start the container with --gpus all on a machine with an "
        "NVIDIA driver that supports CUDA 12.6 (560.28 or newer)."
    )


def _value(find: Callable[[], object]) -> str:
    try:
        return str(find())
    except Exception as error:  # whatever is broken is what this report is for
        text = str(error).strip().splitlines()
        return f"{UNAVAILABLE} ({type(error).__name__}{': ' + text[0] if text else ''})"


def main() -> None:
    fields = collect()
    print(report(fields), flush=True)
    if text := warning(fields):
        print(f"WARNING: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
