"""The package builds and has nothing that Debian's checker would complain of."""

from pathlib import Path
from subprocess import run


def test_lintian_has_no_complaint(changes: Path) -> None:
    done = run(["lintian", "--allow-root", "--fail-on=error,warning", "--info", changes],
               capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == ""
