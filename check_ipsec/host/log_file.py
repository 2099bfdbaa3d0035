"""The end of a log file, in a bounded time however long it is, and while it is rotated."""

from __future__ import annotations

import os
from contextlib import suppress
from stat import S_ISREG

from check_ipsec.host.files import decoded, encoded
from check_ipsec.host.sources import LOG_BYTES


def end_of(path: str) -> str | None:
    """Whole lines from the end of a file, LOG_BYTES at most; None where it cannot be read.

    Where the file was begun anew, the end of ``path.1``, where logrotate leaves the older one,
    stands before it. A file that is renamed under the reading is read to its end; of one that
    is cut there is less, or nothing.
    """
    newest = _end(path, LOG_BYTES)
    if newest is None:
        return None
    older = _end(f"{path}.1", LOG_BYTES - len(newest)) if len(newest) < LOG_BYTES else b""
    return decoded((older or b"") + newest)


def _end(path: str, most: int) -> bytes | None:
    """The last whole lines, in ``most`` bytes."""
    with suppress(OSError):
        # what blocks, as a pipe does, is no log
        descriptor = os.open(encoded(path), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not S_ISREG(status.st_mode):
                return None
            begin = max(0, status.st_size - most)
            file.seek(begin)
            data = file.read(most)
        return _whole_lines(data, cut=begin > 0)
    return None


def _whole_lines(data: bytes, cut: bool) -> bytes:
    """Without the line that it begins in, and the one that is being written."""
    begin = data.find(b"\n") + 1 if cut else 0
    return data[begin : data.rfind(b"\n") + 1]
