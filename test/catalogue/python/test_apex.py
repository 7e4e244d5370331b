"""Apex's checks on a machine without torch or Apex, with fakes at the import boundary."""

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
VERIFY = CATALOGUE / "apex" / "verify"
sys.path += [str(VERIFY), str(CATALOGUE / "shared" / "verify")]

import apex_extensions  # noqa: E402

SPEC = importlib.util.spec_from_file_location("apex_modules", VERIFY / "apex_modules.py")
apex_modules = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(apex_modules)


class Check(unittest.TestCase):
    def run_check(self, recorded: dict | None, modules: set[str], *argv: str) -> tuple[int, dict]:
        """Runs the check in an image whose build recorded `recorded` and in which `modules` can be imported."""
        absent = {name: None for name in ("apex", *apex_extensions.EXTENSIONS) if name not in modules}
        present = {name: types.ModuleType(name) for name in ("torch", *modules)}
        present["torch"].cuda = types.SimpleNamespace(is_available=lambda: False)
        with tempfile.TemporaryDirectory() as folder:
            outcome = Path(folder) / "apex.json"
            if recorded is not None:
                outcome.write_text(json.dumps({"commit": "c", "reason": None, **recorded}))
            path = Path(folder) / "report.json"
            with (
                mock.patch.dict(sys.modules, {**present, **absent}),
                contextlib.redirect_stdout(io.StringIO()),
                self.assertRaises(SystemExit) as stop,
            ):
                apex_modules.contract.main(
                    "apex-modules", apex_modules.check, "", apex_modules.add_options,
                    ["--outcome", str(outcome), "--json", str(path), *argv],
                )  # fmt: skip
            return stop.exception.code, json.loads(path.read_text())

    every = {"apex", *apex_extensions.EXTENSIONS}

    def test_every_extension_that_loads_is_the_tier_cuda(self) -> None:
        code, report = self.run_check({"requested": "cuda", "tier": "cuda"}, self.every)
        self.assertEqual((code, report["status"], report["effective"]), (0, "pass", "cuda"))

    def test_one_extension_that_does_not_load_fails_a_build_that_asked_for_cuda_whatever_is_allowed(self) -> None:
        code, report = self.run_check(
            {"requested": "cuda", "tier": "cuda"}, self.every - {"fused_layer_norm_cuda"}, "--allow-degraded"
        )
        self.assertEqual((code, report["status"], report["effective"]), (1, "fail", "python"))
        self.assertEqual(list(report["facts"]["missing_extensions"]), ["fused_layer_norm_cuda"])

    def test_a_lower_tier_than_cuda_asked_for_fails_although_it_is_recorded_and_degraded_is_allowed(self) -> None:
        code, report = self.run_check({"requested": "cuda", "tier": "python"}, {"apex"}, "--allow-degraded")
        self.assertEqual((code, report["status"]), (1, "fail"))

    def test_a_lower_tier_that_auto_recorded_is_degraded(self) -> None:
        for tier, modules in (("python", {"apex"}), ("absent", set())):
            recorded = {"requested": "auto", "tier": tier, "reason": "the CUDA build failed with exit code 1"}
            code, report = self.run_check(recorded, modules)
            self.assertEqual((code, report["status"], report["effective"]), (1, "degraded", tier))
            self.assertIn("the CUDA build failed", report["problems"][0])
            self.assertEqual(self.run_check(recorded, modules, "--allow-degraded")[0], 0)

    def test_a_record_that_does_not_match_what_loads_fails(self) -> None:
        code, report = self.run_check({"requested": "auto", "tier": "cuda"}, {"apex"}, "--allow-degraded")
        self.assertEqual((code, report["status"]), (1, "fail"))

    def test_without_a_record_the_check_fails(self) -> None:
        code, report = self.run_check(None, self.every)
        self.assertEqual(code, 1)
        self.assertIn("left no record", report["problems"][0])

    def test_without_a_gpu_the_gpu_tier_is_skipped(self) -> None:
        code, report = self.run_check({"requested": "cuda", "tier": "cuda"}, self.every, "--tier", "gpu")
        self.assertEqual((code, report["status"]), (77, "skip"))


class Extensions(unittest.TestCase):
    def test_a_library_that_raises_while_loading_is_missing_with_its_reason(self) -> None:
        def load(name: str) -> types.ModuleType:
            if name == "amp_C":
                raise ImportError("undefined symbol: x")
            return types.ModuleType(name)

        with mock.patch.object(apex_extensions.importlib, "import_module", load):
            self.assertEqual(apex_extensions.missing_extensions(), {"amp_C": "ImportError: undefined symbol: x"})


if __name__ == "__main__":
    unittest.main()
