"""Watches a GPU through NVML while work runs: utilisation, memory, images a second."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from types import ModuleType, TracebackType


@dataclass(frozen=True)
class GpuStats:
    """What a monitor saw between start and stop."""

    samples: int
    utilization_average: float
    """Per cent of the time in which at least one kernel ran."""
    utilization_peak: float
    memory_average_gb: float
    """Memory in use on the whole GPU, by every process, in 10^9 bytes."""
    memory_peak_gb: float
    seconds: float
    images: int

    @property
    def images_per_second(self) -> float:
        return self.images / self.seconds if self.seconds > 0 else 0.0

    def as_text(self) -> str:
        return "\n".join(
            [
                f"GPU Utilization: {self.utilization_average:.0f}% avg, {self.utilization_peak:.0f}% peak",
                f"GPU Memory: {self.memory_average_gb:.1f}GB avg, {self.memory_peak_gb:.1f}GB peak",
                f"Processing Speed: {self.images_per_second:.0f} img/sec",
            ]
        )


class GpuMonitor:
    """Samples one GPU in a thread of its own.

    with GpuMonitor() as monitor:
        for batch in batches:
            engine.run(batch)
            monitor.count(len(batch))
    print(monitor.stats().as_text())

    The GPU is PyTorch's current one, found by its UUID: NVML does not know CUDA_VISIBLE_DEVICES and counts otherwise.
    A failure to sample is raised by `stats`, never swallowed.
    """

    def __init__(self, interval_seconds: float = 0.1) -> None:
        self._interval = interval_seconds
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._utilization: list[float] = []
        self._memory: list[float] = []
        self._images = 0
        self._seconds = 0.0
        self._started = 0.0
        self._failure: Exception | None = None

    def start(self) -> None:
        """Starts sampling; raises NVML's error where there is no driver."""
        import pynvml

        pynvml.nvmlInit()
        handle = pynvml.nvmlDeviceGetHandleByUUID(_current_gpu_uuid())
        self._stop.clear()
        self._started = time.perf_counter()
        self._thread = threading.Thread(target=self._sample, args=(pynvml, handle), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends sampling; the time counted ends with it."""
        if self._thread is None:
            return
        self._seconds = time.perf_counter() - self._started
        self._stop.set()
        self._thread.join()
        self._thread = None

    def count(self, images: int) -> None:
        """Adds processed images to the throughput."""
        self._images += images

    def stats(self) -> GpuStats:
        """What was seen. Call it after `stop`."""
        if self._failure is not None:
            raise self._failure
        if not self._utilization:
            raise RuntimeError("the GPU monitor has no samples: start it before the work and stop it after")
        return GpuStats(
            samples=len(self._utilization),
            utilization_average=sum(self._utilization) / len(self._utilization),
            utilization_peak=max(self._utilization),
            memory_average_gb=sum(self._memory) / len(self._memory),
            memory_peak_gb=max(self._memory),
            seconds=self._seconds,
            images=self._images,
        )

    def __enter__(self) -> GpuMonitor:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()

    def _sample(self, pynvml: ModuleType, handle: object) -> None:
        try:
            # At least one sample, and one more at the end, however short the work is.
            while True:
                last = self._stop.is_set()
                self._utilization.append(float(pynvml.nvmlDeviceGetUtilizationRates(handle).gpu))
                self._memory.append(pynvml.nvmlDeviceGetMemoryInfo(handle).used / 1e9)
                if last:
                    break
                self._stop.wait(self._interval)
        except pynvml.NVMLError as error:
            self._failure = error
        finally:
            pynvml.nvmlShutdown()


def _current_gpu_uuid() -> str:
    import torch

    return f"GPU-{torch.cuda.get_device_properties(torch.cuda.current_device()).uuid}"
