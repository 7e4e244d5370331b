#!/usr/bin/env python3
"""Smoke tests of the Pointcept environment: torch and CUDA, spconv and cumm, PyTorch Geometric, compiled extensions.

With a GPU also a sparse convolution forward, without just-in-time compilation, and a neighbour query of pointops.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from types import ModuleType

_FOLDER = Path(__file__).resolve().parent
sys.path += [str(_FOLDER.parent), str(_FOLDER.parents[1] / "shared" / "verify")]  # a checkout; images have both at hand

import check_cuda  # noqa: E402
import contract  # noqa: E402

TORCH = "2.5.0"
MODULES = (
    "torchvision", "torchaudio", "spconv.pytorch", "cumm", "torch_cluster", "torch_scatter", "torch_sparse",
    "torch_geometric", "ocnn", "clip", "flash_attn", "peft", "open3d", "pointops._C", "pointgroup_ops_cuda",
)  # fmt: skip
WITHOUT_JIT = ("SPCONV_DISABLE_JIT", "CUMM_DISABLE_JIT")


def check(report: contract.Report, options: argparse.Namespace) -> None:
    torch = contract.require_module("torch")
    report.facts.update(torch=torch.__version__, cuda=torch.version.cuda)
    if torch.__version__.partition("+")[0] != TORCH:
        report.problem(f"torch is {torch.__version__}, {TORCH} was specified")
    problem, _ = check_cuda.judge(check_cuda.torch_cuda(), check_cuda.driver_cuda())
    if problem:
        report.problem(problem)
    for variable in WITHOUT_JIT:
        if os.environ.get(variable) != "1":
            report.problem(f"{variable} is not 1: spconv would compile kernels at run time")
    for name in MODULES:
        try:
            module = contract.require_module(name)
        except contract.Failed as reason:
            report.problem(str(reason))
        else:
            report.facts[name] = str(getattr(module, "__version__", "imported"))
    _check_headers(report)
    if options.tier == "gpu":
        contract.require_gpu()
        report.facts["gpu"] = torch.cuda.get_device_name()
        _check_sparse_convolution(report, torch)
        _check_neighbours(report, torch)


def _check_headers(report: contract.Report) -> None:
    constants = contract.require_module("cumm.constants")
    header = Path(constants.TENSORVIEW_INCLUDE_PATH) / "tensorview" / "tensor.h"
    report.facts["cumm_headers"] = str(header.parent)
    if not header.is_file():
        report.problem(f"cumm's headers are not where it looks for them: {header}")


def _check_sparse_convolution(report: contract.Report, torch: ModuleType) -> None:
    """A submanifold convolution on every cell of a small grid is a dense one; both must agree."""
    spconv = contract.require_module("spconv.pytorch")
    torch.manual_seed(0)
    dense = torch.randn(1, 4, 4, 4, 2, device="cuda")  # batch, z, y, x, channels
    layer = spconv.SubMConv3d(2, 3, 3, bias=False).cuda()
    with torch.no_grad():
        sparse_result = layer(spconv.SparseConvTensor.from_dense(dense)).dense()
        # spconv keeps weights as (out, z, y, x, in), PyTorch as (out, in, z, y, x).
        weight = layer.weight.permute(0, 4, 1, 2, 3)
        dense_result = torch.nn.functional.conv3d(dense.permute(0, 4, 1, 2, 3), weight, padding=1)
    largest = float((sparse_result - dense_result).abs().max())
    report.facts["spconv_largest_difference"] = largest
    if not largest <= 1e-2:
        report.problem(f"spconv's convolution differs from PyTorch's by {largest:.2e}")


def _check_neighbours(report: contract.Report, torch: ModuleType) -> None:
    """The nearest of a point's neighbours is the point itself."""
    pointops = contract.require_module("pointops")
    torch.manual_seed(0)
    points = torch.rand(1000, 3, device="cuda")
    offset = torch.tensor([1000], device="cuda", dtype=torch.int32)
    indices, _ = pointops.knn_query(4, points, offset)
    own = torch.arange(1000, device="cuda")
    found = int((indices[:, 0] == own).sum())
    report.facts["pointops_nearest_found"] = f"{found} of 1000"
    if found != 1000:
        report.problem(f"pointops found {found} of 1000 points as their own nearest neighbour")


if __name__ == "__main__":
    contract.main("pointcept-smoke", check, __doc__)
