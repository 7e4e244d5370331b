import contextlib
import io
import json
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[3] / "dockerfiles/shared/verify"))
import contract


def run(body, *argv):
    """Exit code, text and report of a check."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "new" / "report.json"
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
            try:
                contract.main("sample", body, "a sample", argv=[*argv, "--json", str(path)])
            except SystemExit as ended:
                return ended.code, out.getvalue(), json.loads(path.read_text())


class ContractTest(unittest.TestCase):
    def test_a_check_that_finds_nothing_wrong_passes_and_reports_what_it_saw(self):
        def body(report, options):
            report.requested, report.effective = "int8", "fp16"
            report.facts["seen"] = [1, 2]

        code, text, report = run(body)
        self.assertEqual(code, 0)
        self.assertIn("sample (build): pass\n  requested: int8\n  effective: fp16\n  seen: [1, 2]", text)
        self.assertEqual(
            report,
            {
                "schema": "strata/verification@1",
                "check": "sample",
                "tier": "build",
                "status": "pass",
                "requested": "int8",
                "effective": "fp16",
                "facts": {"seen": [1, 2]},
                "problems": [],
            },
        )

    def test_all_problems_are_reported_not_only_the_first(self):
        def body(report, options):
            report.problem("one")
            report.problem("two")
            raise contract.Failed("three")

        code, _, report = run(body, "--tier", "gpu")
        self.assertEqual((code, report["status"], report["tier"]), (1, "fail", "gpu"))
        self.assertEqual(report["problems"], ["one", "two", "three"])

    def test_a_skip_exits_77_with_its_reason(self):
        def body(report, options):
            raise contract.Skip("no CUDA GPU on this machine")

        code, _, report = run(body)
        self.assertEqual((code, report["status"], report["problems"]), (77, "skip", ["no CUDA GPU on this machine"]))

    def test_a_failure_before_a_skip_is_a_failure(self):
        def body(report, options):
            report.problem("broken")
            raise contract.Skip("no GPU")

        self.assertEqual(run(body)[0], 1)

    def test_degraded_fails_unless_allowed_and_never_hides_a_failure(self):
        def degraded(report, options):
            report.degrade("less than asked for")

        def both(report, options):
            report.degrade("less than asked for")
            report.problem("broken")

        code, _, report = run(degraded)
        self.assertEqual((code, report["status"]), (1, "degraded"))
        code, _, report = run(degraded, "--allow-degraded")
        self.assertEqual((code, report["status"]), (0, "degraded"))
        code, _, report = run(both, "--allow-degraded")
        self.assertEqual((code, report["status"]), (1, "fail"))

    def test_an_unexpected_error_is_a_failure_with_a_report(self):
        def body(report, options):
            {}["missing"]

        code, _, report = run(body)
        self.assertEqual((code, report["problems"]), (1, ["unexpected KeyError: 'missing'"]))

    def test_a_module_that_is_not_there_is_a_failure_that_names_it(self):
        def body(report, options):
            contract.require_module("no_such_module")

        code, _, report = run(body)
        self.assertEqual(code, 1)
        self.assertRegex(report["problems"][0], "module no_such_module cannot be imported: ModuleNotFoundError")


if __name__ == "__main__":
    unittest.main()
