"""Trying again what may only have failed this once."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


def with_retries(
    ask: Callable[[], Result],
    is_passing: Callable[[Exception], bool],
    tries: int,
    first_wait: float,
    say: Callable[[str], None] = print,
    sleep: Callable[[float], None] = time.sleep,
) -> Result:
    """The result of `ask`, called up to `tries` times.

    After an error for which `is_passing` says so it waits `first_wait` seconds, then twice as long each time; any other
    error, and the last one, is raised.
    """
    wait = first_wait
    for attempt in range(1, tries + 1):
        try:
            return ask()
        except Exception as error:
            if attempt == tries or not is_passing(error):
                raise
            say(f"attempt {attempt} of {tries} failed ({type(error).__name__}: {error}), next in {wait:g} s")
            sleep(wait)
            wait *= 2
    raise ValueError(f"tries must be at least 1, received {tries}")
