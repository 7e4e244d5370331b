"""Image Engine and its checks on a machine without torch, with fakes at the import boundary."""

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
IMAGE = CATALOGUE / "vision-trt"
sys.path += [str(IMAGE), str(CATALOGUE / "shared" / "verify")]

from image_engine import settings  # noqa: E402
from image_engine.batch_size import BATCH_SIZES, best_trial, try_batch_sizes  # noqa: E402
from image_engine.benchmark import Agreement, Timing  # noqa: E402
from image_engine.engine import Engine, build_engine, run_batches  # noqa: E402
from image_engine.errors import UserError  # noqa: E402
from image_engine.gpu_monitor import GpuMonitor  # noqa: E402
from image_engine.precision import TOLERANCE, check_precision  # noqa: E402


class OutOfMemoryError(RuntimeError):
    """Stands for torch.cuda.OutOfMemoryError, which is a RuntimeError too."""


def fake_torch() -> types.ModuleType:
    """As much of torch as the tested code calls; `calls` records what was asked of the GPU."""
    torch = types.ModuleType("torch")
    torch.calls = []
    torch.float16, torch.float32 = "float16", "float32"
    torch.__version__ = "2.6.0"
    torch.inference_mode = contextlib.nullcontext
    torch.autocast = lambda device, dtype, enabled: (
        torch.calls.append(("autocast", dtype, enabled)) or contextlib.nullcontext()
    )
    torch.compile = lambda model: model
    properties = types.SimpleNamespace(total_memory=100e9, uuid="0-1-2")
    torch.cuda = types.SimpleNamespace(
        OutOfMemoryError=OutOfMemoryError,
        synchronize=lambda: torch.calls.append("synchronize"),
        empty_cache=lambda: torch.calls.append("empty_cache"),
        reset_peak_memory_stats=lambda: torch.calls.append("reset_peak"),
        max_memory_allocated=lambda: 2_500_000_000,
        is_available=lambda: True,
        current_device=lambda: 0,
        get_device_properties=lambda index: properties,
        get_device_name=lambda: "Fake GPU",
        set_per_process_memory_fraction=lambda fraction: torch.calls.append(("fraction", fraction)),
    )
    return torch


class Batch:
    """A tensor, as far as an engine looks at one."""

    device = types.SimpleNamespace(type="cuda")
    shape = (4, 3, 224, 224)

    def float(self) -> "Batch":
        return self


def load_check(name: str) -> types.ModuleType:
    spec = importlib.util.spec_from_file_location(f"vision_trt_{name}", IMAGE / "verify" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run_check(module: types.ModuleType, name: str, *argv: str) -> tuple[int, dict]:
    """Runs a verify script as its main does; returns its exit code and its report."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.json"
        output = io.StringIO()
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            try:
                module.contract.main(
                    name,
                    module.check,
                    module.__doc__,
                    getattr(module, "add_options", None),
                    [*argv, "--json", str(path)],
                )
            except SystemExit as stop:
                return stop.code, json.loads(path.read_text())
    raise AssertionError("a check must exit")


class SettingsOrder(unittest.TestCase):
    """JSON is YAML, so json.loads stands for yaml.safe_load."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.default = self.write("default.yaml", use_tensorrt=False, precision="fp32", batch_size=8)
        yaml = types.SimpleNamespace(safe_load=json.loads, YAMLError=ValueError)
        for patch in (
            mock.patch.dict(sys.modules, {"yaml": yaml}),
            mock.patch.object(settings, "default_config", lambda: self.default),
        ):
            patch.start()
            self.addCleanup(patch.stop)

    def write(self, name: str, *, use_tensorrt: object, precision: str, batch_size: int, **more: object) -> Path:
        document = {
            "analysis": {
                "ml_models": {
                    "use_tensorrt": use_tensorrt, "tensorrt_precision": precision, "batch_size": batch_size, **more
                }
            },
            "processing": {"clear_cache_frequency": 10},
            "logging": {"level": "INFO"},
        }  # fmt: skip
        path = self.folder / name
        path.write_text(json.dumps(document))
        return path

    def test_config_wins_over_the_environment_which_wins_over_the_default(self) -> None:
        first = self.write("first.yaml", use_tensorrt=True, precision="fp16", batch_size=16)
        second = self.write("second.yaml", use_tensorrt=True, precision="fp16", batch_size=24)
        environment = {"IMAGE_ENGINE_CONFIG": str(second)}
        self.assertEqual(settings.load_settings({}).batch_size, 8)
        self.assertEqual(settings.load_settings(environment).batch_size, 24)
        self.assertEqual(settings.load_settings(environment, config=first).batch_size, 16)

    def test_a_value_comes_from_the_option_then_the_environment_then_the_file(self) -> None:
        environment = {"IMAGE_ENGINE_USE_TENSORRT": "true", "IMAGE_ENGINE_LOG_LEVEL": "debug"}
        found = settings.load_settings(environment)
        self.assertEqual((found.use_tensorrt, found.log_level), (True, "DEBUG"))
        found = settings.load_settings(environment, use_tensorrt="false", batch_size=24, precision="fp16")
        self.assertEqual((found.use_tensorrt, found.batch_size, found.precision), (False, 24, "fp16"))

    def test_a_value_that_is_not_allowed_is_refused_with_what_is(self) -> None:
        for arguments, part in (
            ({"precision": "fp8"}, "fp16, fp32, int8"),
            ({"batch_size": 0}, "from 1 on"),
            ({"use_tensorrt": "perhaps"}, "true"),
        ):
            with self.assertRaisesRegex(UserError, part):
                settings.load_settings({}, **arguments)
        with self.assertRaisesRegex(UserError, "DEBUG, INFO"):
            settings.load_settings({"IMAGE_ENGINE_LOG_LEVEL": "loud"})

    def test_a_file_that_is_missing_or_names_an_unknown_setting_is_refused(self) -> None:
        with self.assertRaisesRegex(UserError, "IMAGE_ENGINE_CONFIG"):
            settings.load_settings({"IMAGE_ENGINE_CONFIG": str(self.folder / "none.yaml")})
        odd = self.write("odd.yaml", use_tensorrt=True, precision="fp16", batch_size=16, colour="red")
        with self.assertRaisesRegex(UserError, "unknown analysis.ml_models.colour"):
            settings.load_settings({}, config=odd)


class BackEnds(unittest.TestCase):
    def setUp(self) -> None:
        self.torch = fake_torch()
        self.modules = mock.patch.dict(sys.modules, {"torch": self.torch})
        self.modules.start()
        self.addCleanup(self.modules.stop)

    def with_tensorrt(self, compile_model: object) -> None:
        sys.modules["torch_tensorrt"] = types.SimpleNamespace(compile=compile_model)

    def test_tensorrt_is_used_where_it_is_there(self) -> None:
        asked = {}
        self.with_tensorrt(lambda model, **options: asked.update(options) or model)
        engine = build_engine(lambda batch: batch, Batch(), precision="fp16")
        self.assertEqual((engine.requested, engine.effective, engine.reason), ("tensorrt fp16", "tensorrt fp16", None))
        self.assertEqual(asked["enabled_precisions"], {"float16", "float32"})
        self.assertEqual(asked["ir"], "dynamo")

    def test_without_tensorrt_fp16_falls_back_to_amp_and_says_why(self) -> None:
        sys.modules["torch_tensorrt"] = None  # as an import that fails
        with self.assertLogs("image_engine", "WARNING"):
            engine = build_engine(lambda batch: batch, Batch(), precision="fp16")
        self.assertEqual((engine.requested, engine.effective), ("tensorrt fp16", "amp fp16"))
        self.assertIn("TensorRT not available", engine.reason)
        self.assertIn(("autocast", "float16", True), self.torch.calls)

    def test_an_engine_that_cannot_be_built_falls_back_too(self) -> None:
        def fail(model: object, **options: object) -> None:
            raise RuntimeError("no converter for aten::odd\nmany more lines")

        self.with_tensorrt(fail)
        with self.assertLogs("image_engine", "WARNING"):
            engine = build_engine(lambda batch: batch, Batch(), precision="fp32")
        self.assertEqual(engine.effective, "pytorch fp32")
        self.assertTrue(engine.reason.endswith("no converter for aten::odd"))

    def test_running_out_of_memory_is_not_a_reason_to_fall_back(self) -> None:
        def fail(model: object, **options: object) -> None:
            raise OutOfMemoryError("CUDA out of memory")

        self.with_tensorrt(fail)
        with self.assertRaises(OutOfMemoryError):
            build_engine(lambda batch: batch, Batch(), precision="fp16")

    def test_int8_needs_calibration_data_and_tensorrt(self) -> None:
        for calibration in (None, []):
            with self.assertRaisesRegex(UserError, "calibration data"):
                check_precision("int8", calibration)
        check_precision("int8", [Batch()])
        with self.assertRaisesRegex(UserError, "TensorRT only"):
            build_engine(lambda batch: batch, Batch(), precision="int8", backend="amp", calibration=[Batch()])

    def test_the_cache_is_emptied_every_so_many_batches(self) -> None:
        engine = Engine(lambda batch: batch, "fp16", "amp fp16", "amp fp16", None, 0.0)
        counted: list[int] = []
        run_batches(engine, [Batch()] * 5, clear_cache_frequency=2, on_batch=counted.append)
        self.assertEqual(counted, [4] * 5)
        self.assertEqual(self.torch.calls.count("empty_cache"), 2)


class BatchSizes(unittest.TestCase):
    def setUp(self) -> None:
        self.torch = fake_torch()
        patch = mock.patch.dict(sys.modules, {"torch": self.torch})
        patch.start()
        self.addCleanup(patch.stop)

    def prepare(self, limit: int, error: Exception):
        def prepare(batch_size: int):
            def run() -> None:
                if batch_size > limit:
                    raise error

            return run

        return prepare

    def test_it_stops_at_the_first_size_that_does_not_fit(self) -> None:
        trials = try_batch_sizes(self.prepare(12, OutOfMemoryError()))
        self.assertEqual([(trial.batch_size, trial.fits) for trial in trials], [(8, True), (12, True), (16, False)])
        self.assertEqual(trials[0].peak_gb, 2.5)
        self.assertIsNone(trials[2].seconds)

    def test_any_other_error_is_raised(self) -> None:
        with self.assertRaisesRegex(RuntimeError, "device-side assert"):
            try_batch_sizes(self.prepare(8, RuntimeError("device-side assert")))

    def test_every_size_starts_with_an_empty_cache_and_a_reset_peak(self) -> None:
        try_batch_sizes(self.prepare(99, OutOfMemoryError()))
        self.assertEqual(self.torch.calls.count("reset_peak"), len(BATCH_SIZES))
        self.assertEqual(self.torch.calls[:2], ["empty_cache", "reset_peak"])

    def test_the_best_is_the_fastest_that_fits(self) -> None:
        self.assertIsNone(best_trial(try_batch_sizes(self.prepare(0, OutOfMemoryError()))))
        self.assertLessEqual(best_trial(try_batch_sizes(self.prepare(12, OutOfMemoryError()))).batch_size, 12)


class Monitor(unittest.TestCase):
    def setUp(self) -> None:
        self.utilization = iter([20, 80])
        self.asked: list[str] = []

        class NVMLError(Exception):
            pass

        self.nvml = types.SimpleNamespace(
            NVMLError=NVMLError,
            nvmlInit=lambda: None,
            nvmlShutdown=lambda: None,
            nvmlDeviceGetHandleByUUID=self.asked.append,
            nvmlDeviceGetUtilizationRates=lambda handle: types.SimpleNamespace(gpu=next(self.utilization, 50)),
            nvmlDeviceGetMemoryInfo=lambda handle: types.SimpleNamespace(used=4_000_000_000),
        )
        patch = mock.patch.dict(sys.modules, {"pynvml": self.nvml, "torch": fake_torch()})
        patch.start()
        self.addCleanup(patch.stop)

    def test_it_reports_average_peak_and_images_a_second_of_the_gpu_in_use(self) -> None:
        with GpuMonitor(interval_seconds=60) as monitor:  # one sample at the start, one at the end
            monitor.count(110)
        stats = monitor.stats()
        self.assertEqual(self.asked, ["GPU-0-1-2"])
        self.assertEqual((stats.samples, stats.utilization_average, stats.utilization_peak), (2, 50, 80))
        self.assertEqual((stats.memory_average_gb, stats.memory_peak_gb), (4.0, 4.0))
        self.assertGreater(stats.images_per_second, 0)
        self.assertIn("GPU Utilization: 50% avg, 80% peak", stats.as_text())
        self.assertIn("GPU Memory: 4.0GB avg, 4.0GB peak", stats.as_text())

    def test_a_failure_to_sample_is_not_swallowed(self) -> None:
        def fail(handle: object) -> None:
            raise self.nvml.NVMLError("driver gone")

        self.nvml.nvmlDeviceGetUtilizationRates = fail
        with GpuMonitor() as monitor:
            pass
        with self.assertRaisesRegex(self.nvml.NVMLError, "driver gone"):
            monitor.stats()

    def test_stats_without_samples_are_an_error(self) -> None:
        with self.assertRaisesRegex(RuntimeError, "no samples"):
            GpuMonitor().stats()


class BenchmarkCheck(unittest.TestCase):
    def run_benchmark(self, *argv: str, reason: str | None, relative_error: float) -> tuple[int, dict]:
        module = load_check("trt_benchmark")

        def build(model: object, batch: object, *, precision: str, backend: str, calibration: object = None) -> Engine:
            effective = f"{backend} {precision}" if reason is None or backend != "tensorrt" else "amp fp16"
            return Engine(
                lambda x: x,
                precision,
                f"{backend} {precision}",
                effective,
                reason if backend == "tensorrt" else None,
                2.0,
            )

        with (
            mock.patch.dict(sys.modules, {"torch": fake_torch()}),
            mock.patch.object(module, "build_engine", build),
            mock.patch.object(module, "synthetic_resnet", lambda device: None),
            mock.patch.object(module, "synthetic_images", lambda *a, **k: Batch()),
            mock.patch.object(module.benchmark, "reference_output", lambda model, batch: None),
            mock.patch.object(module.benchmark, "time_engine", lambda run, batch: Timing(0.005, 800.0)),
            mock.patch.object(
                module.benchmark, "compare", lambda e, b, r: Agreement(relative_error, 1.0, TOLERANCE[e.precision])
            ),
        ):
            return run_check(module, "vision-trt-benchmark", "--tier", "gpu", *argv)

    def test_what_was_asked_for_and_agrees_passes(self) -> None:
        code, report = self.run_benchmark(reason=None, relative_error=4e-4)
        self.assertEqual((code, report["status"], report["effective"]), (0, "pass", "tensorrt fp16"))
        self.assertEqual(report["facts"]["optimised"]["first_run_seconds"], 2.0)
        self.assertEqual(
            set(report["facts"]) & {"baseline", "optimised", "amp", "amp-inductor"},
            {"baseline", "optimised", "amp", "amp-inductor"},
        )

    def test_a_fall_back_is_degraded_and_fails_unless_it_is_allowed(self) -> None:
        code, report = self.run_benchmark(reason="TensorRT not available: ImportError: x", relative_error=4e-4)
        self.assertEqual((code, report["status"]), (1, "degraded"))
        self.assertEqual((report["requested"], report["effective"]), ("tensorrt fp16", "amp fp16"))
        code, _ = self.run_benchmark("--allow-degraded", reason="TensorRT not available: x", relative_error=4e-4)
        self.assertEqual(code, 0)

    def test_an_output_outside_its_tolerance_fails_even_where_degraded_is_allowed(self) -> None:
        for error in (2e-3, float("nan")):
            code, report = self.run_benchmark("--allow-degraded", reason=None, relative_error=error)
            self.assertEqual((code, report["status"]), (1, "fail"))

    def test_without_a_gpu_it_is_skipped(self) -> None:
        torch = fake_torch()
        torch.cuda.is_available = lambda: False
        with mock.patch.dict(sys.modules, {"torch": torch}):
            code, report = run_check(load_check("trt_benchmark"), "vision-trt-benchmark", "--tier", "gpu")
        self.assertEqual((code, report["status"]), (77, "skip"))

    def test_at_build_the_rules_are_checked_without_torch(self) -> None:
        code, report = run_check(load_check("trt_benchmark"), "vision-trt-benchmark")
        self.assertEqual((code, report["status"]), (0, "pass"))


class ImportCheck(unittest.TestCase):
    def run_imports(self, failure: str, *argv: str) -> tuple[int, dict]:
        module = load_check("trt_imports")

        def require(name: str) -> types.ModuleType:
            if name == "tensorrt":
                raise module.contract.Failed(failure)
            return types.ModuleType(name)

        with (
            mock.patch.object(module.importlib.metadata, "version", lambda name: module.EXPECTED[name] or "1"),
            mock.patch.object(module.contract, "require_module", require),
        ):
            return run_check(module, "vision-trt-imports", *argv)

    def test_a_missing_driver_does_not_fail_a_build(self) -> None:
        code, report = self.run_imports("ImportError: libcuda.so.1: cannot open shared object file")
        self.assertEqual(code, 0)
        self.assertIn("driver", report["facts"]["tensorrt"])

    def test_any_other_import_that_fails_does(self) -> None:
        code, report = self.run_imports("ImportError: undefined symbol: _ZN3c10")
        self.assertEqual(code, 1)
        self.assertEqual(report["problems"], ["ImportError: undefined symbol: _ZN3c10"])

    def test_another_version_than_the_pinned_one_fails(self) -> None:
        module = load_check("trt_imports")
        with (
            mock.patch.object(module.importlib.metadata, "version", lambda name: "2.7.0"),
            mock.patch.object(module.contract, "require_module", lambda name: None),
        ):
            code, report = run_check(module, "vision-trt-imports")
        self.assertEqual(code, 1)
        self.assertIn("torch is 2.7.0, 2.6.0 was pinned", report["problems"])


class BatchSizeCheck(unittest.TestCase):
    def test_the_cap_is_set_and_a_size_that_does_not_fit_is_reported(self) -> None:
        module = load_check("trt_batch_size")
        torch = fake_torch()

        def build(model: object, batch: object, **options: object) -> Engine:
            if batch > 16:
                raise OutOfMemoryError
            return Engine(lambda x: x, "fp16", "amp fp16", "amp fp16", None, 0.1)

        with (
            mock.patch.dict(sys.modules, {"torch": torch}),
            mock.patch.object(module, "build_engine", build),
            mock.patch.object(module, "synthetic_resnet", lambda device: None),
            mock.patch.object(module, "synthetic_images", lambda count, *a, **k: count),
        ):
            code, report = run_check(
                module, "vision-trt-batch-size", "--tier", "gpu", "--memory-cap-gb", "11", "--expect-oom"
            )
        self.assertEqual(code, 0, report)
        self.assertIn(("fraction", 0.11), torch.calls)
        self.assertEqual([trial["fits"] for trial in report["facts"]["trials"]], [True, True, True, False])


if __name__ == "__main__":
    unittest.main()
