#!/usr/bin/env python3
"""Does this torch hold machine code for the GPUs it is meant for?

--tier build: torch is compiled for every architecture of --arch-list, and its library holds comparable amounts of
machine code for each. `torch.cuda.get_arch_list()` is empty on a machine without a GPU, so the flags that torch was
compiled with are asked for, and the code objects are counted with cuobjdump. Where cuobjdump is missing (CUDA's runtime
images), the counts that the image's build wrote to /opt/image/arch_coverage.json are used.

--tier gpu: torch covers this machine's card, and a kernel computes the right thing on it. With --arch-list, that of the
build tier too.

The rule of coverage: code for sm_XY runs on the same major version X with a minor of Y or more; with the suffix `a` on
that very architecture alone; PTX (compute_XY) is compiled by the driver for anything from XY on. An architecture that
is covered but not listed itself is a degraded result: sm_86 code runs on an L4 (8.9), without 8.9's FP8.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "shared" / "verify"))  # a checkout; images have it beside
import contract

ARCH_LIST = "7.5;8.0;8.6;8.9;9.0"
RECORDED = Path("/opt/image/arch_coverage.json")
COMPARABLE = 0.5
"""Fewer code objects than this share of the richest architecture's are not a full set. A published torch 2.11 holds one
object for sm_89 against 444 for each architecture that it is compiled for."""


@dataclass(frozen=True, order=True)
class Arch:
    """A GPU architecture: sm_89 is Arch(8, 9); sm_90a has the suffix; compute_90 is PTX."""

    major: int
    minor: int
    suffix: str = ""
    is_ptx: bool = False

    def __str__(self) -> str:
        return f"{'compute' if self.is_ptx else 'sm'}_{self.major}{self.minor}{self.suffix}"


def parse_flag(text: str) -> Arch:
    """`sm_89`, `sm_90a`, `compute_90` to an Arch."""
    match = re.fullmatch(r"(sm|compute)_(\d+)(\d)([a-z]?)", text)
    if not match:
        raise contract.Failed(f"not an architecture: {text!r}; expected the form sm_89, sm_90a or compute_90")
    kind, major, minor, suffix = match.groups()
    return Arch(int(major), int(minor), suffix, kind == "compute")


def parse_list(text: str) -> list[Arch]:
    """A TORCH_CUDA_ARCH_LIST such as `7.5;8.0;9.0a` to architectures; `+PTX` adds the PTX of its entry."""
    archs: list[Arch] = []
    for entry in re.split(r"[; ]+", text.strip()):
        match = re.fullmatch(r"(\d+)\.(\d)([a-z]?)(\+PTX)?", entry)
        if not match:
            raise contract.Failed(f"not an entry of an arch list: {entry!r}; expected the form 8.9, 9.0a or 9.0+PTX")
        major, minor, suffix, ptx = match.groups()
        archs.append(Arch(int(major), int(minor), suffix))
        if ptx:
            archs.append(Arch(int(major), int(minor), suffix, is_ptx=True))
    return archs


def covers(code: Arch, card: Arch) -> bool:
    """Whether a card of one architecture can run code made for another."""
    if code.suffix:
        return (code.major, code.minor) == (card.major, card.minor)
    if code.is_ptx:
        return (code.major, code.minor) <= (card.major, card.minor)
    return code.major == card.major and code.minor <= card.minor


def count_code_objects(listing: str) -> dict[str, int]:
    """Code objects per architecture in the output of `cuobjdump --list-elf`."""
    return dict(Counter(re.findall(r"\.(sm_\d+[a-z]?)\.cubin", listing)))


def check_list(report: contract.Report, wanted: list[Arch], flags: list[Arch], counts: dict[str, int] | None) -> None:
    """Compares what was asked for with what torch was compiled for and with what its library holds."""
    richest = max((counts or {}).get(str(arch), 0) for arch in wanted) if counts else 0
    for arch in wanted:
        if arch not in flags:
            helpers = [str(flag) for flag in flags if covers(flag, arch)]
            if helpers:
                report.degrade(f"{arch} is not among the compiled architectures; {', '.join(helpers)} code runs on it")
            else:
                report.problem(f"{arch} is not covered: torch is compiled for {', '.join(map(str, flags))}")
        elif counts is not None and not arch.is_ptx and counts.get(str(arch), 0) < COMPARABLE * richest:
            report.problem(f"{arch} has {counts.get(str(arch), 0)} code objects where the richest one has {richest}")


def cuda_library(torch) -> Path:
    """The library that holds torch's kernels."""
    return Path(torch.__file__).parent / "lib" / "libtorch_cuda.so"


def recorded() -> dict | None:
    """The report that the image's build wrote; None outside an image."""
    return json.loads(RECORDED.read_text(encoding="utf-8")) if RECORDED.exists() else None


def wanted_archs(arch_list: str | None) -> list[Arch]:
    """What torch shall be compiled for: as said, else as when the image was built, else ARCH_LIST."""
    if arch_list is None and (build := recorded()):
        return [parse_flag(flag) for flag in build["requested"]]
    return parse_list(arch_list or ARCH_LIST)


def find_counts(report: contract.Report, torch) -> dict[str, int] | None:
    """Code objects per architecture, counted here or else as recorded when the image was built."""
    tool = shutil.which("cuobjdump") or shutil.which("/usr/local/cuda/bin/cuobjdump")
    if tool:
        run = subprocess.run([tool, "--list-elf", str(cuda_library(torch))], capture_output=True, text=True)
        if run.returncode != 0:
            raise contract.Failed(f"cuobjdump exited {run.returncode}: {run.stderr.strip()}")
        report.facts["counted by"] = "cuobjdump"
        return count_code_objects(run.stdout)
    build = recorded()
    if build and build["facts"]["torch"] == identity(torch):
        report.facts["counted by"] = f"cuobjdump when the image was built ({RECORDED})"
        return build["facts"]["code objects"]
    return None


def identity(torch) -> str:
    """Version and commit of a torch."""
    return f"{torch.__version__} {torch.version.git_version}"


def check_card(report: contract.Report, torch, flags: list[Arch]) -> None:
    """Whether torch covers this machine's card, and computes the right thing on it."""
    card = Arch(*torch.cuda.get_device_capability())
    report.facts["card"] = f"{torch.cuda.get_device_name()} ({card})"
    helpers = [str(flag) for flag in flags if covers(flag, card)]
    report.facts["covered by"] = helpers
    if not helpers:
        report.problem(f"this card, {card}, is not covered: torch is compiled for {', '.join(map(str, flags))}")
        return
    generator = torch.Generator().manual_seed(0)
    left, right = (torch.randn(512, 512, generator=generator) for _ in range(2))
    expected = torch.relu(left.double() @ right.double())
    actual = torch.relu(left.cuda().double() @ right.cuda().double()).cpu()
    error = (actual - expected).abs().max().item()
    report.facts["largest error of a 512x512 product"] = error
    if not error < 1e-9:
        report.problem(f"a matrix product on the card is off by {error:.3g} from the processor's, allowed 1e-9")


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--arch-list", help=f"what torch shall be compiled for; build tier's default: that of the image, else {ARCH_LIST}")
    parser.add_argument("--require-counts", action="store_true", help="fail where code objects cannot be counted")


def body(report: contract.Report, options: argparse.Namespace) -> None:
    torch = contract.require_gpu() if options.tier == "gpu" else contract.require_module("torch")
    compiled_for = torch._C._cuda_getArchFlags() if hasattr(torch._C, "_cuda_getArchFlags") else None
    if not compiled_for:
        raise contract.Failed(f"torch {torch.__version__} is compiled without CUDA")
    flags = [parse_flag(flag) for flag in compiled_for.split()]
    report.facts["torch"] = identity(torch)
    report.effective = [str(flag) for flag in flags]

    if options.tier == "build" or options.arch_list:
        wanted = wanted_archs(options.arch_list)
        report.requested = [str(arch) for arch in wanted]
        counts = find_counts(report, torch)
        if counts is not None:
            report.facts["code objects"] = dict(sorted(counts.items()))
        elif options.require_counts:
            report.problem("code objects cannot be counted: no cuobjdump here, and no record of the build")
        check_list(report, wanted, flags, counts)
    if options.tier == "gpu":
        check_card(report, torch, flags)


if __name__ == "__main__":
    contract.main("arch-coverage", body, "torch holds machine code for the GPUs it is meant for", add_options)
