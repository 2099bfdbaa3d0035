"""Connections with equal peer settings, which charon merges under one IKE_SA."""

from lab.scenario import Lab, scenario
from lab.scenarios.pair import conn, pair


def child(name: str, number: int, auto: str = "start", settings: tuple[str, ...] = ()) -> str:
    return conn(name, "type=tunnel", f"leftsubnet=10.2.{number}.0/24",
                f"rightsubnet=10.3.{number}.0/24", f"auto={auto}", *settings)  # fmt: skip


def children(count: int, auto: str = "start") -> str:
    return "".join(child(f"net{number}", number, auto) for number in range(1, count + 1))


def all_installed(count: int) -> tuple[str, ...]:
    return tuple(f"net{number}" for number in range(1, count + 1))


@scenario(every_release=True)
def merged(lab: Lab) -> None:
    """Two connections under one IKE_SA, both up."""
    alice, _ = pair(lab, children(2), installed=all_installed(2))
    lab.expect(alice, "OK - 2 connections established")


@scenario(every_release=True)
def merged_two_one_down(lab: Lab) -> None:
    """Two connections under one IKE_SA; the CHILD_SA of the second is closed."""
    alice, _ = pair(lab, children(2), installed=all_installed(2))
    alice.run("ipsec", "down", "net2{*}")
    alice.wait_gone(r"net2\{")
    lab.expect(
        alice,
        "CRITICAL - 1 of 2 connections not established, traffic of 1 in clear text: net2 (IKE "
        "up, no CHILD_SA)",
    )


@scenario()
def merged_three_one_down(lab: Lab) -> None:
    """Three connections under one IKE_SA; the one that gave it its name is closed."""
    alice, _ = pair(lab, children(3), installed=all_installed(3))
    alice.run("ipsec", "down", "net1{*}")
    alice.wait_gone(r"net1\{")
    lab.expect(
        alice,
        "CRITICAL - 1 of 3 connections not established, traffic of 1 in clear text: net1 (IKE "
        "up, no CHILD_SA)",
    )


@scenario()
def on_demand_merged_one_up(lab: Lab) -> None:
    """Two merged on-demand connections; one is up, the other waits for traffic."""
    alice, _ = pair(lab, children(2, "route"))
    alice.wait(r"net2\{\d+\}:  ROUTED")
    alice.run("ipsec", "up", "net1")
    alice.wait_installed("net1")
    lab.expect(alice, "OK - 1 connection established, 1 on demand")


@scenario()
def on_demand_merged_idle_under_ike(lab: Lab) -> None:
    """Two merged on-demand connections, both idle under a living IKE_SA."""
    alice, _ = pair(lab, children(2, "route"))
    alice.run("ipsec", "up", "net1")
    alice.wait_installed("net1")
    alice.run("ipsec", "down", "net1{*}")
    alice.wait_gone(r"net1\{\d+\}:  INSTALLED")
    lab.expect(alice, "OK - 0 connections established, 2 on demand")


TWO_BY_TWO = conn("grid", "type=tunnel", "leftsubnet=10.2.1.0/24,10.2.2.0/24",
                  "rightsubnet=10.3.1.0/24,10.3.2.0/24")  # fmt: skip


def delete_policy(host: object, source: str, destination: str, direction: str) -> None:
    host.run("ip", "xfrm", "policy", "delete", "src", source, "dst", destination,
             "dir", direction)  # fmt: skip


@scenario()
def selectors_two_by_two(lab: Lab) -> None:
    """One CHILD_SA with 2 x 2 traffic selectors, all four policies there."""
    alice, _ = pair(lab, TWO_BY_TWO, installed=("grid",))
    lab.expect(alice, "OK - 1 connection established")


@scenario()
def selectors_one_policy_of_four_gone(lab: Lab) -> None:
    """2 x 2 traffic selectors; the outbound policy of one pair is deleted."""
    alice, _ = pair(lab, TWO_BY_TWO, installed=("grid",))
    delete_policy(alice, "10.2.2.0/24", "10.3.1.0/24", "out")
    lab.expect(
        alice,
        "CRITICAL - 1 of 1 connection not established, traffic of 1 in clear text: grid "
        "(outbound policy missing: traffic leaves in clear text)",
    )


@scenario()
def inbound_policy_gone(lab: Lab) -> None:
    """Tunnel mode; the inbound policy is deleted."""
    alice, _ = pair(lab, children(1), installed=("net1",))
    delete_policy(alice, "10.3.1.0/24", "10.2.1.0/24", "in")
    lab.expect(alice, "CRITICAL - 1 of 1 connection not established: net1 (inbound policy missing)")
