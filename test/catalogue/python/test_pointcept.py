"""Pointcept's CUDA check and smoke tests on a machine without torch, with fakes at the import boundary."""

import contextlib
import importlib.util
import io
import json
import os
import sys
import tempfile
import types
import unittest
from pathlib import Path
from unittest import mock

CATALOGUE = Path(__file__).resolve().parents[3] / "dockerfiles"
IMAGE = CATALOGUE / "pointcept-conda"
sys.path += [str(IMAGE), str(CATALOGUE / "shared" / "verify")]

import check_cuda  # noqa: E402

SPEC = importlib.util.spec_from_file_location("pointcept_smoke", IMAGE / "verify" / "pointcept_smoke.py")
pointcept_smoke = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(pointcept_smoke)


class Judgement(unittest.TestCase):
    def test_matching_versions_are_fine(self) -> None:
        self.assertEqual(check_cuda.judge((12, 4), (12, 4)), (None, None))
        self.assertEqual(check_cuda.judge((12, 4), (13, 0)), (None, None))

    def test_a_torch_for_another_cuda_is_a_mismatch(self) -> None:
        for torch in ((12, 1), None):
            problem, _ = check_cuda.judge(torch, (12, 4))
            self.assertIn("CUDA runtime mismatch", problem)

    def test_a_driver_of_an_older_major_version_is_a_mismatch_and_names_the_driver_to_install(self) -> None:
        problem, _ = check_cuda.judge((12, 4), (11, 8))
        self.assertIn("CUDA runtime mismatch", problem)
        self.assertIn("550.54.15", problem)

    def test_an_older_driver_of_the_same_major_version_is_warned_of(self) -> None:
        problem, warning = check_cuda.judge((12, 4), (12, 2))
        self.assertIsNone(problem)
        self.assertIn("minor-version compatibility", warning)

    def test_no_driver_is_warned_of(self) -> None:
        problem, warning = check_cuda.judge((12, 4), None)
        self.assertIsNone(problem)
        self.assertIn("--gpus all", warning)

    def test_the_program_exits_70_with_the_message_on_a_mismatch(self) -> None:
        for torch_cuda in (lambda: (12, 1), mock.Mock(side_effect=ImportError("libtorch"))):
            errors = io.StringIO()
            with (
                mock.patch.object(check_cuda, "torch_cuda", torch_cuda),
                mock.patch.object(check_cuda, "driver_cuda", lambda: (12, 4)),
                contextlib.redirect_stderr(errors),
            ):
                self.assertEqual(check_cuda.main(), 70)
            self.assertTrue(errors.getvalue().startswith("ERROR: "))


class Smoke(unittest.TestCase):
    def run_smoke(
        self, *argv: str, torch_version: str = "2.5.0", absent: str = "", environment: dict[str, str] | None = None
    ) -> tuple[int, dict]:
        torch = types.ModuleType("torch")
        torch.__version__ = torch_version
        torch.version = types.SimpleNamespace(cuda="12.4")
        torch.cuda = types.SimpleNamespace(is_available=lambda: False)
        with tempfile.TemporaryDirectory() as folder:
            header = Path(folder) / "tensorview" / "tensor.h"
            header.parent.mkdir()
            header.touch()
            constants = types.SimpleNamespace(TENSORVIEW_INCLUDE_PATH=folder)

            def require(name: str) -> object:
                if name == absent:
                    raise pointcept_smoke.contract.Failed(f"module {name} cannot be imported")
                return {"torch": torch, "cumm.constants": constants}.get(name, types.ModuleType(name))

            path = Path(folder) / "report.json"
            with (
                mock.patch.object(pointcept_smoke.contract, "require_module", require),
                mock.patch.dict(sys.modules, {"torch": torch}),
                mock.patch.object(check_cuda, "driver_cuda", lambda: None),
                mock.patch.dict(
                    os.environ,
                    {"SPCONV_DISABLE_JIT": "1", "CUMM_DISABLE_JIT": "1"} if environment is None else environment,
                ),
                contextlib.redirect_stdout(io.StringIO()),
                self.assertRaises(SystemExit) as stop,
            ):
                pointcept_smoke.contract.main(
                    "pointcept-smoke", pointcept_smoke.check, "", None, ["--json", str(path), *argv]
                )
            return stop.exception.code, json.loads(path.read_text())

    def test_a_complete_environment_passes(self) -> None:
        code, report = self.run_smoke()
        self.assertEqual((code, report["status"], report["problems"]), (0, "pass", []))

    def test_an_extension_that_is_missing_fails(self) -> None:
        for name in ("pointops._C", "pointgroup_ops_cuda", "spconv.pytorch"):
            code, report = self.run_smoke(absent=name)
            self.assertEqual((code, report["problems"]), (1, [f"module {name} cannot be imported"]))

    def test_another_torch_fails(self) -> None:
        code, report = self.run_smoke(torch_version="2.6.0")
        self.assertEqual((code, report["problems"]), (1, ["torch is 2.6.0, 2.5.0 was specified"]))

    def test_compilation_at_run_time_left_on_fails(self) -> None:
        code, report = self.run_smoke(environment={"SPCONV_DISABLE_JIT": "0", "CUMM_DISABLE_JIT": "1"})
        self.assertEqual(code, 1)
        self.assertIn("SPCONV_DISABLE_JIT", report["problems"][0])

    def test_without_a_gpu_the_gpu_tier_is_skipped(self) -> None:
        code, report = self.run_smoke("--tier", "gpu")
        self.assertEqual((code, report["status"]), (77, "skip"))


if __name__ == "__main__":
    unittest.main()
