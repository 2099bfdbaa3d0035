"""ipsec-global on hosts in all the states that an operator finds them in."""

import re
import subprocess
import time

from lab.errors import LabError
from lab.hosts import ENVIRONMENT, Host
from lab.scenario import Lab, scenario
from lab.scenarios.fleet import fleet, name, nodes
from lab.scenarios.merged import all_installed, children
from lab.scenarios.mesh import all_up
from lab.scenarios.pair import BOB, DEFAULT, PSK, conn, pair

COMMAND = "/usr/local/bin/ipsec-global"
# what Python needs to start and end in the guest
START = 5.0
CLEAR = "clear text: the traffic of {} leaves unencrypted now"


def act(host: Host, arguments: str, status: int, *lines: str) -> None:
    """Run it; ``lines`` are regular expressions of all that it prints."""
    words = arguments.split()
    limit = float(words[words.index("-t") + 1]) if "-t" in words else 60.0
    begin = time.monotonic()
    done = subprocess.run(
        host.command(COMMAND, *words, deadline=limit + 30),
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, env=ENVIRONMENT,
    )  # fmt: skip
    seconds = time.monotonic() - begin
    compare(f"{arguments} ({seconds:.1f} s)", done.stdout + done.stderr, done.returncode,
            lines, status)  # fmt: skip
    if seconds > limit + START:
        raise LabError(f"{arguments}: took {seconds:.1f} s")


def compare(how: str, text: str, exit_status: int, lines: tuple[str, ...], status: int) -> None:
    """Raises LabError where another text or status was wanted."""
    said = text.splitlines()
    alike = len(said) == len(lines) and all(map(re.fullmatch, lines, said))
    if exit_status != status or not alike:
        wanted = "\n  ".join(lines)
        told = "\n  ".join(said)
        raise LabError(f"{how}: exit {exit_status}\n  {told}\nwanted: {status}\n  {wanted}")


def require_nothing(host: Host) -> None:
    """No SA and no trap in charon; no state, and no policy of an SA, in the kernel."""
    text = host.statusall()
    left = [line for line in text.splitlines() if re.search(r"[]}]: +[A-Z]{4,}", line)]
    left += [line for line in host.xfrm("state").splitlines() if line.startswith("src")]
    left += [line for line in host.xfrm("policy").splitlines() if "reqid" in line]
    if left or not text:
        raise LabError("\n".join([f"left on {host.name}:", *left]))


def cleartext(number: int) -> str:
    return CLEAR.format("1 connection" if number == 1 else f"{number} connections")


# --- the fleet ----------------------------------------------------------------


@scenario(live=True, seconds=600)
def global_fleet(lab: Lab) -> None:
    """130 connections go down, come up again, and do so within the time with every peer dead."""
    alice = fleet(lab, 65)
    alice.start()
    alice.wait_installed(*map(name, nodes(65)))
    act(alice, "down -t 120", 0, "130 connections down", cleartext(130))
    require_nothing(alice)
    act(alice, "up -b -t 120", 0, "130 connections up")
    lab.expect(alice, "OK - 130 connections established")
    interrupt_in_the_middle(alice)
    act(alice, "up -b -t 120", 0, "130 connections up")
    bob = next(host for host in lab.hosts if host.name == "bob")
    bob.kill("STOP", "charon")
    act(alice, "down -t 90", 0, "130 connections down", cleartext(130))
    require_nothing(alice)
    missing = (r"  cp\d+_v[46]: (peer does not answer|no SA), peer \S+",) * 130
    act(alice, "up -b -t 40", 1, "0 of 130 connections up, 130 not", *missing)
    act(alice, "down -t 60", 0, "130 connections down", cleartext(130))
    require_nothing(alice)


def interrupt_in_the_middle(host: Host) -> None:
    """Ctrl-C while SAs are being closed: some are, some are not, and it says how many."""
    text, status = interrupted(host, "INT", "down", r"\((\d\d?|1[01]\d|12\d) (up|total),")
    first, *others = text.splitlines()
    told = re.fullmatch(r"interrupted: (\d+) of 130 connections down, (\d+) not", first)
    names = [line for line in others if re.match(r"  cp\d+_v[46]: left: ", line)]
    still = len(re.findall(r"\]: ESTABLISHED", host.statusall()))
    if status != 1 or not told or not 0 < still <= int(told[2]) == len(names) < 130:
        raise LabError(f"exit {status}, {still} established:\n{text}")


@scenario(live=True)
def global_one_peer_dead(lab: Lab) -> None:
    """One of two peers is dead: down goes without it, up says so."""
    alice = all_up(lab)
    carol = next(host for host in lab.hosts if host.name == "carol")
    carol.unplug("eth0")
    act(alice, "down", 0, "4 connections down", cleartext(4))
    require_nothing(alice)
    act(alice, "up -b -t 30", 1, "2 of 4 connections up, 2 not",
        "  carol_v4: peer does not answer, peer 10.1.0.3",
        "  carol_v6: peer does not answer, peer fd00:1::3")  # fmt: skip
    lab.expect(
        alice,
        "CRITICAL - 2 of 4 connections not established, traffic of 2 in clear text: carol_v4 "
        "(peer does not answer), carol_v6 (peer does not answer)",
    )


# --- what charon makes of connections -------------------------------------------


@scenario(live=True)
def global_not_loaded(lab: Lab) -> None:
    """A connection is in the file, but not in charon."""
    alice, _ = pair(lab, BOB, installed=("bob",))
    later = conn("later", "right=10.1.0.9")
    alice.write("/etc/ipsec.conf", DEFAULT + BOB + later)
    act(alice, "down", 0, "2 connections down", cleartext(2))
    require_nothing(alice)
    act(alice, "up -b", 1, "1 of 2 connections up, 1 not",
        "  later: not loaded: `ipsec update` is due, or charon has refused it, peer",
        "    10.1.0.9")  # fmt: skip


@scenario(live=True)
def global_merged(lab: Lab) -> None:
    """Three connections under one IKE_SA: one goes alone, with the last one the IKE_SA."""
    alice, _ = pair(lab, children(3), installed=all_installed(3))
    act(alice, "down -i net2", 0, "1 connection down", cleartext(1))
    lab.expect(
        alice,
        "CRITICAL - 1 of 3 connections not established, traffic of 1 in clear text: net2 (IKE "
        "up, no CHILD_SA)",
    )
    act(alice, "down -e net1", 0, "2 connections down", cleartext(2))
    alice.wait(r"net1\{\d+\}:  INSTALLED")
    act(alice, "down -i net1", 0, "1 connection down", cleartext(1))
    require_nothing(alice)
    act(alice, "up -b", 0, "3 connections up")
    lab.expect(alice, "OK - 3 connections established")
    act(alice, "down", 0, "3 connections down", cleartext(3))
    require_nothing(alice)


@scenario(live=True)
def global_duplicates(lab: Lab) -> None:
    """Two IKE_SAs, each with its CHILD_SA, for one connection: both go."""
    alice, _ = pair(lab, "config setup\n    uniqueids=no\n\nconn bob\n", installed=("bob",),
                    charon="reuse_ikesa = no")  # fmt: skip
    alice.run("ipsec", "up", "bob")
    alice.wait(r"Security Associations \(2 (up|total)")
    act(alice, "down", 0, "1 connection down", cleartext(1))
    require_nothing(alice)


@scenario(live=True)
def global_on_demand(lab: Lab) -> None:
    """On demand, with traffic running: it stays down, then waits for traffic again."""
    alice, _ = pair(lab, conn("bob", "auto=route"))
    alice.wait(r"bob\{\d+\}:  ROUTED")
    alice.spawn("ping", "-i", "0.2", "10.1.0.2")
    alice.wait_installed("bob")
    act(alice, "down", 0, "1 connection down", cleartext(1))
    require_nothing(alice)
    act(alice, "up -b", 0, "1 connection up")
    alice.wait_installed("bob")
    lab.expect(alice, "OK - 1 connection established")


@scenario(live=True, seconds=300)
def global_odd_names(lab: Lab) -> None:
    """Names that charon would read as ids or options."""
    odd = ("x[1]", "y{2}", "-n", "--help")
    texts = [
        conn(one, f"leftsubnet=10.1.0.1/32[17/{port}]", f"rightsubnet=10.1.0.2/32[17/{port}]",
             f"ikelifetime={port}m")
        for port, one in enumerate(odd, 4000)
    ]  # fmt: skip
    every = conn("every", "leftsubnet=10.1.0.1/32[17]", "rightsubnet=10.1.0.2/32[17]")
    alice, _ = pair(lab, "".join(texts), bob=every, installed=odd)
    act(alice, "down -i *[[]1]", 0, "1 connection down", cleartext(1))
    alice.wait_installed(*odd[1:])
    act(alice, "down", 0, "4 connections down", cleartext(4))
    require_nothing(alice)
    act(alice, "up -b", 0, "4 connections up")
    act(alice, "down", 0, "4 connections down", cleartext(4))
    require_nothing(alice)


@scenario(live=True)
def global_kernel_flushed(lab: Lab) -> None:
    """The kernel has lost states and policies: up makes them anew."""
    alice, _ = pair(lab, BOB, installed=("bob",))
    alice.run("ip", "xfrm", "state", "flush")
    act(alice, "up -b", 0, "1 connection up")
    alice.run("ip", "xfrm", "policy", "flush")
    act(alice, "up -b", 0, "1 connection up")
    lab.expect(alice, "OK - 1 connection established")


# --- what peers and others do -----------------------------------------------------


@scenario(live=True)
def global_peer_initiates_again(lab: Lab) -> None:
    """The peer initiates again as soon as it is closed: named, not fought."""
    bob = lab.host("bob")
    bob.configure(
        DEFAULT.replace("auto=start", "auto=add")
        + conn("alice", "left=10.1.0.2", "right=10.1.0.1", "closeaction=restart", "auto=start"),
        PSK,
    )
    alice = lab.host("alice")
    alice.configure(DEFAULT + conn("bob", "auto=add"), PSK)
    alice.start()
    bob.start()
    alice.wait_installed("bob")
    act(alice, "down", 1, "0 of 1 connection down, 1 not",
        r"  bob: brought back by its peer 10\.1\.0\.2: bob\[\d+\], bob\{\d+\}")  # fmt: skip


@scenario(live=True)
def global_refused(lab: Lab) -> None:
    """The peer refuses: up says with which words."""
    alice, _ = pair(lab, BOB.replace("\n", "\n    auto=add\n"), bob_secrets=': PSK "other"\n')
    act(alice, "up -b", 1, "0 of 1 connection up, 1 not",
        "  bob: no SA, received AUTHENTICATION_FAILED notify error, peer 10.1.0.2")  # fmt: skip
    act(alice, "up", 0, "charon was asked to start 1 connection")


@scenario(live=True)
def global_unlisted(lab: Lab) -> None:
    """An SA of a connection that the file names no more is left alone, and named."""
    carol = lab.host("carol")
    carol.configure(DEFAULT + conn("alice", "left=10.1.0.3", "right=10.1.0.1", "auto=add"), PSK)
    carol.start()
    text = BOB + "\n" + conn("carol", "right=10.1.0.3")
    alice, _ = pair(lab, text, bob=BOB, installed=("bob", "carol"))
    alice.write("/etc/ipsec.conf", DEFAULT + BOB)
    act(alice, "down", 1, "1 connection down; 2 not in ipsec.conf left alone",
        r"not in ipsec.conf, left alone: carol\[\d\], carol\{\d\}", cleartext(1))  # fmt: skip
    alice.wait_installed("carol")
    act(alice, "down -i bob", 0, "1 connection down", cleartext(1))


# --- what goes wrong ----------------------------------------------------------


@scenario(live=True)
def global_daemon_hung(lab: Lab) -> None:
    """charon hangs, or does not run: nothing could be done."""
    alice, _ = pair(lab, BOB, installed=("bob",))
    alice.kill("STOP", "charon")
    for action in ("down -t 10", "up -t 3", "up -b"):
        act(alice, action, 3, "ipsec-global: charon does not answer")
    alice.kill("KILL", "starter", "charon")
    act(alice, "down", 3, "ipsec-global: charon is not running")


@scenario(live=True)
def global_interrupted(lab: Lab) -> None:
    """Ctrl-C, then SIGTERM, while a dead peer keeps it waiting: the summary is true."""
    alice, bob = pair(lab, BOB, installed=("bob",))
    bob.kill("STOP", "charon")
    run_interrupted(alice, "INT", "down", r"bob\[1\]: DELETING",
        r"interrupted: 0 of 1 connection down, 1 not",
        r"  bob: left: bob\[1\] DELETING, bob\{1\}, peer 10.1.0.2")  # fmt: skip
    act(alice, "down -t 20", 0, "1 connection down", cleartext(1))
    run_interrupted(alice, "TERM", "up -b", r"bob\[\d\]: CONNECTING",
        r"interrupted: 0 of 1 connection up, 1 not",
        r"  bob: peer does not answer, peer 10.1.0.2")  # fmt: skip


def run_interrupted(host: Host, signal: str, action: str, pattern: str, *lines: str) -> None:
    """Run it, send it a signal once statusall shows ``pattern``, compare what it says."""
    text, status = interrupted(host, signal, action, pattern)
    compare(f"{action}, SIG{signal}", text, status, lines, 1)


def interrupted(host: Host, signal: str, action: str, pattern: str) -> tuple[str, int]:
    """What it says, and its exit status."""
    command = subprocess.Popen(
        host.command(COMMAND, *action.split(), deadline=90),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, env=ENVIRONMENT,
    )  # fmt: skip
    host.wait(pattern)
    host.run("pkill", f"-{signal}", "-f", rf"python3\S* {COMMAND}")
    text, _ = command.communicate(timeout=30)
    return text, command.returncode
