"""A sign of life that a health check can read, and the health check.

The trainer writes the time into a file after each step. A container whose process exists but has hung (a lost GPU, a
collective operation that waits for a dead peer) stops doing so, and the check fails.

    python3 -m arr_trainer.heartbeat FILE SECONDS     exit 0: FILE was written within SECONDS; 1: it was not
"""

from __future__ import annotations

import sys
import time
from pathlib import Path


def beat(file: Path) -> None:
    """Says that a step is done."""
    file.write_text(f"{time.time()}\n", encoding="utf-8")


def age(file: Path, now: float) -> float | None:
    """Seconds since the last beat, None where there was none."""
    try:
        return now - float(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None


def main(argv: list[str]) -> int:
    file, limit = Path(argv[0]), float(argv[1])
    seconds = age(file, time.time())
    if seconds is None:
        print(f"no heartbeat in {file}")
        return 1
    print(f"last heartbeat {seconds:.0f} s ago, allowed {limit:.0f} s")
    return 0 if seconds <= limit else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
