"""swanctl.conf files with what they say beside them, and the real ``swanctl --load-conns``.

swanctl speaks to a socket that stands in for charon's: every request is kept and granted, so
the messages tell how it resolves a file. ``python3 -m tests.swanctl`` writes what is expected
again.
"""

import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from typing import Any

from check_ipsec.configuration.swanctl_conf import Node, Settings, load, names_of, read, values_of
from check_ipsec.configuration.swanctl_keys import listed
from check_ipsec.errors import CheckIpsecError
from check_ipsec.host.files import DiskFiles

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures" / "swanctl.conf"
# what swanctl sends as lists (load_conns.c, is_list_key)
LISTS = (
    *("local_addrs", "remote_addrs", "proposals", "esp_proposals", "ah_proposals", "local_ts"),
    *("remote_ts", "vips", "pools", "groups", "cert_policy"),
)

SWANCTL = "/usr/sbin/swanctl"
REQUEST, RESPONSE = 0, 1
SECTION_START, SECTION_END, KEY_VALUE, LIST_START, LIST_ITEM, LIST_END = range(1, 7)
SUCCESS = bytes([KEY_VALUE, 7]) + b"success" + b"\0\3yes"


def loaded(path: Path, folder: Path) -> dict[str, Any] | None:
    """The connections that swanctl wants to load, as nested dicts; None where it refuses."""
    with Charon(folder / "vici") as charon:
        done = subprocess.run(
            [SWANCTL, "--load-conns", "--file", path, "--uri", f"unix://{folder}/vici"],
            capture_output=True,
            text=True,
            timeout=20,
            env={"PATH": os.defpath, "LC_ALL": "C"},
        )
    if "invalid config file" in done.stderr:
        return None
    assert done.returncode == 0, done.stderr
    return charon.connections


class Charon:
    """Grants what it is asked for, and keeps the connections."""

    def __init__(self, path: Path) -> None:
        self.connections: dict[str, Any] = {}
        path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(path))
        self._socket.listen()
        self._socket.settimeout(20)
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> "Charon":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        connection, _ = self._socket.accept()
        connection.settimeout(20)
        with connection, connection.makefile("rwb") as stream:
            while head := stream.read(4):
                packet = stream.read(int.from_bytes(head, "big"))
                stream.write(self._answer(packet))
                stream.flush()

    def _answer(self, packet: bytes) -> bytes:
        length = packet[1]
        name, message = packet[2 : 2 + length], packet[2 + length :]
        if name == b"load-conn":
            self.connections.update(section(elements(message)))
        answer = bytes([RESPONSE]) + (b"" if name == b"get-conns" else SUCCESS)
        return len(answer).to_bytes(4, "big") + answer


def elements(message: bytes) -> Iterator[tuple[int, str, str]]:
    """The elements of a message: kind, key, value."""
    place = 0

    def text(size: int) -> str:
        nonlocal place
        length = int.from_bytes(message[place : place + size], "big")
        place += size + length
        return message[place - length : place].decode("utf-8", "surrogateescape")

    while place < len(message):
        kind = message[place]
        place += 1
        key = text(1) if kind in (SECTION_START, KEY_VALUE, LIST_START) else ""
        yield kind, key, text(2) if kind in (KEY_VALUE, LIST_ITEM) else ""


def section(found: Iterator[tuple[int, str, str]]) -> dict[str, Any]:
    """What stands in a section; a list as its items, joined by commas."""
    facts: dict[str, Any] = {}
    for kind, key, value in found:
        if kind == SECTION_END:
            break
        if kind == SECTION_START:
            facts[key] = section(found)
        elif kind == KEY_VALUE:
            facts[key] = value
        elif kind == LIST_START:
            facts[key] = ",".join(items(found))
    return facts


def items(found: Iterator[tuple[int, str, str]]) -> Iterator[str]:
    """The items of a list."""
    for kind, _, value in found:
        if kind == LIST_END:
            return
        yield value


# --- files with what they say beside them -------------------------------------


def texts(kind: str) -> list[Path]:
    """All files of a kind, which is ``valid`` or ``invalid``."""
    found = sorted((FIXTURES / kind).glob("*.conf"))
    assert found
    return found


def description(path: Path) -> str:
    """A file's connections, as it is expected."""
    with chdir(path.parent):
        try:
            configuration = load(path.name, DiskFiles())
        except CheckIpsecError as error:
            return f"{error}\n"
    lines = []
    for one in configuration.connections:
        lines.append(f"{one.name} {one.file}:{one.line}")
        lines += (f"  {key}={value}" for key, value in one.settings)
        lines += (f"  said: {said}" for _, said in one.spoken if said)
    return "".join(f"{line}\n" for line in lines)


def tree(found: Settings, path: tuple[str, ...], around: tuple[Node, ...] = ()) -> dict[str, Any]:
    """What stands in a section, in all, as swanctl sends it."""
    nodes = found.inside(around, path) if around else found.found(path)
    facts: dict[str, Any] = {
        key: listed(value) if key in LISTS else value for key, value in values_of(nodes).items()
    }
    facts.update({name: tree(found, (*path, name), nodes) for name in names_of(nodes)})
    return facts


def resolved(path: Path) -> dict[str, Any] | None:
    """All connections of a file, None where it is refused."""
    try:
        found = read(str(path), DiskFiles())
        names = found.sections(("connections",))
        return {name: tree(found, ("connections", name)) for name in names}
    except CheckIpsecError:
        return None


def write_expected() -> None:
    """Write all expected files."""
    for path in (*texts("valid"), *texts("invalid")):
        path.with_suffix(".expected").write_text(description(path))


if __name__ == "__main__":
    write_expected()
