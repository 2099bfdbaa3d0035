"""What the kernel and systemd say of charon's process and its surroundings."""

from __future__ import annotations

from typing import NamedTuple


class Process(NamedTuple):
    """A process. ``resident`` is its memory in bytes, None where the kernel does not say."""

    name: str
    pid: int
    threads: int | None
    resident: int | None
