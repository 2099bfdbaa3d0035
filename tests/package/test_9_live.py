"""The goal of it all: a fresh Debian 12, one package, one call, a live charon's verdict.

The folder with the package is the root of hosts in User-Mode Linux, whose kernel has
ESP: see tests/lab/. Debian's own autopkgtest plays more on a system of the same kind.
"""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.hosts import ROOT
from tests.package.conftest import fresh
from tests.package.system import CACHE, System, bootstrapped


@pytest.fixture(scope="module")
def agent(deb: Path) -> Iterator[System]:
    """Debian 12 with the package and an agent, nothing of it configured.

    It lies where a guest sees it too, which has a /tmp of its own.
    """
    with TemporaryDirectory(dir=CACHE) as folder, fresh("bookworm", deb, Path(folder)) as system:
        system.apt("install", "nagios-nrpe-server", "nagios-nrpe-plugin", "procps")
        yield system


def test_one_call_of_check_nrpe_brings_a_live_verdict(agent: System) -> None:
    command = [ROOT / "tests/lab/run", "--root", agent.root, "nrpe"]
    played = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert played.returncode == 0, played.stdout
    assert "1 passed, 0 failed" in played.stdout


def test_autopkgtest_passes(changes: Path) -> None:
    (source,) = changes.parent.glob("*.dsc")
    (deb,) = changes.parent.glob("*.deb")
    with TemporaryDirectory(dir=CACHE) as folder:
        root = Path(folder) / "root"
        subprocess.run(["cp", "--archive", bootstrapped("bookworm"), root], check=True)
        command = ["autopkgtest", "--no-built-binaries", deb, source, "--", "chroot", root]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
    assert re.search(r"(?m)^live +PASS$", done.stdout)
