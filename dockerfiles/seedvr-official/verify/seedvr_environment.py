#!/usr/bin/env python3
"""Are interpreter, torch, CUDA and flash-attention the ones that belong together; with a GPU, does attention agree?"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from types import ModuleType

_FOLDER = Path(__file__).resolve().parent
sys.path += [str(_FOLDER.parent), str(_FOLDER.parents[1] / "shared" / "verify")]  # a checkout; images have both at hand

import contract  # noqa: E402
import environment_info  # noqa: E402

EXPECTED = {
    "Python version": "3.11.",
    "PyTorch version": "2.7.1",
    "CUDA version": "12.6",
    "Flash-attention version": "2.8.3",
}
"""What each field begins with."""
MODULES = ("flash_attn_2_cuda", "transformers", "diffusers", "accelerate", "xformers", "av", "cv2", "omegaconf")
OLDEST_CAPABILITY = (8, 0)
"""flash-attention 2 has no kernels for anything older: no Turing, so no T4."""
TOLERANCE = 2e-2
"""Largest difference from PyTorch's attention at fp16, for values of the order of 1."""


def check(report: contract.Report, options: argparse.Namespace) -> None:
    fields = environment_info.collect()
    print(environment_info.report(fields))
    report.facts.update(fields)
    for name, beginning in EXPECTED.items():
        if not fields[name].startswith(beginning):
            report.problem(f"{name} is {fields[name]}, {beginning.rstrip('.')} was built in")
    if options.tier == "gpu":
        _check_attention(report, contract.require_gpu())
    for module in MODULES:
        try:
            contract.require_module(module)
        except contract.Failed as reason:
            report.problem(str(reason))


def _check_attention(report: contract.Report, torch: ModuleType) -> None:
    capability = torch.cuda.get_device_capability()
    if capability < OLDEST_CAPABILITY:
        raise contract.Skip(f"flash-attention 2 has no kernels for compute capability {capability}")
    flash_attn = contract.require_module("flash_attn")
    torch.manual_seed(0)
    query, key, value = (torch.randn(2, 512, 8, 64, device="cuda", dtype=torch.float16) for _ in range(3))
    ours = flash_attn.flash_attn_func(query, key, value)
    heads_first = (tensor.transpose(1, 2).float() for tensor in (query, key, value))
    reference = torch.nn.functional.scaled_dot_product_attention(*heads_first).transpose(1, 2)
    largest = float((ours.float() - reference).abs().max())
    report.facts["attention"] = {"largest_difference": largest, "tolerance": TOLERANCE}
    if not largest <= TOLERANCE:
        report.problem(f"flash-attention differs from PyTorch's attention by {largest:.2e}, allowed {TOLERANCE:.0e}")


if __name__ == "__main__":
    contract.main("seedvr-environment", check, __doc__)
