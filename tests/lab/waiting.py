"""Waiting by asking again, never by a fixed sleep."""

import time
from collections.abc import Callable

from lab.errors import LabError


def wait_until(
    true: Callable[[], object], what: str, timeout: float = 40, interval: float = 0.05
) -> None:
    """Returns once ``true()`` holds; raises LabError that says ``what`` was waited for."""
    deadline = time.monotonic() + timeout
    while not true():
        if time.monotonic() > deadline:
            raise LabError(f"waited {timeout:.0f} s in vain: {what}")
        time.sleep(interval)
