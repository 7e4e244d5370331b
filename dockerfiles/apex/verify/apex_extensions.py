#!/usr/bin/env python3
"""Which of Apex's extension modules cannot be imported: prints their names, exit 1 where there are any.

pip's exit code does not tell: releases of Apex before 25.09 ignore the environment variables that ask for extensions,
build a Python-only package and succeed; and a library that was built need not load.
"""

from __future__ import annotations

import importlib
import sys

EXTENSIONS = (
    "apex_C",
    "amp_C",
    "syncbn",
    "fused_layer_norm_cuda",
    "mlp_cuda",
    "fused_dense_cuda",
    "scaled_upper_triang_masked_softmax_cuda",
    "generic_scaled_masked_softmax_cuda",
    "scaled_masked_softmax_cuda",
    "scaled_softmax_cuda",
    "fused_rotary_positional_embedding",
    "fused_weight_gradient_mlp_cuda",
)
"""Modules that APEX_CPP_EXT=1 (the first) and APEX_CUDA_EXT=1 build at release 25.09."""


def missing_extensions() -> dict[str, str]:
    """The extensions that cannot be imported, each with the reason."""
    importlib.import_module("torch")  # they use its libraries without naming them
    missing: dict[str, str] = {}
    for name in EXTENSIONS:
        try:
            importlib.import_module(name)
        except Exception as error:  # an undefined symbol is an ImportError, a failed initialisation can be anything
            missing[name] = f"{type(error).__name__}: {error}"
    return missing


def main() -> int:
    missing = missing_extensions()
    for name, reason in missing.items():
        print(f"{name}: {reason}", file=sys.stderr)
    print(" ".join(missing))
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
