"""Outbound states that are not what charon has negotiated, each proved on the wire."""

from lab.scenario import Lab, scenario
from lab.scenarios.by_hand import NULL, healthy, other_state
from lab.wire import prove

NOT_UP = "CRITICAL - 1 of 1 connection not established"


@scenario()
def state_in_another_mode(lab: Lab) -> None:
    """The outbound state is in tunnel mode."""
    alice, bob = healthy(lab)
    other_state(alice, mode="tunnel")
    prove(alice, bob, "nothing")
    lab.expect(alice, f"{NOT_UP}: bob (kernel has another SA: out, mode tunnel)")


@scenario()
def state_with_a_mark(lab: Lab) -> None:
    """The outbound state is for marked traffic only."""
    alice, bob = healthy(lab)
    other_state(alice, "bob", "mark", "42")
    prove(alice, bob, "nothing")
    lab.expect(alice, f"{NOT_UP}: bob (kernel has another SA: out, mark 0x2a/0xffffffff)")


@scenario()
def state_of_an_interface_id(lab: Lab) -> None:
    """The outbound state belongs to an XFRM interface."""
    alice, bob = healthy(lab)
    other_state(alice, "bob", "if_id", "7")
    prove(alice, bob, "nothing")
    lab.expect(alice, f"{NOT_UP}: bob (kernel has another SA: out, if_id 0x7)")


@scenario()
def state_with_another_reqid(lab: Lab) -> None:
    """The outbound state has another reqid."""
    alice, bob = healthy(lab)
    other_state(alice, reqid="9")
    prove(alice, bob, "nothing")
    lab.expect(alice, f"{NOT_UP}: bob (kernel has another SA: out, reqid 9)")


@scenario()
def state_without_encryption(lab: Lab) -> None:
    """The outbound state does not encrypt, while charon says AES: readable on the wire."""
    alice, bob = healthy(lab)
    other_state(alice, keys=NULL)
    prove(alice, bob, "readable ESP")
    lab.expect(
        alice,
        f"{NOT_UP}, traffic of 1 in clear text: bob (kernel has another SA: out, without "
        "encryption)",
    )


@scenario()
def state_for_other_ends(lab: Lab) -> None:
    """The selector of the outbound state does not cover the traffic."""
    alice, bob = healthy(lab)
    other_state(alice, "bob", "sel", "src", "10.1.0.1", "dst", "10.1.0.3")
    prove(alice, bob, "nothing")
    lab.expect(
        alice, f"{NOT_UP}: bob (kernel has another SA: out, selector 10.1.0.1/32 10.1.0.3/32)"
    )
