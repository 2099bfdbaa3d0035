"""Files that are replaced as a whole: who reads one sees the earlier text or the new one.

A draft beside it, fsync, rename. No link is followed, neither of the file nor of its folder.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

SAFE = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


@contextmanager
def folder_of(file: str) -> Iterator[tuple[int, str]]:
    """The folder of a file, open, and the name in it. Raises OSError."""
    path = Path(file).absolute()
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | SAFE)
    try:
        yield folder, path.name
    finally:
        os.close(folder)


def is_replaceable(folder: int, name: str) -> bool:
    """Whether there is a regular file of that name, or nothing."""
    with suppress(FileNotFoundError):
        return stat.S_ISREG(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    return True


def replace(folder: int, name: str, data: bytes, mode: int) -> None:
    """Put ``data`` in the place of a file. Raises OSError; then the file is as it was.

    The draft of a run that was killed is thrown away first.
    """
    draft = f".{name}.new"
    with suppress(FileNotFoundError):
        os.unlink(draft, dir_fd=folder)
    try:
        with os.fdopen(created(folder, draft, os.O_WRONLY | os.O_EXCL, mode), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.rename(draft, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with suppress(OSError):
            os.unlink(draft, dir_fd=folder)
        raise


def created(folder: int, name: str, flags: int, mode: int) -> int:
    """A file, open, with that mode whatever the umask.

    What only its owner may read is that of the folder's owner.
    """
    file = os.open(name, flags | os.O_CREAT | SAFE, mode, dir_fd=folder)
    try:
        owner, own = os.fstat(folder), os.fstat(file)
        if own.st_uid == os.geteuid():
            os.fchmod(file, mode)
        if os.geteuid() == 0 and not mode & 0o077 and own.st_uid != owner.st_uid:
            os.fchown(file, owner.st_uid, owner.st_gid)
    except BaseException:
        os.close(file)
        raise
    return file
