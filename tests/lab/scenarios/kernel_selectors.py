"""Several policies of one connection, and policies of several, each proved on the wire."""

from lab.hosts import Host
from lab.scenario import Lab, scenario
from lab.scenarios.by_hand import delete_state, policy, spi_out, state_between
from lab.scenarios.merged import TWO_BY_TWO, child
from lab.scenarios.pair import conn, pair
from lab.wire import prove, prove_inbound

NOT_UP = "CRITICAL - 1 of 1 connection not established"
IN_CLEAR = f"{NOT_UP}, traffic of 1 in clear text"
BYPASSED = "a policy without IPsec comes first: out, traffic leaves in clear text"
HERE, THERE = ("10.2.1.1", "10.2.2.1"), ("10.3.1.1", "10.3.2.1")
CROSSED = (HERE[1], THERE[0])
CROSSED_OUT = ("src", "10.2.2.0/24", "dst", "10.3.1.0/24", "dir", "out")
TO_BOTH = ("src", "10.2.2.0/24", "dst", "10.3.0.0/16", "dir", "out")


def networks(lab: Lab, conns: str, *installed: str) -> tuple[Host, Host]:
    """Alice and bob with an address in each of two networks, routes lead to the other."""
    alice, bob = pair(lab, conns, installed=installed)
    for host, own, others, gateway in (
        (alice, HERE, "10.3.0.0/16", "10.1.0.2"),
        (bob, THERE, "10.2.0.0/16", "10.1.0.1"),
    ):
        host.add_addresses("lo", *(f"{address}/32" for address in own))
        host.run("ip", "route", "add", others, "via", gateway)
    return alice, bob


def grid(lab: Lab) -> tuple[Host, Host]:
    """A CHILD_SA with 2 x 2 selectors, all four protected."""
    alice, bob = networks(lab, TWO_BY_TWO, "grid")
    for source in HERE:
        for destination in THERE:
            prove(alice, bob, "ESP", ends=(source, destination))
    return alice, bob


@scenario()
def one_of_four_gone(lab: Lab) -> None:
    """2 x 2 selectors; the outbound policy of one pair is deleted, three are protected."""
    alice, bob = grid(lab)
    policy(alice, "delete", *CROSSED_OUT)
    prove(alice, bob, "clear text", ends=CROSSED)
    prove(alice, bob, "ESP", ends=(HERE[0], THERE[0]))
    lab.expect(alice, f"{IN_CLEAR}: grid (outbound policy missing: traffic leaves in clear text)")


@scenario()
def two_of_four_bypassed(lab: Lab) -> None:
    """2 x 2 selectors; a policy without template comes first for one network's traffic."""
    alice, bob = grid(lab)
    policy(alice, "add", *TO_BOTH, "priority", "1")
    prove(alice, bob, "clear text", ends=CROSSED)
    prove(alice, bob, "ESP", ends=(HERE[0], THERE[0]))
    lab.expect(alice, f"{IN_CLEAR}: grid ({BYPASSED})")


@scenario()
def two_of_four_blocked(lab: Lab) -> None:
    """2 x 2 selectors; a blocking policy comes first for one network's traffic."""
    alice, bob = grid(lab)
    policy(alice, "add", *TO_BOTH, "action", "block", "priority", "1")
    prove(alice, bob, "nothing", ends=CROSSED)
    prove(alice, bob, "ESP", ends=(HERE[0], THERE[0]))
    lab.expect(alice, f"{NOT_UP}: grid (a policy blocks: out)")


@scenario()
def forward_policy_gone(lab: Lab) -> None:
    """Alice forwards for carol; without fwd policy what comes out of the tunnel ends there."""
    alice, bob = pair(lab, child("net1", 1), installed=("net1",))
    carol = lab.host("carol")
    carol.add_addresses("lo", f"{HERE[0]}/32")
    bob.add_addresses("lo", f"{THERE[0]}/32")
    alice.run("sysctl", "-q", "net.ipv4.ip_forward=1")
    alice.run("ip", "route", "add", "10.2.1.0/24", "via", "10.1.0.3")
    bob.run("ip", "route", "add", "10.2.1.0/24", "via", "10.1.0.1")
    prove_inbound(bob, carol, "let in", ends=(THERE[0], HERE[0]))
    networks = ("src", "10.3.1.0/24", "dst", "10.2.1.0/24")
    alice.run("ip", "xfrm", "policy", "delete", *networks, "dir", "fwd")
    prove_inbound(bob, carol, "dropped", ends=(THERE[0], HERE[0]))
    lab.expect(
        alice, "CRITICAL - 1 of 1 connection not established: net1 (inbound policy missing: fwd)"
    )


# --- traps ------------------------------------------------------------------------


def trapped(lab: Lab) -> tuple[Host, Host]:
    alice, bob = networks(lab, TWO_BY_TWO.replace("conn grid\n", "conn grid\n    auto=route\n"))
    alice.wait(r"grid\{\d+\}:  ROUTED")
    return alice, bob


@scenario()
def one_trap_of_four_gone(lab: Lab) -> None:
    """auto=route, 2 x 2 selectors; the kernel's trap of one pair is deleted."""
    alice, bob = trapped(lab)
    policy(alice, "delete", *CROSSED_OUT)
    prove(alice, bob, "clear text", ends=CROSSED)
    lab.expect(
        alice, f"{IN_CLEAR}: grid (trap missing in the kernel: traffic leaves in clear text)"
    )


@scenario()
def two_traps_of_four_bypassed(lab: Lab) -> None:
    """auto=route, 2 x 2 selectors; a policy without template comes before two of the traps."""
    alice, bob = trapped(lab)
    policy(alice, "add", *TO_BOTH, "priority", "1")
    prove(alice, bob, "clear text", ends=CROSSED)
    lab.expect(alice, f"{IN_CLEAR}: grid ({BYPASSED})")


@scenario()
def trap_of_another_connection(lab: Lab) -> None:
    """A trap is deleted; the wider one of another connection takes its traffic."""
    wide = conn("wide", "type=tunnel", "leftsubnet=10.2.0.0/16", "rightsubnet=10.3.0.0/16",
                "auto=route")  # fmt: skip
    alice, bob = networks(lab, wide + child("net1", 1, "route"))
    alice.wait(r"net1\{\d+\}:  ROUTED", r"wide\{\d+\}:  ROUTED")
    policy(alice, "delete", "src", "10.2.1.0/24", "dst", "10.3.1.0/24", "dir", "out")
    prove(alice, bob, "nothing", ends=(HERE[0], THERE[0]))
    alice.wait_installed("wide")
    prove(alice, bob, "ESP", ends=(HERE[0], THERE[0]))
    lab.expect(
        alice,
        "CRITICAL - 1 of 2 connections not established: net1 (another policy comes first: out, "
        "reqid 1)",
    )


# --- two connections, one reqid ---------------------------------------------------

TWO_PORTS = conn("one", "reqid=42", "rightsubnet=10.1.0.2[udp/4242]") + conn(
    "two", "reqid=42", "rightsubnet=10.1.0.2[udp/4343]"
)
TO_TWO = ("src", "10.1.0.1/32", "dst", "10.1.0.2/32", "proto", "udp", "dport", "4343")


def sharing(lab: Lab) -> tuple[Host, Host]:
    """Two connections to bob with one reqid, the outbound state of the second deleted."""
    alice, bob = pair(lab, TWO_PORTS, installed=("one", "two"))
    for port in (4242, 4343):
        prove(alice, bob, "ESP", port=port)
    delete_state(alice, *state_between("alice", "bob", spi_out(alice, "two")))
    return alice, bob


@scenario()
def reqid_shared_state_gone(lab: Lab) -> None:
    """Two connections to one peer with the same reqid=; the outbound state of one is gone."""
    alice, bob = sharing(lab)
    prove(alice, bob, "nothing", port=4343)
    prove(alice, bob, "ESP", port=4242)
    lab.expect(alice, "CRITICAL - 1 of 2 connections not established: two (kernel has no such SA)")


@scenario()
def reqid_shared_any_state(lab: Lab) -> None:
    """The same, and the policy names no SPI: the other one's state is taken."""
    alice, bob = sharing(lab)
    policy(alice, "delete", *TO_TWO, "dir", "out")
    template = ("proto", "esp", "reqid", "42", "mode", "transport")
    policy(alice, "add", *TO_TWO, "dir", "out", "priority", "1", "tmpl", *template)
    prove(alice, bob, "ESP", port=4343)
    lab.expect(alice, "CRITICAL - 1 of 2 connections not established: two (kernel has no such SA)")
