"""Small programs that behave as the real ones do, or as badly as they can."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep


def program(folder: Path, name: str, body: str) -> Path:
    """A shell script in ``folder``."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def alive(mark: str) -> list[int]:
    """The processes whose command line contains ``mark``."""
    pids = (int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit())
    return [pid for pid in pids if mark in line(pid)]


def gone(mark: str) -> bool:
    """Whether all such processes end now; those that were signalled may still be at it."""
    end = monotonic() + 2
    while alive(mark) and monotonic() < end:
        sleep(0.01)
    return not alive(mark)


def line(pid: int) -> str:
    """A process's command line; empty for one that has ended."""
    try:
        return (
            Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        )
    except OSError:
        return ""


@contextmanager
def leftovers_ended(mark: str) -> Iterator[None]:
    """Ends what a test left running on purpose."""
    try:
        yield
    finally:
        for pid in alive(mark):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
