"""Where series go: standard output, a file that is replaced as a whole, or carbon."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Callable
from threading import Thread
from typing import NamedTuple

from check_ipsec.errors import CommandFailed, UsageError
from check_ipsec.host.replacing import SAFE, folder_of, is_replaceable, replace
from check_ipsec.untrusted import plain

# who scrapes the file is another user
MODE = 0o644
# carbon takes a thousand lines in some milliseconds
SECONDS = 5.0
LARGEST = 256 * 2**20
ADDRESS = re.compile(
    r"\[(?P<literal>[^\[\]]+)\]:(?P<port>[0-9]{1,5})|(?P<host>[^:\[\]\s]+):([0-9]{1,5})"
)


class Address(NamedTuple):
    """Where carbon listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def address(text: str) -> Address:
    """``HOST:PORT`` or ``[ADDRESS]:PORT``, as an option's value. Raises UsageError."""
    found = ADDRESS.fullmatch(text)
    port = int(found[2] or found[4]) if found else 0
    if not found or not 0 < port < 2**16:
        raise UsageError(f"--graphite {plain(text)}: not HOST:PORT or [ADDRESS]:PORT")
    return Address(found[1] or found[3], port)


# --- a file -----------------------------------------------------------------------


def write(path: str, text: str) -> None:
    """Put ``text`` in the place of a file. Raises CommandFailed; then it is as it was."""
    try:
        with folder_of(path) as (folder, name):
            if not is_replaceable(folder, name):
                raise CommandFailed(f"{path}: not a file")
            replace(folder, name, encoded(text), MODE)
    except OSError as error:
        raise CommandFailed(f"{path}: {error.strerror or error}") from error


def last(path: str) -> str:
    """What the file holds now, or nothing."""
    try:
        with folder_of(path) as (folder, name):
            file = os.open(name, os.O_RDONLY | SAFE, dir_fd=folder)
            with os.fdopen(file, "rb") as opened:
                return opened.read(LARGEST).decode("utf-8", "surrogateescape")
    except OSError:
        return ""


def encoded(text: str) -> bytes:
    """The bytes of a text; what is not UTF-8 stays as it is."""
    return text.encode("utf-8", "surrogateescape")


# --- carbon -----------------------------------------------------------------------


def send(to: Address, text: str, seconds: float = SECONDS) -> None:
    """Send lines, and wait until all are taken. Raises CommandFailed."""
    problem = within(seconds, lambda: talk(to, encoded(text), seconds))
    if problem:
        raise CommandFailed(f"graphite {to}: {problem}")


def talk(to: Address, data: bytes, seconds: float) -> None:
    """The conversation: carbon says nothing, and hangs up once it has read all."""
    with socket.create_connection(to, seconds) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(4096):
            pass


def within(seconds: float, act: Callable[[], None]) -> str:
    """Why ``act`` could not be done, or an empty text.

    In a thread, for neither a name server nor a peer that takes a byte a second knows of time.
    """
    problems: list[str] = []

    def acting() -> None:
        try:
            act()
        except OSError as error:
            problems.append(error.strerror or str(error))
        except Exception as error:
            problems.append(f"{type(error).__name__}: {error}")

    thread = Thread(target=acting, daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        return f"not done within {seconds:g} s"
    return problems[0] if problems else ""
