"""Spot scheduling for the agent's Vertex AI jobs.

The agent submits jobs with a fixed set of arguments, and `scheduling_strategy` is not among them: what a queue says of it
is dropped. `apply` gives the job class of the Vertex AI SDK those arguments as defaults, for this process; a caller that
names one still has its way.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

STRATEGIES = ("SPOT", "STANDARD", "FLEX_START")


@dataclass(frozen=True)
class Scheduling:
    """How Vertex AI finds machines for a job."""

    strategy: str
    """SPOT, STANDARD or FLEX_START."""
    max_wait_seconds: int | None = None
    """How long a job may wait for machines; None leaves it to Vertex AI."""


def from_environment(environment: dict[str, str]) -> Scheduling | None:
    """What VERTEX_SCHEDULING_STRATEGY and VERTEX_MAX_WAIT_SECONDS say; None where the strategy is not set."""
    strategy = environment.get("VERTEX_SCHEDULING_STRATEGY")
    if not strategy:
        return None
    if strategy not in STRATEGIES:
        raise ValueError(f"VERTEX_SCHEDULING_STRATEGY is {strategy!r}; expected one of {', '.join(STRATEGIES)}")
    wait = environment.get("VERTEX_MAX_WAIT_SECONDS")
    if wait is not None and not wait.isdecimal():
        raise ValueError(f"VERTEX_MAX_WAIT_SECONDS is {wait!r}; expected whole seconds")
    return Scheduling(strategy, None if wait is None else int(wait))


def apply(scheduling: Scheduling, job_class: Any, strategies: Any) -> None:
    """Makes `run` and `submit` of a job class schedule accordingly.

    `job_class` is aiplatform.CustomJob and `strategies` the SDK's enumeration of strategies.
    A spot job is restarted when its machine is taken away: the trainer goes on from its checkpoint.
    """
    defaults: dict[str, Any] = {"scheduling_strategy": strategies[scheduling.strategy]}
    if scheduling.max_wait_seconds is not None:
        defaults["max_wait_duration"] = scheduling.max_wait_seconds
    for name in ("run", "submit"):
        setattr(job_class, name, _with_defaults(getattr(job_class, name), defaults, scheduling.strategy == "SPOT"))


def _with_defaults(method: Any, defaults: dict[str, Any], restart: bool) -> Any:
    @functools.wraps(method)
    def scheduled(self: Any, *args: Any, **kwargs: Any) -> Any:
        if restart:
            # The agent always names this one, False where the queue says nothing.
            kwargs["restart_job_on_worker_restart"] = True
        return method(self, *args, **(defaults | kwargs))

    return scheduled
