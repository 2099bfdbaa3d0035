"""Captured hosts in fixtures/certs/, and what check_ipsec_certs says of each look.

A host is a folder with a folder for each look, the options of it in ``N.args``, and
``expected``. ``python3 -m tests.certs`` writes that again; read the difference.
"""

import io
import os
from contextlib import redirect_stdout
from pathlib import Path

from check_ipsec.checks.certs import main
from tests.hosts import ROOT

HOSTS = ROOT / "fixtures/certs"


def hosts() -> list[Path]:
    """The folders of all hosts."""
    found = sorted(path for path in HOSTS.iterdir() if path.is_dir())
    assert found, "no captured hosts"
    return found


def looks(host: Path) -> list[Path]:
    """The looks at a host, in order."""
    return sorted(path for path in host.iterdir() if path.is_dir())


def say(look: Path, *arguments: str) -> tuple[str, int]:
    """What is said of a look, with its own options too, and the exit status."""
    own = look.with_suffix(".args").read_text().splitlines()
    return answer(f"--captured={look}", *own, *arguments)


def answer(*arguments: str) -> tuple[str, int]:
    """What check_ipsec_certs says, and its exit status."""
    out = io.StringIO()
    with redirect_stdout(out):
        status = main(list(arguments))
    return out.getvalue(), status


def whole(host: Path) -> str:
    """What is said of all looks with ``-v`` at 80 columns, as the fixture has it."""
    said = (say(look, "-v") for look in looks(host))
    return "\n".join(f"{text}exit status {status}\n" for text, status in said)


def line_of(text: str) -> str:
    """The first line without the name and the performance data."""
    return text.partition("\n")[0].partition(" | ")[0].removeprefix("IPSEC-CERTS ")


if __name__ == "__main__":
    os.environ["COLUMNS"] = "80"
    for one in hosts():
        (one / "expected").write_text(whole(one))
