"""Traps, shunts and clients: healthy although nothing is up."""

from lab.hosts import Host
from lab.scenario import Lab, scenario
from lab.scenarios.pair import DEFAULT, PSK, conn, pair

ON_DEMAND = conn("bob", "auto=route")


@scenario(every_release=True)
def on_demand_idle(lab: Lab) -> None:
    """auto=route, no traffic yet: only the trap."""
    alice, _ = pair(lab, ON_DEMAND)
    alice.wait(r"bob\{\d+\}:  ROUTED")
    lab.expect(alice, "OK - 0 connections established, 1 on demand")


@scenario(every_release=True)
def on_demand_up(lab: Lab) -> None:
    """auto=route, and traffic has brought it up."""
    alice, _ = pair(lab, ON_DEMAND)
    alice.wait(r"bob\{\d+\}:  ROUTED")
    alice.run("ping", "-c", "3", "10.1.0.2", check=False)
    alice.wait_installed("bob")
    lab.expect(alice, "OK - 1 connection established")


@scenario()
def on_demand_trap_deleted(lab: Lab) -> None:
    """auto=route; charon says ROUTED, the kernel's policies are flushed."""
    alice, _ = pair(lab, ON_DEMAND)
    alice.wait(r"bob\{\d+\}:  ROUTED")
    alice.run("ip", "xfrm", "policy", "flush")
    lab.expect(
        alice,
        "CRITICAL - 1 of 1 connection not established, traffic of 1 in clear text: bob (trap "
        "missing in the kernel: traffic leaves in clear text)",
    )


@scenario()
def on_demand_states_flushed(lab: Lab) -> None:
    """auto=route and up; the kernel's states are flushed."""
    alice, _ = pair(lab, ON_DEMAND)
    alice.run("ipsec", "up", "bob")
    alice.wait_installed("bob")
    alice.run("ip", "xfrm", "state", "flush")
    lab.expect(alice, "CRITICAL - 1 of 1 connection not established: bob (kernel has no such SA)")


@scenario()
def on_demand_peer_silent(lab: Lab) -> None:
    """auto=route; traffic came, the peer is silent: CONNECTING, a larval kernel state."""
    lab.host("bob")
    alice = lab.host("alice")
    alice.configure(DEFAULT + ON_DEMAND, PSK)
    alice.start()
    alice.wait(r"bob\{\d+\}:  ROUTED")
    alice.run("ping", "-c", "1", "-W", "1", "10.1.0.2", check=False)
    alice.wait(r"bob\[\d+\]: CONNECTING")
    lab.expect(alice, "OK - 0 connections established, 1 on demand")


@scenario()
def required_has_only_a_trap(lab: Lab) -> None:
    """auto=start, taken down; a trap that was routed by hand waits for traffic."""
    alice, _ = pair(lab, "conn bob\n", installed=("bob",))
    alice.run("ipsec", "route", "bob")
    alice.run("ipsec", "down", "bob[1]")
    alice.wait_gone(r"bob\[")
    lab.expect(
        alice, "CRITICAL - 1 of 1 connection not established: bob (only a trap waits for traffic)"
    )


SHUNTS = (
    conn("pass-lan", "type=passthrough", "leftsubnet=10.9.0.0/24", "rightsubnet=10.9.1.0/24",
         "auto=route")
    + conn("drop-lan", "type=drop", "leftsubnet=10.9.2.0/24", "rightsubnet=10.9.3.0/24",
           "auto=route")
    + conn("pass-later", "type=passthrough", "leftsubnet=10.9.4.0/24",
           "rightsubnet=10.9.5.0/24", "auto=add")
)  # fmt: skip


@scenario()
def shunts(lab: Lab) -> None:
    """A passthrough and a drop shunt, one that is only loaded, and a connection that is up."""
    alice, _ = pair(lab, SHUNTS + "conn bob\n", bob="conn bob\n", installed=("bob",))
    lab.expect(alice, "OK - 1 connection established, 3 shunts")


@scenario()
def shunt_unrouted(lab: Lab) -> None:
    """The passthrough shunt was taken away by hand."""
    alice, _ = pair(lab, SHUNTS + "conn bob\n", bob="conn bob\n", installed=("bob",))
    alice.run("ipsec", "unroute", "pass-lan")
    alice.wait_gone(r"pass-lan:  .* PASS$.*Security")
    lab.expect(
        alice, "CRITICAL - 1 of 2 connections not established: pass-lan (shunt not installed)"
    )


@scenario()
def passthrough_lets_traffic_out(lab: Lab) -> None:
    """A passthrough shunt stands before a connection that is down: clear text."""
    wide = conn("pass-bob", "type=passthrough", "leftsubnet=10.1.0.1/32",
                "rightsubnet=10.1.0.0/24", "auto=route")  # fmt: skip
    alice, _ = pair(lab, wide + "conn bob\n", bob="conn bob\n", installed=("bob",))
    alice.run("ipsec", "down", "bob[1]")
    alice.wait_gone(r"bob\[")
    lab.expect(
        alice,
        "CRITICAL - 1 of 1 connection not established, traffic of 1 in clear text: bob (no SA)",
    )


CLIENTS = conn("clients", "type=tunnel", "right=%any", "rightsourceip=10.4.0.0/24",
               "leftsubnet=10.2.0.0/16", "auto=add")  # fmt: skip


def gateway(lab: Lab) -> Host:
    alice = lab.host("alice")
    alice.configure(DEFAULT + CLIENTS, PSK)
    alice.start()
    return alice


def client(lab: Lab, name: str, address: str) -> None:
    host = lab.host(name)
    own = conn("home", "type=tunnel", f"left={address}", "right=10.1.0.1",
               "leftsourceip=%config", "rightsubnet=10.2.0.0/16")  # fmt: skip
    host.configure(DEFAULT + own, PSK)
    host.start()
    host.wait_installed("home")


@scenario()
def clients_idle(lab: Lab) -> None:
    """A gateway for clients (right=%any), none is there."""
    lab.expect(gateway(lab), "OK - 0 connections established, 1 for clients")


@scenario()
def clients_two(lab: Lab) -> None:
    """A gateway for clients with two of them."""
    alice = gateway(lab)
    client(lab, "bob", "10.1.0.2")
    client(lab, "carol", "10.1.0.3")
    lab.expect(alice, "OK - 0 connections established, 1 for clients")


@scenario()
def clients_states_flushed(lab: Lab) -> None:
    """A gateway with two clients whose kernel states are gone: shown, no alarm."""
    alice = gateway(lab)
    client(lab, "bob", "10.1.0.2")
    client(lab, "carol", "10.1.0.3")
    alice.run("ip", "xfrm", "state", "flush")
    lab.expect(alice, "OK - 0 connections established, 1 for clients")
