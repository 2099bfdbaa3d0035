"""The verdict through nagios-nrpe-server and check_nrpe, on a system of its own network."""

import time
from collections.abc import Iterator

import pytest

from tests.hosts import expected
from tests.package.replay import TEXTS, hang, replay
from tests.package.system import Result, System, wait_for

CHECK_NRPE = "/usr/lib/nagios/plugins/check_nrpe"
# one of each status, and the largest
HOSTS = ("mesh-all-up", "one-peer-silent", "kernel-states-flushed", "fleet-130-three-down")
# what nrpe 4.1 carries of a plugin's output
LIMIT = 65505


@pytest.fixture(scope="module", autouse=True)
def server(node: System) -> Iterator[None]:
    """nrpe as Debian configures it."""
    node.apt("install", "--no-install-recommends", "nagios-nrpe-server", "nagios-nrpe-plugin")
    node.apt("install", "procps")
    node.run("install", "-d", "-o", "nagios", "/run/nagios")
    nrpe = node.start("/usr/sbin/nrpe", "-c", "/etc/nagios/nrpe.cfg", "-f")
    wait_for(lambda: asked(node).returncode == 0, "nrpe answers")
    yield
    node.run("pkill", "-KILL", "-x", "nrpe")
    nrpe.wait(timeout=60)


def asked(node: System, *arguments: str) -> Result:
    """What check_nrpe says, within the 10 seconds that it waits by default."""
    return node.run(CHECK_NRPE, "-H", "127.0.0.1", *arguments, user="nagios", check=False)


@pytest.mark.parametrize(
    ("command", "form"), [("check_ipsec", "text"), ("check_ipsec_table", "table")]
)
@pytest.mark.parametrize("host", HOSTS)
def test_all_that_the_plugin_says_arrives(node: System, host: str, command: str, form: str) -> None:
    wanted = expected(replay(node, host), form)
    said = asked(node, "-c", command)
    assert (said.stdout, said.returncode) == (wanted.text, wanted.exit)
    assert len(said.stdout) < LIMIT


def test_unknown_arrives(node: System) -> None:
    replay(node, "mesh-all-up")
    (node.root / "etc/ipsec.conf").unlink()
    said = asked(node, "-c", "check_ipsec")
    assert said.stdout.startswith("IPSEC UNKNOWN - ")
    assert said.stdout.count("\n") == 1
    assert said.returncode == 3


def test_a_hung_charon_is_told_before_check_nrpe_gives_up(node: System) -> None:
    replay(node, "mesh-all-up")
    hang(node)
    begin = time.monotonic()
    said = asked(node, "-c", "check_ipsec")
    assert time.monotonic() - begin < 10
    assert said.stdout.startswith("IPSEC CRITICAL - charon does not answer: ")
    assert said.stdout.rstrip().endswith(" unverified=0")
    assert said.returncode == 2
    assert node.run("pgrep", "-f", f"{TEXTS}|check_ipsec|sleep 600", check=False).stdout == ""


@pytest.mark.parametrize("argument", ["--captured=/", "-C/etc/shadow", "x;id", "$(id)"])
def test_the_caller_can_add_nothing(node: System, argument: str) -> None:
    wanted = expected(replay(node, "mesh-all-up"), "text")
    said = asked(node, "-c", "check_ipsec", "-a", argument)
    assert said.stdout != wanted.text
    assert "uid=" not in said.stdout
    assert said.returncode in (2, 3)
    assert "CHECK_NRPE" in said.stdout or "NRPE: " in said.stdout


def test_no_definition_takes_anything_from_the_caller(node: System) -> None:
    assert "$" not in node.read("/etc/nagios/nrpe.d/monitoring-plugins-ipsec.cfg")
