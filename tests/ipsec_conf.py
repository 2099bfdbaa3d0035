"""ipsec.conf files with what they say beside them, and charon's starter to ask.

``python3 -m tests.ipsec_conf`` writes what is expected again.
"""

import os
import re
import subprocess
from contextlib import chdir
from pathlib import Path
from typing import NamedTuple

import pytest

from check_ipsec.configuration.ipsec_conf import load
from check_ipsec.configuration.keywords import CONN
from check_ipsec.errors import CheckIpsecError
from check_ipsec.host.files import DiskFiles
from check_ipsec.model.configuration import Configuration, Connection

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures" / "ipsec.conf"
STARTERS = ("/usr/lib/ipsec/starter", "/usr/libexec/ipsec/starter")
DEPRECATED = {"eap", "leftnexthop", "pfs", "pfsgroup", "rightnexthop"}


END_OF_PAIRS = re.compile(r"^(?:Loading conn '|config OK|### )", re.MULTILINE)
OTHER_LINES = re.compile(r"^(?:# |  bad argument|  PFS is|unexpected use).*\n", re.MULTILINE)


class MemoryFiles:
    """Files by path; where a value is an error, reading raises it."""

    def __init__(self, **texts: str | OSError) -> None:
        self.texts = texts

    def read(self, path: str) -> str:
        text = self.texts[path]
        if isinstance(text, OSError):
            raise text
        return text

    def glob(self, pattern: str) -> list[str]:
        return [path for path in self.texts if path == pattern]


def files(kind: str) -> list[Path]:
    """All files of a kind, which is ``valid`` or ``invalid``."""
    found = sorted((FIXTURES / kind).glob("*.conf"))
    assert found, f"no {kind} files"
    return found


def loaded(path: Path) -> Configuration:
    """The configuration, with paths relative to the folder of the file."""
    with chdir(path.parent):
        return load(path.name, DiskFiles())


def refusal(path: Path) -> str:
    """Why a file is refused."""
    try:
        loaded(path)
    except CheckIpsecError as error:
        return str(error)
    raise AssertionError(f"{path} is not refused")


def description(configuration: Configuration) -> str:
    """A configuration in ASCII, one fact a line."""
    lines = [f"file {path!a}" for path in configuration.files]
    lines += [f"setup {key}={value!a}" for key, value in configuration.setup]
    for connection in configuration.connections:
        lines.append(f"conn {connection.name!a} {connection.file}:{connection.line}")
        lines += [f"  {key}={value!a}" for key, value in connection.settings]
        if connection.problem:
            lines.append(f"  problem {connection.problem!a}")
    return "".join(f"{line}\n" for line in lines)


class Answer(NamedTuple):
    """What starter says of a file: accepted or not, connections dropped, its words."""

    accepted: bool
    dropped: frozenset[str]
    words: str

    def pairs(self, name: str) -> list[str]:
        """The lines that show the pairs which starter read for a connection."""
        text = self.words.partition(f"Loading conn '{name}'\n")[2]
        text = OTHER_LINES.sub("", END_OF_PAIRS.split(text, maxsplit=1)[0])
        return sorted(text.split("\n"))


def ask_starter(path: Path) -> Answer:
    """Let charon's starter read a file."""
    starter = next(filter(os.path.exists, STARTERS), None)
    if starter is None:
        pytest.fail("strongSwan's starter is not installed")
    command = [starter, "--debug-more", "--conftest", "--conf", path.name]
    run = subprocess.run(command, cwd=path.parent, capture_output=True, check=False)
    words = run.stderr.decode("utf-8", "surrogateescape")
    assert run.returncode in (0, 2), words
    dropped = re.findall(r"^# ignored conn '(.*?)' due to ", words, re.MULTILINE | re.DOTALL)
    return Answer(run.returncode == 0, frozenset(dropped), words)


def shown_pairs(connection: Connection) -> list[str]:
    """The lines that starter shows for the pairs of a connection."""
    known = CONN.keys() - DEPRECATED
    shown = (f"  {key}={value}\n" for key, value in connection.settings if key in known)
    return sorted("".join(shown).split("\n"))


def write_expected() -> None:
    """Write all expected files."""
    for path in files("valid"):
        path.with_suffix(".expected").write_text(description(loaded(path)))
    for path in files("invalid"):
        path.with_suffix(".error").write_text(refusal(path) + "\n")


if __name__ == "__main__":
    write_expected()
