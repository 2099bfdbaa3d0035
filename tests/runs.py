"""Captured hosts that were looked at several times, and what is said of one look after another.

``python3 -m tests.runs`` writes what is expected again; read the difference.
"""

import io
import os
from contextlib import redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory

from check_ipsec.checks.traffic import main
from tests.hosts import ROOT

HOSTS = ROOT / "fixtures/traffic"
SILENT = ("--silent", "2")


def hosts() -> list[Path]:
    """The folders of all hosts."""
    found = sorted(path for path in HOSTS.iterdir() if path.is_dir())
    assert found, "no captured hosts"
    return found


def looks(host: Path) -> list[Path]:
    """The looks at a host, in order."""
    return sorted(path for path in host.iterdir() if path.is_dir())


def say(*arguments: str) -> tuple[str, int]:
    """What check_ipsec_traffic says, and its exit status."""
    out = io.StringIO()
    with redirect_stdout(out):
        status = main(list(arguments))
    return out.getvalue(), status


def say_all(host: Path, *arguments: str) -> list[tuple[str, int]]:
    """What is said of each look, remembering those before."""
    path = host / "args"
    own = path.read_text().splitlines() if path.exists() else []
    with TemporaryDirectory() as folder:
        words = ["--state", f"{folder}/state", *SILENT, *own, *arguments]
        return [say(f"--captured={look}", *words) for look in looks(host)]


def whole(host: Path) -> str:
    """What is said with ``-v`` at 80 columns, as the fixture has it."""
    return "\n".join(f"{text}exit status {status}\n" for text, status in say_all(host, "-v"))


if __name__ == "__main__":
    os.environ["COLUMNS"] = "80"
    for one in hosts():
        (one / "expected").write_text(whole(one))
