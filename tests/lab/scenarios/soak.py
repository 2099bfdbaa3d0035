"""Keys that change all the time, and a plugin that asks all the time: no false alarm."""

from lab.asking import repeat
from lab.hosts import Host
from lab.scenario import Lab, scenario
from lab.scenarios.fleet import CALM, address, connection, name, nodes
from lab.scenarios.pair import DEFAULT, PSK

PEERS = 10
# charon puts reauthentication off by up to 15 s while a rekeyed CHILD_SA lingers
LIFETIMES = "lifetime=24s\n    ikelifetime=44s\n    margintime=16s\n    rekeyfuzz=30%\n"
LINGERS = "\ndelete_rekeyed_delay = 1"
MINUTES = 3


def restless(lab: Lab, charon: str) -> tuple[Host, Host]:
    """Alice and bob with two connections to each of bob's addresses, under traffic."""
    text = DEFAULT.rstrip("\n") + f"\n    {LIFETIMES}\n"
    conns = "".join(map(connection, nodes(PEERS)))
    bob, alice = lab.host("bob"), lab.host("alice")
    bob.add_addresses("eth0", *(
        address(node) + ("/16" if node[1] == "v4" else "/64") for node in nodes(PEERS)
    ))  # fmt: skip
    alice.run("ip", "route", "add", "10.1.0.0/16", "dev", "eth0")
    # two ends that begin to reauthenticate at once would delete each other's new IKE_SA
    calm = text.replace("ikelifetime=44s", "ikelifetime=2h").replace("auto=start", "auto=add")
    for host, own in ((bob, calm), (alice, text)):
        host.configure(own + conns, PSK, CALM + LINGERS + charon)
        host.start()
    alice.wait_installed(*map(name, nodes(PEERS)))
    bob.wait_installed(*map(name, nodes(PEERS)))
    for node in nodes(PEERS):
        alice.spawn("ping", "-q", "-i", "0.5", address(node))
    return alice, bob


@scenario(live=True, seconds=1200)
def soak(lab: Lab) -> None:
    """20 connections, rekeyed and reauthenticated (make before break) every few seconds."""
    alice, _ = restless(lab, "\nmake_before_break = yes")
    repeat(lab, alice, {"OK"}, seconds=MINUTES * 60, runs=200)


@scenario(live=True, seconds=900)
def soak_break_before_make(lab: Lab) -> None:
    """The same with the old SAs gone before the new ones come: connecting at the worst."""
    alice, bob = restless(lab, "\nmake_before_break = no")
    repeat(lab, alice, {"OK", "WARNING"}, seconds=60, runs=40)
    repeat(lab, bob, {"OK", "WARNING"}, seconds=60, runs=40)
