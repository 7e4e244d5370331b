"""The checks of the four tiers on a machine without torch, with fakes at the import boundary."""

import importlib.util
import json
import sys
import tempfile
import time
import types
import unittest
from pathlib import Path
from unittest import mock

CATALOGUE = Path(__file__).resolve().parents[3] / "dockerfiles"
sys.path += [str(CATALOGUE / "shared/verify"), str(CATALOGUE / "arr-trainer")]
import contract  # noqa: E402
from arr_trainer import heartbeat  # noqa: E402


def load(path):
    spec = importlib.util.spec_from_file_location(Path(path).stem, CATALOGUE / path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


arch = load("arr-pytorch-base/verify/arch_coverage.py")
single = load("arr-pytorch-base/verify/single_python.py")
build = load("arr-pytorch-base/verify/torch_build.py")
stack = load("arr-ml-stack/verify/ml_stack.py")


def fake_torch(flags, capability=None):
    """A torch that was compiled for `flags`, on a machine with a card of `capability` or none."""
    torch = types.SimpleNamespace()
    torch.__version__ = "2.6.0"
    torch.__file__ = "/nowhere/torch/__init__.py"
    torch.version = types.SimpleNamespace(git_version="1eba9b3", cuda="12.4")
    torch._C = types.SimpleNamespace(_cuda_getArchFlags=lambda: flags)
    torch.cuda = types.SimpleNamespace(is_available=lambda: capability is not None)
    return torch


class ArchCoverageTest(unittest.TestCase):
    WANTED = "7.5;8.0;8.6;8.9;9.0"
    BUILT = "sm_75 sm_80 sm_86 sm_89 sm_90"

    def check(self, flags, counts=None, arch_list=WANTED, require_counts=False, tier="build"):
        options = types.SimpleNamespace(tier=tier, arch_list=arch_list, require_counts=require_counts)
        report = contract.Report("arch-coverage", tier)
        with mock.patch.dict(sys.modules, torch=fake_torch(flags)), mock.patch.object(
            arch, "find_counts", return_value=counts
        ):
            try:
                arch.body(report, options)
            except contract.Failed as failure:
                report.problem(str(failure))
        return report

    def test_the_rule_of_coverage(self):
        cases = [
            ("sm_86", "sm_89", True), ("sm_80", "sm_89", True), ("sm_89", "sm_86", False), ("sm_89", "sm_90", False),
            ("sm_90", "sm_90", True), ("sm_90a", "sm_90", True), ("sm_90a", "sm_100", False), ("sm_100a", "sm_103", False),
            ("compute_80", "sm_90", True), ("compute_90", "sm_89", False), ("compute_90", "sm_120", True),
        ]  # fmt: skip
        for code, card, expected in cases:
            with self.subTest(code=code, card=card):
                self.assertEqual(arch.covers(arch.parse_flag(code), arch.parse_flag(card)), expected)

    def test_every_listed_architecture_compiled_with_comparable_code_passes(self):
        counts = {"sm_75": 341, "sm_80": 341, "sm_86": 341, "sm_89": 338, "sm_90": 341, "sm_90a": 2}
        self.assertEqual(self.check(self.BUILT, counts).status, "pass")

    def test_the_published_wheel_without_sm_89_is_degraded_since_sm_86_code_runs_there(self):
        report = self.check("sm_50 sm_60 sm_70 sm_75 sm_80 sm_86 sm_90")
        self.assertEqual(report.status, "degraded")
        self.assertRegex(report.problems[0], "sm_89 is not among .*; sm_80, sm_86 code runs on it")

    def test_an_architecture_that_nothing_covers_fails(self):
        report = self.check("sm_80 sm_86 sm_89 sm_90")
        self.assertEqual(report.status, "fail")
        self.assertRegex(report.problems[0], "sm_75 is not covered")

    def test_a_handful_of_code_objects_is_no_set(self):
        counts = {"sm_75": 444, "sm_80": 444, "sm_86": 444, "sm_89": 1, "sm_90": 444}
        report = self.check(self.BUILT, counts)
        self.assertEqual(report.problems, ["sm_89 has 1 code objects where the richest one has 444"])

    def test_counts_that_are_required_and_cannot_be_had_fail(self):
        self.assertEqual(self.check(self.BUILT).status, "pass")
        self.assertEqual(self.check(self.BUILT, require_counts=True).status, "fail")

    def test_a_torch_without_cuda_fails(self):
        self.assertRegex(self.check("").problems[0], "compiled without CUDA")

    def test_a_malformed_arch_list_is_named(self):
        self.assertRegex(self.check(self.BUILT, arch_list="8,9").problems[0], "not an entry of an arch list: '8,9'")

    def test_a_machine_without_a_gpu_skips_the_gpu_tier(self):
        with self.assertRaisesRegex(contract.Skip, "no CUDA GPU"):
            self.check(self.BUILT, tier="gpu")

    def test_code_objects_are_counted_from_cuobjdumps_listing(self):
        listing = "ELF file    1: libtorch_cuda.1.sm_75.cubin\nELF file    2: libtorch_cuda.2.sm_90a.cubin\n" * 2
        self.assertEqual(arch.count_code_objects(listing), {"sm_75": 2, "sm_90a": 2})

    def test_recorded_counts_are_used_only_for_the_torch_they_were_counted_in(self):
        with tempfile.TemporaryDirectory() as folder, mock.patch("shutil.which", return_value=None):
            recorded = Path(folder) / "arch_coverage.json"
            with mock.patch.object(arch, "RECORDED", recorded):
                facts = {"torch": "2.6.0 1eba9b3", "code objects": {"sm_90": 3}}
                recorded.write_text(json.dumps({"facts": facts, "requested": ["sm_80", "sm_90a"]}))
                self.assertEqual(list(map(str, arch.wanted_archs(None))), ["sm_80", "sm_90a"])
                self.assertEqual(list(map(str, arch.wanted_archs("7.5"))), ["sm_75"])
                report = contract.Report("arch-coverage", "build")
                self.assertEqual(arch.find_counts(report, fake_torch(self.BUILT)), {"sm_90": 3})
                recorded.write_text(json.dumps({"facts": facts | {"torch": "2.7.0 abc"}}))
                self.assertIsNone(arch.find_counts(report, fake_torch(self.BUILT)))


class SinglePythonTest(unittest.TestCase):
    def check(self, *programs, links=(), folders=()):
        with tempfile.TemporaryDirectory() as name:
            root = Path(name)
            for program in programs:
                (root / program).parent.mkdir(parents=True, exist_ok=True)
                (root / program).write_text("")
                (root / program).chmod(0o755)
            for link, target in links:
                (root / link).parent.mkdir(parents=True, exist_ok=True)
                (root / link).symlink_to(root / target)
            for folder in folders:
                (root / folder).mkdir(parents=True)
            report = contract.Report("single-python", "build")
            with mock.patch.dict("os.environ", clear=True):
                single.body(report, types.SimpleNamespace(root=root, python="3.10"))
            return report

    def test_one_python_with_a_virtual_environment_passes(self):
        links = [("usr/bin/python3", "usr/bin/python3.10"), ("opt/venv/bin/python3", "usr/bin/python3.10")]
        self.assertEqual(self.check("usr/bin/python3.10", "usr/bin/python3-config", links=links).status, "pass")

    def test_a_second_python_fails(self):
        report = self.check("usr/bin/python3.10", "usr/local/bin/python3.11")
        self.assertRegex(report.problems[0], "expected one Python interpreter, found 2")

    def test_another_version_or_none_fails(self):
        self.assertRegex(self.check("usr/bin/python3.11").problems[0], "expected Python 3.10")
        self.assertRegex(self.check().problems[0], "found 0: none")

    def test_conda_is_found(self):
        for folder in ("opt/conda", "opt/miniforge3", "root/miniconda3"):
            with self.subTest(folder=folder):
                report = self.check("usr/bin/python3.10", folders=[folder])
                self.assertRegex(report.problems[0], "a trace of conda")


class TorchBuildTest(unittest.TestCase):
    def check(self, installed):
        report = contract.Report("torch-build", "build")
        wanted = build.read_constraints((CATALOGUE / "arr-pytorch-base/constraints.txt").read_text())
        with mock.patch.object(build.metadata, "version", side_effect=lambda name: installed[name]):
            build.check_versions(report, wanted)
        return report

    def test_the_versions_of_the_constraints_pass_and_any_other_is_named(self):
        right = {"torch": "2.6.0", "torchvision": "0.21.0", "torchaudio": "2.6.0", "triton": "3.2.0"}
        self.assertEqual(self.check(right).status, "pass")
        report = self.check(right | {"torch": "2.6.0+cu124"})
        self.assertEqual(report.problems, ["torch is 2.6.0+cu124, expected 2.6.0"])


class MlStackTest(unittest.TestCase):
    GOOD = {**stack.FLOORS, "datasets": "2.21.0"}

    def check(self, installed):
        report = contract.Report("ml-stack", "build")
        with mock.patch.object(stack, "installed_version", side_effect=installed.get):
            stack.check_floors(report)
        return report.problems

    def test_packages_at_their_floors_pass(self):
        self.assertEqual(self.check(self.GOOD), [])

    def test_versions_are_compared_as_numbers(self):
        self.assertEqual(self.check(self.GOOD | {"pip": "26.3", "h2": "4.10"}), [])
        self.assertEqual(self.check(self.GOOD | {"h2": "4.2.9"}), ["h2 is 4.2.9, expected 4.3 or later"])

    def test_a_missing_package_ray_and_datasets_3_are_problems(self):
        self.assertEqual(self.check(self.GOOD | {"brotli": None}), ["brotli is not installed, expected 1.2 or later"])
        self.assertRegex(self.check(self.GOOD | {"ray": "2.40"})[0], "ray 2.40 is installed; it must not be")
        self.assertEqual(self.check(self.GOOD | {"datasets": "3.0.1"}), ["datasets is 3.0.1, expected earlier than 3"])


class HeartbeatTest(unittest.TestCase):
    def test_the_health_check_fails_without_a_beat_and_when_the_last_one_is_old(self):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "heartbeat"
            self.assertEqual(heartbeat.main([str(file), "600"]), 1)
            heartbeat.beat(file)
            self.assertEqual(heartbeat.main([str(file), "600"]), 0)
            file.write_text(f"{time.time() - 601}\n")
            self.assertEqual(heartbeat.main([str(file), "600"]), 1)
            file.write_text("damaged")
            self.assertEqual(heartbeat.main([str(file), "600"]), 1)


if __name__ == "__main__":
    unittest.main()
