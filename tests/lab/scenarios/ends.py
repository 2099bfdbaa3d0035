"""Ends of a connection that ipsec.conf names otherwise than by one address."""

from lab.scenario import Lab, scenario
from lab.scenarios.kernel_selectors import THERE
from lab.scenarios.pair import conn, pair
from lab.wire import prove, prove_inbound

IDENTITIES = ("leftid=10.1.0.1", "rightid=10.1.0.2")


@scenario()
def named_ends(lab: Lab) -> None:
    """Both ends are names, which the resolver knows."""
    ends = conn("bob", "left=alice.example", "right=bob.example", *IDENTITIES)
    alice, bob = pair(lab, ends, installed=("bob",))
    prove(alice, bob, "ESP")
    lab.expect(alice, "OK - 1 connection established")


@scenario()
def end_of_the_default_route(lab: Lab) -> None:
    """left=%defaultroute: the address that the default route leaves from."""
    alice, bob = pair(lab, conn("bob", "left=%defaultroute", "auto=add"), bob=conn("bob"))
    alice.run("ip", "route", "add", "default", "via", "10.1.0.2")
    alice.run("ipsec", "up", "bob")
    alice.write(
        "/etc/ipsec.conf", alice.read("/etc/ipsec.conf").replace(b"auto=add", b"auto=start")
    )
    prove(alice, bob, "ESP")
    lab.expect(alice, "OK - 1 connection established")


@scenario()
def several_ends(lab: Lab) -> None:
    """right= lists two addresses, a network and a range; charon calls the first."""
    ends = conn("bob", "right=10.1.0.2,10.1.0.9,10.8.0.0/16,10.1.0.20-10.1.0.30",
                "rightid=10.1.0.2")  # fmt: skip
    alice, bob = pair(lab, ends, bob=conn("bob"), installed=("bob",))
    prove(alice, bob, "ESP")
    lab.expect(alice, "OK - 1 connection established")


@scenario()
def network_of_ends(lab: Lab) -> None:
    """right= is a network: whoever of it comes is a client."""
    ends = conn("bob", "right=10.1.0.0/24", "auto=add")
    alice, bob = pair(lab, ends, bob=conn("bob"), loaded="bob")
    bob.run("ipsec", "up", "bob")
    alice.wait_installed("bob")
    prove(alice, bob, "ESP")
    lab.expect(alice, "OK - 0 connections established, 1 for clients")


POOL = conn("bob", "left=10.1.0.2", "right=%any", "type=tunnel", "rightsourceip=10.9.0.0/24",
            "leftsubnet=10.3.0.0/16")  # fmt: skip
ROAMER = conn("bob", "type=tunnel", "leftsourceip=%config", "rightsubnet=10.3.0.0/16")


@scenario()
def virtual_address(lab: Lab) -> None:
    """Alice's address inside the tunnel is one that bob hands out."""
    alice, bob = pair(lab, ROAMER, bob=POOL, installed=("bob",))
    bob.add_addresses("lo", f"{THERE[0]}/32")
    prove(alice, bob, "ESP", ends=("10.9.0.1", THERE[0]))
    prove_inbound(alice, bob, "let in", ends=("10.9.0.1", THERE[0]))
    lab.expect(alice, "OK - 1 connection established")


@scenario()
def virtual_addresses_of_clients(lab: Lab) -> None:
    """Bob hands out addresses to whoever comes; one has come."""
    _, bob = pair(lab, ROAMER, bob=POOL, installed=("bob",))
    lab.expect(bob, "OK - 0 connections established, 1 for clients")
