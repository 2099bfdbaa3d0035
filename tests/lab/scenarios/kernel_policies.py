"""Policies beside and in place of the connection's own, each proved on the wire."""

from lab.scenario import Lab, scenario
from lab.scenarios.by_hand import (
    IN,
    OURS,
    OUT,
    REQUIRED,
    WIDE_IN,
    WIDE_OUT,
    delete_state,
    healthy,
    own_policy,
    policy,
    spi_out,
    state_between,
)
from lab.scenarios.pair import conn, pair
from lab.wire import prove, prove_inbound

NOT_UP = "CRITICAL - 1 of 1 connection not established"
IN_CLEAR = f"{NOT_UP}, traffic of 1 in clear text"
BYPASSED = "bob (a policy without IPsec comes first: out, traffic leaves in clear text)"

# --- beside it ------------------------------------------------------------------


@scenario()
def bypass_for_the_same_ends(lab: Lab) -> None:
    """A policy without template for the same two hosts and unmarked traffic comes first."""
    alice, bob = healthy(lab)
    policy(alice, "add", *OUT, "mark", "0", "mask", "0xff", "priority", "1")
    prove(alice, bob, "clear text")
    lab.expect(alice, f"{IN_CLEAR}: {BYPASSED}")


@scenario()
def bypass_for_the_network(lab: Lab) -> None:
    """A policy without template for the whole network comes first."""
    alice, bob = healthy(lab)
    policy(alice, "add", *WIDE_OUT, "priority", "1")
    prove(alice, bob, "clear text")
    lab.expect(alice, f"{IN_CLEAR}: {BYPASSED}")


@scenario()
def bypass_that_comes_second(lab: Lab) -> None:
    """A policy without template for the whole network stands behind the connection's own."""
    alice, bob = healthy(lab)
    policy(alice, "add", *WIDE_OUT, "priority", "400000")
    prove(alice, bob, "ESP")
    lab.expect(alice, "OK - 1 connection established")


@scenario()
def bypass_of_equal_priority(lab: Lab) -> None:
    """A policy without template for the whole network has the priority of the own one."""
    alice, bob = healthy(lab)
    policy(alice, "add", *WIDE_OUT, "priority", OURS)
    prove(alice, bob, "clear text")
    lab.expect(alice, f"{IN_CLEAR}: {BYPASSED}")


@scenario()
def block_for_the_network(lab: Lab) -> None:
    """A blocking policy for the whole network comes first."""
    alice, bob = healthy(lab)
    policy(alice, "add", *WIDE_OUT, "action", "block", "priority", "1")
    prove(alice, bob, "nothing")
    lab.expect(alice, f"{NOT_UP}: bob (a policy blocks: out)")


@scenario()
def inbound_bypass_for_the_network(lab: Lab) -> None:
    """An inbound policy without template comes first: clear text is let in."""
    alice, bob = healthy(lab)
    policy(alice, "add", *WIDE_IN, "priority", "1")
    policy(bob, "flush")
    prove(bob, alice, "clear text")
    prove_inbound(bob, alice, "let in")
    lab.expect(alice, f"{NOT_UP}: bob (a policy without IPsec comes first: in)")


@scenario()
def inbound_block_for_the_network(lab: Lab) -> None:
    """An inbound blocking policy comes first: what bob has protected is dropped."""
    alice, bob = healthy(lab)
    prove_inbound(bob, alice, "let in")
    policy(alice, "add", *WIDE_IN, "action", "block", "priority", "1")
    prove(bob, alice, "ESP")
    prove_inbound(bob, alice, "dropped")
    lab.expect(alice, f"{NOT_UP}: bob (a policy blocks: in)")


# --- in its place ---------------------------------------------------------------


@scenario()
def own_policy_blocks(lab: Lab) -> None:
    """The connection's own out policy has the action block."""
    alice, bob = healthy(lab)
    policy(alice, "update", *OUT, "action", "block", "priority", OURS, "tmpl", *REQUIRED)
    prove(alice, bob, "nothing")
    lab.expect(alice, f"{NOT_UP}: bob (a policy blocks: out)")


@scenario()
def own_policy_optional(lab: Lab) -> None:
    """The out policy has level use: protected while the SA is there."""
    alice, bob = healthy(lab)
    own_policy(alice, *REQUIRED, "level", "use")
    prove(alice, bob, "ESP")
    lab.expect(alice, f"{NOT_UP}: bob (policy does not require IPsec: out)")


@scenario()
def own_policy_optional_without_sa(lab: Lab) -> None:
    """The out policy has level use and the kernel no state: clear text."""
    alice, bob = healthy(lab)
    own_policy(alice, *REQUIRED, "level", "use")
    delete_state(alice, *state_between("alice", "bob", spi_out(alice, "bob")))
    prove(alice, bob, "clear text")
    lab.expect(alice, f"{IN_CLEAR}: bob (kernel has no such SA)")


@scenario()
def own_policy_for_another_peer(lab: Lab) -> None:
    """The out policy wants a tunnel to carol."""
    alice, bob = healthy(lab, conn("bob", "type=tunnel"))
    ends = ("src", "10.1.0.1", "dst", "10.1.0.3")
    own_policy(alice, *ends, "proto", "esp", "reqid", "1", "mode", "tunnel", priority="1")
    prove(alice, bob, "nothing")
    lab.expect(alice, f"{NOT_UP}: bob (policy does not fit the SA: out, to 10.1.0.3)")


@scenario()
def own_policy_wants_ah(lab: Lab) -> None:
    """The out policy wants AH, the SA is ESP."""
    alice, bob = healthy(lab)
    own_policy(alice, "proto", "ah", "reqid", "1", "mode", "transport")
    prove(alice, bob, "nothing")
    lab.expect(alice, f"{NOT_UP}: bob (policy does not fit the SA: out, proto ah)")


@scenario()
def own_policy_wants_a_tunnel(lab: Lab) -> None:
    """The out policy wants tunnel mode, the SA is in transport mode."""
    alice, bob = healthy(lab)
    ends = ("src", "10.1.0.1", "dst", "10.1.0.2")
    own_policy(alice, *ends, "proto", "esp", "reqid", "1", "mode", "tunnel")
    prove(alice, bob, "nothing")
    lab.expect(alice, f"{NOT_UP}: bob (policy does not fit the SA: out, mode tunnel)")


def unfit(what: str) -> str:
    return f"bob (policy does not fit the SA: out, {what}, traffic leaves in clear text)"


@scenario()
def own_policy_marked(lab: Lab) -> None:
    """The out policy holds for marked traffic only."""
    alice, bob = healthy(lab)
    policy(alice, "delete", *OUT)
    policy(alice, "add", *OUT, "mark", "42", "priority", OURS, "tmpl", *REQUIRED)
    prove(alice, bob, "clear text")
    lab.expect(alice, f"{IN_CLEAR}: {unfit('mark 0x2a/0xffffffff')}")


@scenario()
def own_policy_of_an_interface_id(lab: Lab) -> None:
    """The out policy holds for an XFRM interface only."""
    alice, bob = healthy(lab)
    policy(alice, "delete", *OUT)
    policy(alice, "add", *OUT, "priority", OURS, "if_id", "7", "tmpl", *REQUIRED)
    prove(alice, bob, "clear text")
    lab.expect(alice, f"{IN_CLEAR}: {unfit('if_id 0x7')}")


@scenario()
def own_policy_of_a_device(lab: Lab) -> None:
    """The out policy holds for another device only."""
    alice, bob = healthy(lab)
    policy(alice, "delete", *OUT)
    policy(alice, "add", *OUT[:4], "dev", "lo", "dir", "out", "tmpl", *REQUIRED)
    prove(alice, bob, "clear text")
    lab.expect(alice, f"{IN_CLEAR}: {unfit('dev lo')}")


@scenario()
def own_ipv6_policy_of_a_device(lab: Lab) -> None:
    """IPv6: the out policy is bound to the very device that traffic leaves by, and never holds."""
    alice, bob = pair(lab, conn("bob", "left=fd00:1::1", "right=fd00:1::2"), installed=("bob",))
    ends = ("fd00:1::1", "fd00:1::2")
    prove(alice, bob, "ESP", ends=ends)
    selector = ("src", ends[0], "dst", ends[1])
    policy(alice, "delete", *selector, "dir", "out")
    policy(alice, "add", *selector, "dev", "eth0", "dir", "out", "tmpl", *REQUIRED)
    prove(alice, bob, "clear text", ends=ends)
    lab.expect(alice, f"{IN_CLEAR}: {unfit('dev eth0')}")


# --- which SPI it names -----------------------------------------------------------


@scenario()
def policy_names_a_gone_spi(lab: Lab) -> None:
    """The out policy names an SPI that is gone, while the SA has another."""
    alice, bob = healthy(lab)
    own_policy(alice, "proto", "esp", "spi", "0xc0ffee42", *REQUIRED[2:])
    prove(alice, bob, "nothing")
    lab.expect(alice, f"{NOT_UP}: bob (policy does not fit the SA: out, SPI c0ffee42 is gone)")


@scenario(live=True)
def duplicates_policy_names_a_gone_spi(lab: Lab) -> None:
    """Two CHILD_SAs; the state that the out policy names is deleted, the other there."""
    alice, bob = healthy(lab, "config setup\n    uniqueids=no\n\nconn bob\n", "reuse_ikesa = no")
    alice.run("ipsec", "up", "bob")
    alice.wait(r"bob\{2\}:  INSTALLED")
    prove(alice, bob, "ESP")
    named = alice.xfrm("policy").split(" spi ")[1].split()[0]
    delete_state(alice, *state_between("alice", "bob", named))
    prove(alice, bob, "nothing")
    gone = named.removeprefix("0x")
    lab.expect(alice, f"{NOT_UP}: bob (policy does not fit the SA: out, SPI {gone} is gone)")


# --- what comes in ----------------------------------------------------------------


def inbound(lab: Lab, told: str, device: tuple[str, ...] = (), level: str = "required") -> None:
    """The in policy, changed: what bob sends in clear text is let in."""
    alice, bob = healthy(lab)
    policy(alice, "delete", *IN)
    policy(alice, "add", *IN[:4], *device, "dir", "in", "priority", OURS,
           "tmpl", *REQUIRED, "level", level)  # fmt: skip
    policy(bob, "flush")
    prove(bob, alice, "clear text")
    prove_inbound(bob, alice, "let in")
    lab.expect(alice, f"{NOT_UP}: bob ({told})")


@scenario()
def inbound_policy_optional(lab: Lab) -> None:
    """The in policy has level use: clear text is let in."""
    inbound(lab, "policy does not require IPsec: in", level="use")


@scenario()
def inbound_policy_of_a_device(lab: Lab) -> None:
    """The in policy is bound to the very device that traffic comes from: it never holds."""
    inbound(lab, "policy does not fit the SA: in, dev eth0", ("dev", "eth0"))


@scenario()
def inbound_policy_for_another_sa(lab: Lab) -> None:
    """The in policy wants another reqid: what bob has protected is dropped."""
    alice, bob = healthy(lab)
    template = ("proto", "esp", "reqid", "9", "mode", "transport")
    policy(alice, "update", *IN, "priority", OURS, "tmpl", *template)
    prove(bob, alice, "ESP")
    prove_inbound(bob, alice, "dropped")
    lab.expect(alice, f"{NOT_UP}: bob (policy does not fit the SA: in, reqid 9)")


@scenario()
def inbound_bypass_of_a_device(lab: Lab) -> None:
    """An inbound policy without template, bound to a device, comes first and never holds."""
    alice, bob = healthy(lab)
    policy(alice, "add", *WIDE_IN[:4], "dev", "eth0", "dir", "in", "priority", "1")
    policy(bob, "flush")
    prove_inbound(bob, alice, "dropped")
    lab.expect(alice, "OK - 1 connection established")
