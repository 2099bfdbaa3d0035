"""The verdict as a monitoring system gets it: one call of check_nrpe."""

from lab.errors import LabError
from lab.hosts import Host
from lab.scenario import Lab, scenario
from lab.scenarios import swanctl
from lab.scenarios.pair import BOB, pair
from lab.waiting import wait_until

CHECK_NRPE = ("/usr/lib/nagios/plugins/check_nrpe", "-H", "127.0.0.1", "-t", "15", "-c",
              "check_ipsec")  # fmt: skip
STATUSES = ("OK", "WARNING", "CRITICAL", "UNKNOWN")


def serve(host: Host) -> None:
    """Starts nagios-nrpe-server as Debian configures it."""
    host.run("install", "-d", "-o", "nagios", "/run/nagios")
    host.spawn("/usr/sbin/nrpe", "-c", "/etc/nagios/nrpe.cfg", "-f")
    wait_until(lambda: "IPSEC" in said(host)[0], f"nrpe of {host.name} answers")


def said(host: Host) -> tuple[str, int]:
    """First line without perfdata, and exit status; check_nrpe waits for 15 s."""
    done = host.run(*CHECK_NRPE, check=False)
    line = done.stdout.partition("\n")[0].partition(" | ")[0]
    return line, done.returncode


def arrives(host: Host, line: str) -> None:
    """Raises LabError where check_nrpe says something else than ``line``."""
    wanted = (f"IPSEC {line}", STATUSES.index(line.partition(" ")[0]))
    if (got := said(host)) != wanted:
        raise LabError(f"expected through NRPE: {wanted}\n said:                 {got}")


DOWN = "CRITICAL - 1 of 1 connection not established, traffic of 1 in clear text"
DEAD = "1 connection is not established, traffic of 1 in clear text"


@scenario(live=True)
def nrpe(lab: Lab) -> None:
    """A live charon's verdict through NRPE: healthy, taken down, hung, dead."""
    alice, _ = pair(lab, BOB, installed=("bob",))
    serve(alice)
    arrives(alice, "OK - 1 connection established")
    alice.run("ipsec", "down", "bob")
    arrives(alice, f"{DOWN}: bob (no SA)")
    alice.kill("STOP", "charon")
    arrives(alice, f"CRITICAL - charon does not answer: {DEAD}")
    alice.kill("KILL", "starter", "charon")
    arrives(alice, f"CRITICAL - charon is not running: {DEAD}")


@scenario(live=True, every_release=True)
def nrpe_swanctl(lab: Lab) -> None:
    """The same of charon-systemd with swanctl.conf, which Debian 13 installs by default."""
    alice, _ = swanctl.up(lab)
    serve(alice)
    arrives(alice, "OK - 1 connection established")
    alice.run("swanctl", "--terminate", "--ike", "gw")
    arrives(alice, f"{DOWN}: gw/host (no SA)")
    alice.kill("STOP", "charon-systemd")
    arrives(alice, f"CRITICAL - charon does not answer: {DEAD}")
    alice.kill("KILL", "charon-systemd")
    arrives(alice, f"CRITICAL - charon is not running: {DEAD}")
