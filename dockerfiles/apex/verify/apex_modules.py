#!/usr/bin/env python3
"""Is Apex what /opt/image/apex.json says it is, and do its extensions load; with a GPU, do they compute right?

An image built with APEX_TIER=cuda must have every extension. One built with APEX_TIER=auto may have less: that is
degraded, and --allow-degraded accepts it.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from types import ModuleType

_FOLDER = Path(__file__).resolve().parent
sys.path.append(str(_FOLDER.parents[1] / "shared" / "verify"))  # a checkout; images have it beside

import contract  # noqa: E402
from apex_extensions import missing_extensions  # noqa: E402

TOLERANCE = 1e-3
"""Largest difference from PyTorch's own layer, at fp32, for values of the order of 1."""


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--outcome", type=Path, default=Path("/opt/image/apex.json"), help="the build's record")


def check(report: contract.Report, options: argparse.Namespace) -> None:
    try:
        outcome = json.loads(options.outcome.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise contract.Failed(f"the build left no record: {options.outcome} does not exist") from error
    recorded = outcome["tier"]
    report.requested = outcome["requested"]
    report.effective = _effective_tier(report)
    report.facts.update(commit=outcome["commit"], recorded_tier=recorded, reason=outcome["reason"])
    if report.effective != recorded:
        report.problem(f"the build recorded the tier {recorded}, but {report.effective} is what loads")
    if report.effective != "cuda":
        explain = report.problem if report.requested == "cuda" else report.degrade
        explain(f"Apex is at tier {report.effective}: {outcome['reason'] or 'no reason recorded'}")
    if options.tier == "gpu":
        torch = contract.require_gpu()
        if report.effective == "cuda":
            _compare_with_torch(report, torch)


def _effective_tier(report: contract.Report) -> str:
    try:
        contract.require_module("apex")
    except contract.Failed as reason:
        report.facts["apex"] = str(reason)
        return "absent"
    missing = missing_extensions()
    report.facts["missing_extensions"] = missing
    return "python" if missing else "cuda"


def _compare_with_torch(report: contract.Report, torch: ModuleType) -> None:
    """One kernel of each kind that models use most: layer norm, RMS norm, the fused optimiser."""
    normalization = contract.require_module("apex.normalization")
    optimizers = contract.require_module("apex.optimizers")
    torch.manual_seed(0)
    x = torch.randn(64, 1024, device="cuda")
    shape = (1024,)
    differences = {
        "FusedLayerNorm": normalization.FusedLayerNorm(shape).cuda()(x) - torch.nn.LayerNorm(shape).cuda()(x),
        "FusedRMSNorm": normalization.FusedRMSNorm(shape, eps=1e-5).cuda()(x)
        - torch.nn.RMSNorm(shape, eps=1e-5).cuda()(x),
        "FusedAdam": _adam_step(torch, optimizers.FusedAdam, x, adam_w_mode=False)
        - _adam_step(torch, torch.optim.Adam, x),
    }
    for name, difference in differences.items():
        largest = float(difference.detach().abs().max())
        report.facts[name] = {"largest_difference": largest, "tolerance": TOLERANCE}
        if not largest <= TOLERANCE:
            report.problem(f"{name} differs from PyTorch's by {largest:.2e}, allowed {TOLERANCE:.0e}")


def _adam_step(torch: ModuleType, optimizer: type, start: object, **options: object) -> object:
    parameter = torch.nn.Parameter(start.clone())
    fused = optimizer([parameter], lr=0.1, **options)
    parameter.square().sum().backward()
    fused.step()
    return parameter


if __name__ == "__main__":
    contract.main("apex-modules", check, __doc__, add_options)
