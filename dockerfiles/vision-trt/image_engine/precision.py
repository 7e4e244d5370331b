"""The numeric precisions an engine can run at, and how far each may be from fp32."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .errors import UserError

if TYPE_CHECKING:
    import torch

PRECISIONS = ("fp16", "fp32", "int8")

TOLERANCE = {"fp32": 1e-3, "fp16": 1e-3, "int8": 5e-2}
"""Largest relative error (L2 norm of the difference over L2 norm of the fp32 reference) that counts as agreement.

fp16 keeps 11 significant bits; over a ResNet the rounding adds up to about 0.05 %, and 0.1 % is the bound. fp32 has the
same bound because PyTorch lets convolutions use TF32 (11 bits too) on Ampere and later. int8 keeps 7 bits.
"""


def check_precision(precision: str, calibration: Sequence[torch.Tensor] | None) -> None:
    """Refuses an unknown precision, and int8 without data to calibrate its ranges on."""
    if precision not in PRECISIONS:
        raise UserError("unknown precision", received=precision, allowed=", ".join(PRECISIONS))
    if precision == "int8" and not calibration:
        raise UserError(
            "int8 needs calibration data: without value ranges measured on real images its output is noise",
            received="no calibration batches",
            allowed="at least one batch of representative images",
            fix="pass calibration=[batch, …], or use fp16",
        )
