"""What becomes of a connection when its peer goes, comes back or cannot be reached."""

from lab.scenario import Lab, scenario
from lab.scenarios.mesh import initiator, responder
from lab.scenarios.pair import BOB, DEFAULT, PSK, conn, pair

WATCHED = conn("bob", "dpdaction=restart", "dpddelay=4s")
IMPATIENT = "retransmit_timeout = 1\nretransmit_tries = 1"


@scenario(live=True)
def peer_gone(lab: Lab) -> None:
    """The host of bob goes: nothing says so until dead peer detection gives it up."""
    alice, bob = pair(lab, WATCHED, bob=BOB, installed=("bob",), charon=IMPATIENT)
    bob.unplug("eth0")
    lab.expect(alice, "OK - 1 connection established")
    alice.wait(r"bob\[2\]: CONNECTING")
    lab.expect(
        alice,
        "CRITICAL - 1 of 1 connection not established, traffic of 1 in clear text: bob (peer "
        "does not answer)",
    )


@scenario()
def peer_given_up(lab: Lab) -> None:
    """dpdaction=clear: the peer's host has gone, and nothing of the connection is left."""
    alice, bob = pair(lab, WATCHED.replace("restart", "clear"), bob=BOB, installed=("bob",),
                      charon=IMPATIENT)  # fmt: skip
    bob.unplug("eth0")
    alice.wait_gone(r"bob\[")
    lab.expect(
        alice,
        "CRITICAL - 1 of 1 connection not established, traffic of 1 in clear text: bob (no SA)",
    )


@scenario()
def one_family_filtered(lab: Lab) -> None:
    """IKE over IPv6 is filtered on its way to bob; over IPv4 it passes."""
    bob = responder(lab, "bob")
    bob.run("ip6tables-legacy", "-A", "INPUT", "-p", "udp", "--dport", "500", "-j", "DROP")
    alice = initiator(lab, "bob")
    alice.wait_installed("bob_v4")
    alice.wait(r"bob_v6\[\d+\]: CONNECTING")
    lab.expect(
        alice,
        "CRITICAL - 1 of 2 connections not established, traffic of 1 in clear text: bob_v6 "
        "(peer does not answer)",
    )


@scenario()
def child_closed_by_the_peer(lab: Lab) -> None:
    """Bob has closed the CHILD_SA and kept the IKE_SA."""
    alice, bob = pair(lab, BOB, installed=("bob",))
    bob.run("ipsec", "down", "bob{1}")
    alice.wait_gone(r"bob\{")
    lab.expect(
        alice,
        "CRITICAL - 1 of 1 connection not established, traffic of 1 in clear text: bob (IKE "
        "up, no CHILD_SA)",
    )


@scenario(live=True)
def peer_restarted(lab: Lab) -> None:
    """Bob's daemon dies and comes back, while alice still has the old SAs."""
    alice, bob = pair(lab, BOB, installed=("bob",))
    bob.kill("KILL", "starter", "charon")
    # nobody here buries a process whose parent has died
    bob.run("rm", "/run/charon.pid", "/run/starter.charon.pid")
    lab.expect(alice, "OK - 1 connection established")
    bob.configure(DEFAULT + BOB, PSK)
    bob.start()
    alice.wait(r"bob\[2\]: ESTABLISHED", r"bob\{2\}:  INSTALLED")
    lab.expect(alice, "OK - 1 connection established")


@scenario(live=True)
def peer_stopped_and_started(lab: Lab) -> None:
    """Bob's daemon takes leave of alice, is away, and comes back."""
    alice, bob = pair(lab, BOB, installed=("bob",))
    bob.run("ipsec", "stop")
    alice.wait_gone(r"bob\[")
    lab.expect(
        alice,
        "CRITICAL - 1 of 1 connection not established, traffic of 1 in clear text: bob (no SA)",
    )
    bob.configure(DEFAULT + BOB, PSK)
    bob.start()
    alice.wait_installed("bob")
    lab.expect(alice, "OK - 1 connection established")
