"""Named points at which tests may crash the log; in production nothing happens there."""

from collections.abc import Callable

Fault = Callable[[str], None]
"""Called with the name of the point just reached; may raise."""


def no_fault(_: str) -> None:
    """Let the log go on."""
