"""The captured hosts in fixtures/hosts/ and what the commands say of each.

A host is a folder with the texts of one moment, ``about``, perhaps ``args`` (an option
a line), and ``expected/``. ``python3 -m tests.hosts`` writes what is expected again;
read the difference before you commit it.
"""

import io
import json
import os
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

from check_ipsec.checks.ipsec import main
from check_ipsec.ipsec_global.command import main as ipsec_global

ROOT = Path(__file__).resolve().parent.parent
HOSTS = Path("fixtures/hosts")
FORMS = {"text": [], "table": ["-v"], "json": ["--json"]}
ACTIONS = ("down", "up")


class Said(NamedTuple):
    """Output and exit status."""

    text: str
    exit: int


def hosts() -> list[Path]:
    """All captured hosts, relative to the root of the project."""
    found = sorted(path.parent.relative_to(ROOT) for path in (ROOT / HOSTS).glob("*/about"))
    assert found, "no captured hosts"
    return found


def arguments(host: Path) -> list[str]:
    """The options that a host is to be judged with."""
    path = ROOT / host / "args"
    return path.read_text().splitlines() if path.exists() else []


def say(host: Path, form: str) -> Said:
    """What check_ipsec says of a host, at 80 columns."""
    out = io.StringIO()
    with redirect_stdout(out):
        status = main([f"--captured={host}", *arguments(host), *FORMS[form]])
    text = out.getvalue()
    if form == "json":
        text = json.dumps(json.loads(text), indent=1) + "\n"
    return Said(text, status)


def expected(host: Path, form: str) -> Said:
    """What it is to say."""
    folder = ROOT / host / "expected"
    return Said((folder / form).read_text(), int((folder / "exit").read_text()))


def planned(host: Path, action: str) -> str:
    """What ``ipsec-global --dry-run`` prints of a host, in either stream, and its exit status."""
    said = io.StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        status = ipsec_global([action, "--dry-run", f"--captured={host}"])
    return f"{said.getvalue()}exit status {status}\n"


def write_expected() -> None:
    """Write all expected outputs."""
    os.chdir(ROOT)
    os.environ["COLUMNS"] = "80"
    for host in hosts():
        folder = ROOT / host / "expected"
        folder.mkdir(exist_ok=True)
        for form in FORMS:
            said = say(host, form)
            (folder / form).write_text(said.text)
            (folder / "exit").write_text(f"{said.exit}\n")
        for action in ACTIONS:
            (folder / action).write_text(planned(host, action))


if __name__ == "__main__":
    write_expected()
