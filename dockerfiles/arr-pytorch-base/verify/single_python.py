#!/usr/bin/env python3
"""One Python, of the expected version, and no conda.

Two interpreters, or a conda beside the system's Python, are how packages end up where the program that needs them does
not look.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "shared" / "verify"))  # a checkout; images have it beside
import contract

PROGRAM_FOLDERS = ("usr/bin", "usr/local/bin", "bin", "opt/*/bin", "opt/*/*/bin", "root/*/bin", "home/*/*/bin")
CONDA_FOLDERS = ("opt/*conda*", "opt/*forge*", "opt/mamba*", "root/*conda*", "root/*forge*", "home/*/*conda*", "usr/local/*conda*")


def interpreters(root: Path) -> set[Path]:
    """The distinct Python interpreters under `root`, symlinks resolved, so that a virtual environment adds none."""
    found: set[Path] = set()
    for folder in PROGRAM_FOLDERS:
        for program in root.glob(f"{folder}/python*"):
            if re.fullmatch(r"python\d*(\.\d+)?", program.name) and program.is_file() and os.access(program, os.X_OK):
                found.add(program.resolve())
    return found


def conda_traces(root: Path) -> set[Path]:
    """Folders and programs under `root` that only a conda installation has."""
    traces = {path for pattern in CONDA_FOLDERS for path in root.glob(pattern)}
    for folder in PROGRAM_FOLDERS:
        traces |= {path for name in ("conda", "mamba", "micromamba") for path in root.glob(f"{folder}/{name}")}
    return traces


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--python", default="3.10", help="the version that there shall be, default 3.10")
    parser.add_argument("--root", type=Path, default=Path("/"), help="the file system to look at, default /")


def body(report: contract.Report, options: argparse.Namespace) -> None:
    found = sorted(map(str, interpreters(options.root)))
    report.requested = f"one Python {options.python}, no conda"
    report.effective = found
    if len(found) != 1:
        report.problem(f"expected one Python interpreter, found {len(found)}: {', '.join(found) or 'none'}")
    elif Path(found[0]).name != f"python{options.python}":
        report.problem(f"expected Python {options.python}, found {found[0]}")
    for trace in sorted(conda_traces(options.root)):
        report.problem(f"a trace of conda: {trace}")
    for name in ("CONDA_PREFIX", "CONDA_DEFAULT_ENV"):
        if name in os.environ:
            report.problem(f"the environment holds {name}={os.environ[name]}")


if __name__ == "__main__":
    contract.main("single-python", body, "one Python and no conda", add_options)
