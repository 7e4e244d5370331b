"""The one error that is the user's to fix."""

from __future__ import annotations


class UserError(Exception):
    """A mistake in settings or input: what is wrong, what was received, what is allowed, what to do."""

    def __init__(self, problem: str, *, received: object = None, allowed: str = "", fix: str = "") -> None:
        lines = [problem]
        if received is not None:
            lines.append(f"  received: {received}")
        if allowed:
            lines.append(f"  allowed:  {allowed}")
        if fix:
            lines.append(f"  fix:      {fix}")
        super().__init__("\n".join(lines))
