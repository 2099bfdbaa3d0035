"""The package on a fresh Debian 13: the same file, other libraries, another sudo."""

import re
from pathlib import Path

import pytest

from tests.hosts import expected
from tests.package.conftest import bare
from tests.package.replay import replay
from tests.package.system import System

PLUGIN = "/usr/lib/nagios/plugins/check_ipsec"
NAME = "monitoring-plugins-ipsec"
# some of the tests run as another user, who must get there
SOURCE = "/srv/source"


@pytest.mark.parametrize("program", ["ip", "ipsec"])
def test_the_programs_are_where_the_rules_have_them(debian13: System, program: str) -> None:
    found = debian13.run("sh", "-c", f"command -v {program}")
    assert found.stdout == f"/usr/sbin/{program}\n"


def test_the_rules_are_valid(debian13: System) -> None:
    debian13.run("visudo", "-c")


@pytest.mark.parametrize(
    "host",
    [
        "mesh-all-up-6.0.1",
        "one-peer-silent-6.0.1",
        "swanctl-up-6.0.1",
        "swanctl-actions-6.0.1",
    ],
)
def test_it_judges_as_an_ordinary_user(debian13: System, host: str) -> None:
    debian13.run("sh", "-c", "id nagios || useradd --system nagios")
    wanted = expected(replay(debian13, host), "table")
    said = debian13.run(PLUGIN, "-v", user="nagios", check=False)
    assert (said.stdout, said.returncode) == (wanted.text, wanted.exit)


def test_a_full_disk_leaves_no_capture(debian13: System) -> None:
    replay(debian13, "fleet-130-all-up")
    debian13.run("mount", "-t", "tmpfs", "-o", "size=64k", "none", "/mnt")
    said = debian13.run("check_ipsec", "--capture", "/mnt/host", check=False)
    wanted = "IPSEC UNKNOWN - /mnt/host: No space left on device\n"
    assert (said.stdout, said.stderr, said.returncode) == (wanted, "", 3)
    assert debian13.run("ls", "-A", "/mnt").stdout == ""
    debian13.run("umount", "/mnt")


def test_it_goes_without_a_trace(debian13: System) -> None:
    debian13.apt("purge", NAME)
    assert not debian13.exists("/etc/sudoers.d/monitoring-plugins-ipsec")


def test_it_builds_there_and_passes_its_tests(changes: Path, tmp_path: Path) -> None:
    with bare("trixie", tmp_path) as system:
        (dsc,) = map(system.put, changes.parent.glob("*.dsc"))
        (_,) = map(system.put, changes.parent.glob("*.tar.*"))
        system.apt("install", "--no-install-recommends", "build-essential", "fakeroot")
        system.apt("build-dep", "--no-install-recommends", dsc)
        system.run("dpkg-source", "--extract", dsc, SOURCE)
        words = ("dpkg-buildpackage", "--no-sign", "--build=binary")
        said = system.run("env", f"--chdir={SOURCE}", *words).stdout
        assert re.search(r"(?m)^\d{4,} passed\b", said)
        (built,) = system.root.glob(f"{SOURCE}/../*.deb".lstrip("/"))
        system.apt("install", f"{SOURCE}/../{built.name}")
        assert system.run(PLUGIN, "--version").stdout.startswith("check_ipsec ")
