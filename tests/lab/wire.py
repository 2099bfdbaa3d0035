"""What really leaves and arrives: a datagram from one host, seen on the other's cable."""

import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress

from lab.errors import LabError
from lab.hosts import ENVIRONMENT, Host, run
from lab.scenario import v4

PORT = 4242
WORD = "who-can-read-this"
# what tcpdump prints of a packet, in the order in which one may hold another
SEEN = (("ESP(", "ESP"), ("AH(", "AH"), (WORD, "clear text"))
SECONDS = 2.0

SEND = """\
import socket, sys
source, destination, port, mark, word = sys.argv[1:]
family = socket.AF_INET6 if ":" in source else socket.AF_INET
with socket.socket(family, socket.SOCK_DGRAM) as sender:
    sender.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, int(mark))
    sender.bind((source, 0))
    try:
        sender.sendto(word.encode(), (destination, int(port)))
    except (PermissionError, FileExistsError):
        pass  # blocked; the SPI is taken by a state that does not fit
"""
RECEIVE = """\
import socket, sys
address, port = sys.argv[1:]
family = socket.AF_INET6 if ":" in address else socket.AF_INET
with socket.socket(family, socket.SOCK_DGRAM) as receiver:
    receiver.bind((address, int(port)))
    print("listens", flush=True)
    print(receiver.recv(2000).decode())
"""


def prove(
    sender: Host, receiver: Host, seen: str, *,
    ends: tuple[str, str] | None = None, port: int = PORT, mark: int = 0,
) -> None:  # fmt: skip
    """A datagram arrives on the receiver's cable as ``seen``.

    That is "ESP", "readable ESP" (nothing in it is encrypted), "AH", "clear text" or
    "nothing". ``ends`` are its addresses, by default the IPv4 ones that all share.
    """
    words = ["-i", f"{receiver.name}-eth0", "-Q", "out", "-c", "1", "-n", "-A", "-Z", "root"]
    watch = ["tcpdump", *words, "--immediate-mode", f"esp or ah or udp port {port}"]
    with _Running(watch) as tcpdump:
        tcpdump.wait_for("listening on")
        _send(sender, ends or _ends(sender, receiver), port, mark)
        text = tcpdump.text()
    if (was := _told(text)) != seen:
        raise LabError(
            f"on the wire from {sender.name} to {receiver.name}: {was}, not {seen}\n{text}"
        )


def prove_inbound(
    sender: Host, receiver: Host, fate: str, *,
    ends: tuple[str, str] | None = None, port: int = PORT, mark: int = 0,
) -> None:  # fmt: skip
    """The receiver's kernel has a datagram "let in" to its program, or "dropped" it."""
    both = ends or _ends(sender, receiver)
    listen = _inside(receiver, RECEIVE, both[1], str(port))
    with _Running(listen) as program:
        program.wait_for("listens")
        _send(sender, both, port, mark)
        was = "let in" if WORD in program.text() else "dropped"
    if was != fate:
        raise LabError(f"from {sender.name} to {receiver.name}: {was}, not {fate}")


def _ends(sender: Host, receiver: Host) -> tuple[str, str]:
    return v4(sender.name), v4(receiver.name)


def _send(sender: Host, ends: tuple[str, str], port: int, mark: int) -> None:
    run(*_inside(sender, SEND, *ends, str(port), str(mark), WORD))


def _inside(host: Host, program: str, *arguments: str) -> list[str]:
    """The machine's Python in the network of a host."""
    return ["nsenter", "--target", host.pid, "--net", sys.executable, "-c", program, *arguments]


def _told(text: str) -> str:
    """What tcpdump has seen, in words."""
    kind = next((kind for sign, kind in SEEN if sign in text), "nothing")
    return f"readable {kind}" if kind == "ESP" and WORD in text else kind


class _Running:
    """A program, until it has said all or its time is up."""

    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="latin-1",
            env=ENVIRONMENT,
        )

    def __enter__(self) -> "_Running":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    def wait_for(self, words: str) -> None:
        """Returns once it has said so."""
        said = ""
        assert self._process.stdout
        for line in self._process.stdout:
            if words in line:
                return
            said += line
        raise LabError(f"{self._process.args!r}: {said}")

    def text(self) -> str:
        """What it says before it ends, at most so many seconds from now."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(SECONDS + 1)
        self._process.terminate()
        return self._process.communicate()[0]
