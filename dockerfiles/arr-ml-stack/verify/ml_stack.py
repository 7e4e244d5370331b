#!/usr/bin/env python3
"""The machine-learning packages can be imported and used together, meet the security floors, and ray is not there.

That a package is installed says little: a later huggingface-hub under an earlier datasets installs well and fails on
import. So each is imported, and one small thing is done that takes several of them.
"""

from __future__ import annotations

import argparse
import re
import sys
import warnings
from importlib import metadata
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "shared" / "verify"))  # a checkout; images have it beside
import contract

MODULES = [
    "accelerate", "wandb", "transformers", "huggingface_hub", "datasets", "google.cloud.storage",
    "google.cloud.aiplatform", "peft", "kornia", "PIL", "safetensors", "numpy", "scipy", "requests",
]  # fmt: skip

FLOORS = {
    "pip": "25.3",
    "setuptools": "78.1.1",
    "urllib3": "2.5",
    "h11": "0.16",
    "jinja2": "3.1.6",
    "h2": "4.3",
    "brotli": "1.2",
    "lief": "0.15",
    "numpy": "2",
}
"""Lowest versions without a known vulnerability that this image was found to carry; numpy's is a matter of its ABI."""

FORBIDDEN = {"ray": "CVE-2023-48022, open by design"}


def parse_version(text: str) -> tuple[int, ...]:
    """The leading numbers of a version, comparable as a tuple: `0.31.0rc1` is (0, 31, 0)."""
    match = re.match(r"\d+(\.\d+)*", text)
    return tuple(int(part) for part in match.group().split(".")) if match else ()


def installed_version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def check_floors(report: contract.Report) -> None:
    """Packages with a lower bound are at or above it; those that must not be there are not."""
    for package, floor in FLOORS.items():
        version = installed_version(package)
        if version is None:
            report.problem(f"{package} is not installed, expected {floor} or later")
        elif parse_version(version) < parse_version(floor):
            report.problem(f"{package} is {version}, expected {floor} or later")
    for package, reason in FORBIDDEN.items():
        if version := installed_version(package):
            report.problem(f"{package} {version} is installed; it must not be: {reason}")
    if (version := installed_version("datasets")) and parse_version(version) >= (3,):
        report.problem(f"datasets is {version}, expected earlier than 3")


def check_imports(report: contract.Report) -> None:
    """Every package can be imported; all that cannot are named."""
    versions: dict[str, contract.Json] = {}
    for name in MODULES:
        try:
            module = contract.require_module(name)
            versions[name] = str(getattr(module, "__version__", "imported"))
        except contract.Failed as failure:
            report.problem(str(failure))
    report.facts["modules"] = versions


def check_together(report: contract.Report) -> None:
    """A tiny transformer with a LoRA adapter does one forward pass on data from datasets, prepared by accelerate."""
    import torch
    from accelerate import Accelerator
    from datasets import Dataset
    from peft import LoraConfig, get_peft_model
    from transformers import BertConfig, BertModel

    config = BertConfig(
        hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32, vocab_size=64
    )
    model = get_peft_model(BertModel(config), LoraConfig(target_modules=["query"], r=2))
    data = Dataset.from_dict({"tokens": [[1, 2, 3, 4], [5, 6, 7, 8]]}).with_format("torch")
    prepared = Accelerator(cpu=True).prepare(model)
    with torch.no_grad():
        output = prepared(data["tokens"]).last_hidden_state
    report.facts["a tiny transformer's output"] = list(output.shape)
    if list(output.shape) != [2, 4, 32] or not torch.isfinite(output).all():
        report.problem(f"a tiny transformer gave {list(output.shape)}, expected finite numbers of shape [2, 4, 32]")


def body(report: contract.Report, options: argparse.Namespace) -> None:
    warnings.filterwarnings("ignore", category=FutureWarning)  # Google's packages announce Python 3.10's end each time
    check_floors(report)
    check_imports(report)
    if not report.has_failed:
        check_together(report)


if __name__ == "__main__":
    contract.main("ml-stack", body, "the machine-learning packages work together")
