"""The contract of every verification script of the catalogue.

A script describes itself and hands over one function; this module reads the options, runs the function, prints a text
for a person, writes the report that `--json PATH` asks for (its shape: report.schema.json beside this file) and exits:

    0   pass, or degraded where --allow-degraded was given
    1   fail, or degraded
    77  skip: this machine cannot answer (no GPU for --tier gpu); the text says why

Standard library only and Python 3.10, so that it runs in every image and from a plain checkout. Nothing here imports
torch: `require_module` does so when a check gets to it, and its absence is a failed check with a report, not a crash.
In a checkout the scripts find this file in dockerfiles/shared/verify; in an image it lies beside them in
/opt/image/verify.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import NoReturn

SCHEMA = "strata/verification@1"
EXIT_PASS = 0
EXIT_FAIL = 1
EXIT_SKIP = 77

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


class Skip(Exception):
    """This machine cannot answer the question; the message says what is missing."""


class Failed(Exception):
    """The check cannot go on and has failed; the message says why. Earlier problems are kept."""


@dataclass
class Report:
    """What a check found. A body fills it; `finish` turns it into text, JSON and an exit code."""

    check: str
    tier: str
    requested: Json = None
    """What was asked for, where the check is about a choice (an arch list, a back end); otherwise None."""
    effective: Json = None
    """What is really there or was really used."""
    facts: dict[str, Json] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    is_degraded: bool = False
    is_skipped: bool = False
    has_failed: bool = False

    def problem(self, text: str) -> None:
        """Records a problem that fails the check; the check goes on to find the others."""
        self.problems.append(text)
        self.has_failed = True

    def degrade(self, text: str) -> None:
        """Records that less than requested is there, in a way that a caller may accept by --allow-degraded."""
        self.problems.append(text)
        self.is_degraded = True

    @property
    def status(self) -> str:
        if self.has_failed:
            return "fail"
        if self.is_skipped:
            return "skip"
        return "degraded" if self.is_degraded else "pass"

    def as_json(self) -> dict[str, Json]:
        """The report as report.schema.json describes it."""
        return {
            "schema": SCHEMA,
            "check": self.check,
            "tier": self.tier,
            "status": self.status,
            "requested": self.requested,
            "effective": self.effective,
            "facts": self.facts,
            "problems": list(self.problems),
        }

    def as_text(self) -> str:
        """The report for a person: the verdict first, then what was seen."""
        lines = [f"{self.check} ({self.tier}): {self.status}"]
        if self.requested is not None:
            lines.append(f"  requested: {_shown(self.requested)}")
        if self.effective is not None:
            lines.append(f"  effective: {_shown(self.effective)}")
        lines += [f"  {name}: {_shown(value)}" for name, value in self.facts.items()]
        lines += [f"  problem: {text}" for text in self.problems]
        return "\n".join(lines)


Body = Callable[[Report, argparse.Namespace], None]


def _shown(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def require_module(name: str) -> ModuleType:
    """Imports a module that the image promises. Its absence, or a library it cannot load, fails the check."""
    try:
        return importlib.import_module(name)
    except Exception as error:  # an extension that cannot be loaded raises OSError, RuntimeError and others
        raise Failed(f"module {name} cannot be imported: {type(error).__name__}: {error}") from error


def require_gpu() -> ModuleType:
    """torch, on a machine with a CUDA GPU; without one the check is skipped."""
    torch = require_module("torch")
    if not torch.cuda.is_available():
        raise Skip("no CUDA GPU on this machine")
    return torch


def exit_code(report: Report, allow_degraded: bool) -> int:
    """The process's exit code for a report."""
    if report.status == "skip":
        return EXIT_SKIP
    if report.status == "pass" or (report.status == "degraded" and allow_degraded):
        return EXIT_PASS
    return EXIT_FAIL


def main(
    check: str,
    body: Body,
    description: str,
    add_options: Callable[[argparse.ArgumentParser], None] | None = None,
    argv: Sequence[str] | None = None,
) -> NoReturn:
    """Runs one check as a program; never returns.

    `body` gets the report to fill and the parsed options. It may raise Skip or Failed; any other exception is a
    failure too, with its traceback on stderr.
    """
    parser = argparse.ArgumentParser(prog=check, description=description)
    parser.add_argument("--tier", choices=["build", "gpu"], default="build", help="build needs no GPU, gpu does")
    parser.add_argument("--json", metavar="PATH", type=Path, help="write the report there")
    parser.add_argument("--allow-degraded", action="store_true", help="exit 0 where the status is degraded")
    if add_options:
        add_options(parser)
    options = parser.parse_args(argv)

    report = Report(check=check, tier=options.tier)
    try:
        body(report, options)
    except Skip as reason:
        report.problems.append(str(reason))
        report.is_skipped = True
    except Failed as reason:
        report.problem(str(reason))
    except Exception as error:
        traceback.print_exc()
        report.problem(f"unexpected {type(error).__name__}: {error}")

    print(report.as_text(), flush=True)
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(report.as_json(), indent=2, sort_keys=True) + "\n", encoding="utf-8")
    sys.exit(exit_code(report, options.allow_degraded))
