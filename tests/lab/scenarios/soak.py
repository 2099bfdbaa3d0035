"""Keys that change all the time, and a plugin that asks all the time: no false alarm."""

from lab.asking import repeat
from lab.hosts import Host
from lab.scenario import Lab, scenario
from lab.scenarios.fleet import CALM, Node, address, connection, name, nodes
from lab.scenarios.merged import all_installed, child, children
from lab.scenarios.pair import DEFAULT, PSK, conn, pair

PEERS = 10
MINUTES = 3
# charon neither reauthenticates nor rekeys an IKE_SA while a rekeyed CHILD_SA lingers, so
# one connection does not change all at once: over IPv4 the keys of the CHILD_SA, over IPv6
# the IKE_SA, rekeyed with every third peer, reauthenticated with the others
REKEYS = ("lifetime=16s", "margintime=9s", "rekeyfuzz=30%")
RENEWS = ("ikelifetime=24s", "margintime=14s", "rekeyfuzz=30%")
LINGERS = "\ndelete_rekeyed_delay = 2"


def restless(node: Node, renews: bool) -> str:
    """A connection whose keys change every few seconds.

    ``renews``: this end begins with what concerns the IKE_SA. If both did at once, each
    would delete the other's new one.
    """
    number, family = node
    settings = REKEYS if family == "v4" else RENEWS if renews else ()
    reauth = () if number % 3 else ("reauth=no",)
    return connection(node, *settings, *reauth)


def under_way(lab: Lab, charon: str) -> Host:
    """Alice, with two connections to each of bob's addresses, under traffic."""
    bob, alice = lab.host("bob"), lab.host("alice")
    bob.add_addresses("eth0", *(
        address(node) + ("/16" if node[1] == "v4" else "/64") for node in nodes(PEERS)
    ))  # fmt: skip
    alice.run("ip", "route", "add", "10.1.0.0/16", "dev", "eth0")
    for host, default in ((bob, DEFAULT.replace("auto=start", "auto=add")), (alice, DEFAULT)):
        conns = (restless(node, renews=host is alice) for node in nodes(PEERS))
        host.configure(default + "".join(conns), PSK, CALM + LINGERS + charon)
        host.start()
    alice.wait_installed(*map(name, nodes(PEERS)))
    bob.wait_installed(*map(name, nodes(PEERS)))
    for node in nodes(PEERS):
        alice.spawn("ping", "-q", "-i", "0.5", address(node))
    return alice


@scenario(live=True, seconds=1200)
def soak(lab: Lab) -> None:
    """20 connections, rekeyed and reauthenticated (make before break) every few seconds."""
    alice = under_way(lab, "\nmake_before_break = yes")
    repeat(lab, alice, {"OK"}, seconds=MINUTES * 60, runs=200)


@scenario(live=True, seconds=900)
def soak_break_before_make(lab: Lab) -> None:
    """The old IKE_SA goes before the new one comes: connecting at the worst, by its tasks.

    What leaves between the two leaves in clear text, as this operator has chosen.
    """
    alice = under_way(lab, "\nmake_before_break = no")
    repeat(lab, alice, {"OK", "WARNING"}, 60, 60, "--cleartext", "warning")


IKEV1 = ("keyexchange=ikev1", *REKEYS)


@scenario(live=True, ikev1=True, seconds=600)
def soak_ikev1(lab: Lab) -> None:
    """IKEv1, three CHILD_SAs under one IKE_SA, both renewed every few seconds.

    This end begins with what concerns the IKE_SA.
    """
    ours, theirs = (
        "".join(child(f"net{number}", number, settings=settings) for number in (1, 2, 3))
        for settings in ((*IKEV1, "ikelifetime=60s"), IKEV1)
    )
    alice, _ = pair(lab, ours, bob=theirs, installed=all_installed(3), charon=LINGERS)
    repeat(lab, alice, {"OK"}, seconds=60, runs=60)


@scenario(live=True, seconds=600)
def soak_merged(lab: Lab) -> None:
    """Three CHILD_SAs under one IKE_SA, both rekeyed every few seconds."""
    settings = (*REKEYS, "ikelifetime=90s", "reauth=no")
    conns = "".join(child(f"net{number}", number, settings=settings) for number in (1, 2, 3))
    alice, _ = pair(lab, conns, installed=all_installed(3), charon=LINGERS)
    repeat(lab, alice, {"OK"}, seconds=60, runs=60)


@scenario(live=True, seconds=600)
def soak_on_demand(lab: Lab) -> None:
    """On demand, closed for inactivity and brought up by traffic again and again."""
    alice, _ = pair(lab, conn("bob", "auto=route", "inactivity=3s"))
    alice.spawn("ping", "-q", "-i", "5", "10.1.0.2")
    repeat(lab, alice, {"OK"}, seconds=60, runs=60)


AGAIN = """\
#!/bin/sh
while sleep 1; do
    ipsec update
    sleep 1
    ipsec reload
done
"""


@scenario(live=True, seconds=600)
def soak_reloaded(lab: Lab) -> None:
    """The configuration is read again and again, as configuration management does."""
    alice, _ = pair(lab, children(3), installed=all_installed(3))
    alice.write("/usr/local/bin/again", AGAIN, 0o755)
    alice.spawn("/usr/local/bin/again")
    repeat(lab, alice, {"OK"}, seconds=60, runs=60)
