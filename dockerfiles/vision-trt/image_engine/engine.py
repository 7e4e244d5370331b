"""An engine: a model made fast for one precision and batch shape, which says what it was asked for and what it is.

Back ends, best first:

    tensorrt      compiled by Torch-TensorRT for exactly this GPU; never stored, since an engine fits one architecture
    amp-inductor  automatic mixed precision, compiled by torch.compile (only where asked for by name)
    amp           automatic mixed precision, eager PyTorch; what TensorRT falls back to at fp16 and int8
    pytorch       eager PyTorch at fp32; what TensorRT falls back to at fp32

A fall-back is never silent: `Engine.requested`, `Engine.effective` and `Engine.reason` say it, and callers report it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .errors import UserError
from .precision import check_precision

if TYPE_CHECKING:
    import torch

BACKENDS = ("tensorrt", "amp-inductor", "amp", "pytorch")

_log = logging.getLogger("image_engine")


@dataclass(frozen=True)
class Engine:
    """A model that is ready to run; `run` takes and returns fp32 batches."""

    run: Callable[[torch.Tensor], torch.Tensor]
    precision: str
    """The effective precision."""
    requested: str
    """Back end and precision asked for, such as "tensorrt fp16"."""
    effective: str
    """Back end and precision that run."""
    reason: str | None
    """Why these differ; None where they do not."""
    first_run_seconds: float
    """Building and the first batch: compilation, engine building, autotuning. Later batches do not pay it."""


def build_engine(
    model: torch.nn.Module,
    example: torch.Tensor,
    *,
    precision: str,
    backend: str = "tensorrt",
    calibration: Sequence[torch.Tensor] | None = None,
) -> Engine:
    """Builds an engine for batches shaped like `example` and runs it once.

    `model` is left as it was. Raises UserError for an unknown back end or precision, for int8 without calibration
    batches or on a back end other than TensorRT, and OutOfMemoryError where the model does not fit.
    """
    import torch

    check_precision(precision, calibration)
    if backend not in BACKENDS:
        raise UserError("unknown back end", received=backend, allowed=", ".join(BACKENDS))
    if precision == "int8" and backend != "tensorrt":
        raise UserError("int8 runs on TensorRT only", received=f"{backend} int8", fix="choose tensorrt, or fp16")

    start = time.perf_counter()
    effective, effective_precision, reason = backend, precision, None
    try:
        run = _BUILDERS[backend](model, example, precision, calibration or ())
        _run_once(run, example)
    except torch.cuda.OutOfMemoryError:
        raise
    except Exception as error:  # a missing package, an operator without converter, a builder failure: all mean "cannot"
        if backend != "tensorrt":
            raise
        effective = "pytorch" if precision == "fp32" else "amp"
        effective_precision = "fp32" if precision == "fp32" else "fp16"
        reason = f"TensorRT not available: {type(error).__name__}: {_first_line(error)}"
        _log.warning("%s; falling back to %s", reason, effective)
        run = _BUILDERS[effective](model, example, effective_precision, ())
        _run_once(run, example)
    return Engine(
        run=run,
        precision=effective_precision,
        requested=f"{backend} {precision}",
        effective=f"{effective} {effective_precision}",
        reason=reason,
        first_run_seconds=time.perf_counter() - start,
    )


def run_batches(
    engine: Engine, batches: Iterable[torch.Tensor], *, clear_cache_frequency: int, on_batch: Callable[[int], None]
) -> None:
    """Runs every batch, tells `on_batch` how many images each had, and empties the CUDA cache every so many batches."""
    import torch

    for number, batch in enumerate(batches, start=1):
        engine.run(batch)
        torch.cuda.synchronize()
        on_batch(batch.shape[0])
        if clear_cache_frequency and number % clear_cache_frequency == 0:
            torch.cuda.empty_cache()


_Builder = Callable[
    ["torch.nn.Module", "torch.Tensor", str, "Sequence[torch.Tensor]"], Callable[["torch.Tensor"], "torch.Tensor"]
]


def _pytorch(
    model: torch.nn.Module, example: torch.Tensor, precision: str, calibration: Sequence[torch.Tensor]
) -> Callable[[torch.Tensor], torch.Tensor]:
    if precision != "fp32":
        raise UserError("the pytorch back end runs fp32 only", received=f"pytorch {precision}", fix="choose amp")
    return _without_gradients(model)


def _amp(
    model: torch.nn.Module, example: torch.Tensor, precision: str, calibration: Sequence[torch.Tensor]
) -> Callable[[torch.Tensor], torch.Tensor]:
    return _autocast(model, example, precision)


def _amp_inductor(
    model: torch.nn.Module, example: torch.Tensor, precision: str, calibration: Sequence[torch.Tensor]
) -> Callable[[torch.Tensor], torch.Tensor]:
    import torch

    return _autocast(torch.compile(model), example, precision)


def _autocast(
    model: Callable[[torch.Tensor], torch.Tensor], example: torch.Tensor, precision: str
) -> Callable[[torch.Tensor], torch.Tensor]:
    import torch

    enabled = precision == "fp16"

    def run(batch: torch.Tensor) -> torch.Tensor:
        with torch.inference_mode(), torch.autocast(example.device.type, torch.float16, enabled=enabled):
            return model(batch).float()

    return run


def _tensorrt(
    model: torch.nn.Module, example: torch.Tensor, precision: str, calibration: Sequence[torch.Tensor]
) -> Callable[[torch.Tensor], torch.Tensor]:
    import torch
    import torch_tensorrt

    if precision == "int8":
        compiled = _tensorrt_int8(model, example, calibration)
    else:
        # fp32 stays enabled beside fp16: the builder then keeps a layer at fp32 where fp16 gains nothing.
        enabled = {torch.float32} if precision == "fp32" else {torch.float16, torch.float32}
        compiled = torch_tensorrt.compile(model, ir="dynamo", inputs=[example], enabled_precisions=enabled)
    return _without_gradients(compiled)


def _tensorrt_int8(
    model: torch.nn.Module, example: torch.Tensor, calibration: Sequence[torch.Tensor]
) -> Callable[[torch.Tensor], torch.Tensor]:
    """Post-training quantisation: ModelOpt measures every layer's range on the calibration batches."""
    import copy

    import modelopt.torch.quantization as quantization
    import torch
    import torch_tensorrt
    from modelopt.torch.quantization.utils import export_torch_mode

    def measure(quantized: torch.nn.Module) -> None:
        with torch.inference_mode():
            for batch in calibration:
                quantized(batch)

    quantized = quantization.quantize(copy.deepcopy(model), quantization.INT8_DEFAULT_CFG, measure)
    with torch.no_grad(), export_torch_mode():
        exported = torch.export.export(quantized, (example,))
        return torch_tensorrt.dynamo.compile(
            exported, inputs=[example], enabled_precisions={torch.int8, torch.float32}, truncate_double=True
        )


_BUILDERS: dict[str, _Builder] = {
    "tensorrt": _tensorrt,
    "amp-inductor": _amp_inductor,
    "amp": _amp,
    "pytorch": _pytorch,
}


def _without_gradients(model: Callable[[torch.Tensor], torch.Tensor]) -> Callable[[torch.Tensor], torch.Tensor]:
    import torch

    def run(batch: torch.Tensor) -> torch.Tensor:
        with torch.inference_mode():
            return model(batch)

    return run


def _run_once(run: Callable[[torch.Tensor], torch.Tensor], example: torch.Tensor) -> None:
    import torch

    run(example)
    torch.cuda.synchronize()


def _first_line(error: Exception) -> str:
    return (str(error).strip() or "no message").splitlines()[0]
