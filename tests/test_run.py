"""tests/run says at once what is missing; tests pass in the background too."""

import os
import subprocess
import sys
from pathlib import Path

from tests.hosts import ROOT
from tests.programs import program

PACKAGES = (ROOT / "tests/packages").read_text().split()
IN_BACKGROUND = "trap '' INT QUIT HUP; exec \"$@\""


def started(folder: Path, installed: str) -> subprocess.CompletedProcess[str]:
    """tests/run where dpkg-query says ``installed`` of a package, a pattern of the shell."""
    program(folder, "dpkg-query", f'case "$3" in {installed}) printf installed ;; *) exit 1; esac')
    environment = {"PATH": f"{folder}:{os.environ['PATH']}", "HOME": str(folder)}
    return subprocess.run([ROOT / "tests/run"], env=environment, timeout=30,
                          capture_output=True, text=True)  # fmt: skip


def test_all_that_is_missing_is_said_on_one_line(tmp_path: Path) -> None:
    done = started(tmp_path, "[!pu]*")
    missing = [name for name in PACKAGES if name[0] in "pu"]
    assert {"user-mode-linux", "python3-pytest", "python3-hypothesis"} <= set(missing)
    wanted = f"tests/run: missing: apt-get install -y --no-install-recommends {' '.join(missing)}\n"
    assert (done.stdout, done.stderr, done.returncode) == ("", wanted, 2)


def test_nothing_is_left_ignored_by_who_runs_the_tests() -> None:
    which = [
        "tests/host/test_process.py::test_child_takes_signals",
        "tests/ipsec_global/test_ipsec_global_command.py::test_an_interrupt_reaches_who_asks",
    ]
    pytest = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *which]
    done = subprocess.run(["/bin/sh", "-c", IN_BACKGROUND, "sh", *pytest], cwd=ROOT,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0, done.stdout
