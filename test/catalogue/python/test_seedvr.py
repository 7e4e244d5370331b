"""SeedVR's environment report and check on a machine without torch, with fakes at the import boundary."""

import contextlib
import importlib.util
import io
import json
import sys
import tempfile
import types
import unittest
from pathlib import Path
from unittest import mock

CATALOGUE = Path(__file__).resolve().parents[3] / "dockerfiles"
IMAGE = CATALOGUE / "seedvr-official"
sys.path += [str(IMAGE), str(CATALOGUE / "shared" / "verify")]

import environment_info  # noqa: E402

SPEC = importlib.util.spec_from_file_location("seedvr_environment", IMAGE / "verify" / "seedvr_environment.py")
seedvr_environment = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(seedvr_environment)


def torch_on_an_l40() -> types.ModuleType:
    torch = types.ModuleType("torch")
    torch.__version__ = "2.7.1+cu126"
    torch.version = types.SimpleNamespace(cuda="12.6")
    torch.cuda = types.SimpleNamespace(
        is_available=lambda: True,
        get_device_name=lambda index: "NVIDIA L40",
        get_device_capability=lambda index=0: (8, 9),
    )
    return torch


def flash_attention() -> types.ModuleType:
    module = types.ModuleType("flash_attn")
    module.__version__ = "2.8.3"
    return module


def with_modules(**modules: object) -> mock._patch_dict:
    return mock.patch.dict(sys.modules, modules)


class Report(unittest.TestCase):
    def test_it_has_exactly_these_lines_on_an_l40(self) -> None:
        with (
            with_modules(torch=torch_on_an_l40(), flash_attn=flash_attention()),
            mock.patch.dict(environment_info.FIELDS, {"Python version": lambda: "3.11.13"}),
        ):
            text = environment_info.report(environment_info.collect())
        self.assertEqual(
            text.splitlines(),
            [
                "--- ENVIRONMENT INFO (for flash-attention compatibility) ---",
                "Python version: 3.11.13",
                "PyTorch version: 2.7.1+cu126",
                "CUDA version: 12.6",
                "CUDA available: True",
                "GPU device: NVIDIA L40",
                "CUDA capability: (8, 9)",
                "Flash-attention version: 2.8.3",
                "--- END ENVIRONMENT INFO ---",
            ],
        )

    def test_each_field_is_found_whatever_another_one_raises(self) -> None:
        torch = torch_on_an_l40()

        def no_driver(index: int = 0) -> None:
            raise RuntimeError("Found no NVIDIA driver on your system.\nmore")

        torch.cuda.get_device_name = no_driver
        with with_modules(torch=torch, flash_attn=None):
            fields = environment_info.collect()
        self.assertEqual(fields["GPU device"], "unavailable (RuntimeError: Found no NVIDIA driver on your system.)")
        self.assertTrue(fields["Flash-attention version"].startswith("unavailable (ModuleNotFoundError"))
        self.assertEqual((fields["PyTorch version"], fields["CUDA capability"]), ("2.7.1+cu126", "(8, 9)"))

    def test_a_machine_without_gpu_is_warned_of_and_one_with_is_not(self) -> None:
        torch = torch_on_an_l40()
        with with_modules(torch=torch, flash_attn=flash_attention()):
            self.assertIsNone(environment_info.warning(environment_info.collect()))
            torch.cuda.is_available = lambda: False
            self.assertIn("--gpus all", environment_info.warning(environment_info.collect()))
        with with_modules(torch=None):
            self.assertIn("--gpus all", environment_info.warning(environment_info.collect()))


class Check(unittest.TestCase):
    def run_check(self, torch: types.ModuleType | None, *argv: str, python: str = "3.11.13") -> tuple[int, dict]:
        others = {name: types.ModuleType(name) for name in seedvr_environment.MODULES}
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "report.json"
            with (
                with_modules(**others, torch=torch, flash_attn=flash_attention()),
                mock.patch.dict(environment_info.FIELDS, {"Python version": lambda: python}),
                contextlib.redirect_stdout(io.StringIO()),
                self.assertRaises(SystemExit) as stop,
            ):
                seedvr_environment.contract.main(
                    "seedvr-environment", seedvr_environment.check, "", None, ["--json", str(path), *argv]
                )
            return stop.exception.code, json.loads(path.read_text())

    def test_what_was_built_in_passes_without_a_gpu(self) -> None:
        torch = torch_on_an_l40()
        torch.cuda.is_available = lambda: False
        code, report = self.run_check(torch)
        self.assertEqual((code, report["status"], report["problems"]), (0, "pass", []))
        self.assertEqual(report["facts"]["PyTorch version"], "2.7.1+cu126")

    def test_another_torch_or_interpreter_fails(self) -> None:
        torch = torch_on_an_l40()
        torch.__version__ = "2.9.1"
        code, report = self.run_check(torch)
        self.assertEqual((code, report["problems"]), (1, ["PyTorch version is 2.9.1, 2.7.1 was built in"]))
        code, report = self.run_check(torch_on_an_l40(), python="3.12.1")
        self.assertEqual((code, report["problems"]), (1, ["Python version is 3.12.1, 3.11 was built in"]))

    def test_a_turing_gpu_is_skipped_because_flash_attention_has_no_kernels_for_it(self) -> None:
        torch = torch_on_an_l40()
        torch.cuda.get_device_capability = lambda index=0: (7, 5)
        code, report = self.run_check(torch, "--tier", "gpu")
        self.assertEqual((code, report["status"]), (77, "skip"))
        self.assertIn("(7, 5)", report["problems"][0])


if __name__ == "__main__":
    unittest.main()
