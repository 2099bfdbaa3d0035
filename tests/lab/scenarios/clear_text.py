"""When traffic leaves unencrypted, and when it is kept back, each proved on the wire."""

import re

from lab.errors import LabError
from lab.hosts import Host
from lab.scenario import Lab, scenario, v4
from lab.scenarios.by_hand import OUT, healthy, policy
from lab.scenarios.mesh import initiator, responder
from lab.scenarios.pair import BOB, DEFAULT, PSK, conn, pair
from lab.wire import prove

NOT_UP = "1 of 1 connection not established"
IN_CLEAR = f"{NOT_UP}, traffic of 1 in clear text"
ON_DEMAND = conn("bob", "auto=route")


def alone(lab: Lab, conns: str) -> tuple[Host, Host]:
    """Alice, and a bob whose charon does not run."""
    bob, alice = lab.host("bob"), lab.host("alice")
    alice.configure(DEFAULT + conns, PSK)
    alice.start()
    return alice, bob


@scenario()
def required_down_in_clear(lab: Lab) -> None:
    """auto=start, taken down: there is no trap, so traffic leaves in clear text."""
    alice, bob = healthy(lab)
    alice.run("ipsec", "down", "bob[1]")
    alice.wait_gone(r"bob\[")
    prove(alice, bob, "clear text")
    lab.expect(alice, f"CRITICAL - {IN_CLEAR}: bob (no SA)")


@scenario()
def required_peer_silent_in_clear(lab: Lab) -> None:
    """auto=start, the peer is silent: traffic leaves in clear text meanwhile."""
    alice, bob = alone(lab, BOB)
    alice.wait(r"bob\[\d+\]: CONNECTING")
    prove(alice, bob, "clear text")
    lab.expect(alice, f"CRITICAL - {IN_CLEAR}: bob (peer does not answer)")


@scenario()
def trap_keeps_back(lab: Lab) -> None:
    """auto=route, the peer is silent: nothing leaves."""
    alice, bob = alone(lab, ON_DEMAND)
    alice.wait(r"bob\{\d+\}:  ROUTED")
    prove(alice, bob, "nothing")
    alice.wait(r"bob\[\d+\]: CONNECTING")
    prove(alice, bob, "nothing")
    lab.expect(alice, "OK - 0 connections established, 1 on demand")


@scenario()
def trap_deleted_in_clear(lab: Lab) -> None:
    """auto=route, the kernel's trap is deleted: traffic leaves in clear text."""
    alice, bob = pair(lab, ON_DEMAND)
    alice.wait(r"bob\{\d+\}:  ROUTED")
    policy(alice, "delete", *OUT)
    prove(alice, bob, "clear text")
    lab.expect(
        alice,
        f"CRITICAL - {IN_CLEAR}: bob (trap missing in the kernel: traffic leaves in clear text)",
    )


@scenario(live=True)
def clear_text_is_no_threshold(lab: Lab) -> None:
    """One of four connections in clear text: no threshold makes that well, its option does."""
    bob = responder(lab, "bob")
    responder(lab, "carol")
    alice = initiator(lab, "bob", "carol")
    alice.wait_installed("bob_v4", "bob_v6", "carol_v4", "carol_v6")
    prove(alice, bob, "ESP")
    ends = ("src", f"{v4('alice')}/32", "dst", f"{v4('bob')}/32")
    policy(alice, "delete", *ends, "dir", "out")
    prove(alice, bob, "clear text")
    half = ("-w", "50%", "-c", "50%")
    said = (
        "1 of 4 connections not established, traffic of 1 in clear text: bob_v4 (outbound policy "
        "missing: traffic leaves in clear text)"
    )
    lab.expect(alice, f"CRITICAL - {said}", arguments=half)
    lab.expect(alice, f"CRITICAL - {said}", arguments=("--not-connected", "warning"))
    lab.expect(alice, f"WARNING - {said}", arguments=(*half, "--cleartext", "warning"))


# --- marks ------------------------------------------------------------------------


UNMARKED = "plugins { forecast { load = no }\n connmark { load = no } }"


@scenario()
def mark_unique(lab: Lab) -> None:
    """mark=%unique, a number of charon's; its plugins forecast and connmark mark the traffic."""
    alice, bob = pair(lab, conn("bob", "mark=%unique"), bob=BOB, installed=("bob",))
    prove(alice, bob, "ESP")
    lab.expect(alice, "OK - 1 connection established")


@scenario()
def mark_unique_by_others(lab: Lab) -> None:
    """mark=%unique without these plugins: what others mark so is protected, the rest is not."""
    alice, bob = pair(lab, conn("bob", "mark=%unique"), bob=BOB, charon=UNMARKED,
                      installed=("bob",))  # fmt: skip
    found = re.search(r"mark (0x[0-9a-f]+)/", alice.xfrm("policy"))
    if not found:
        raise LabError("no policy has a mark")
    prove(alice, bob, "ESP", mark=int(found[1], 16))
    prove(alice, bob, "clear text")
    lab.expect(alice, "OK - 1 connection established")


@scenario()
def mark_with_a_mask(lab: Lab) -> None:
    """mark=0x20/0xf0: what bears it under the mask is protected."""
    alice, bob = pair(lab, conn("bob", "mark=0x20/0xf0"), bob=BOB, charon=UNMARKED,
                      installed=("bob",))  # fmt: skip
    prove(alice, bob, "ESP", mark=0x20)
    prove(alice, bob, "ESP", mark=0x12F)
    prove(alice, bob, "clear text", mark=0x30)
    lab.expect(alice, "OK - 1 connection established")
