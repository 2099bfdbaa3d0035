"""Moments of rekeying and reauthentication, none of which is an outage."""

from lab.hosts import Host
from lab.scenario import Lab, scenario
from lab.scenarios.pair import BOB, conn, pair

DELAY = 8.0


def rekey(host: Host, what: str) -> None:
    host.spawn("ipsec", "stroke", "rekey", what)


@scenario(every_release=True)
def child_rekeyed(lab: Lab) -> None:
    """The CHILD_SA has just been rekeyed: the old one lingers beside the new one."""
    alice, _ = pair(lab, BOB, installed=("bob",))
    rekey(alice, "bob{1}")
    alice.wait(r"bob\{1\}:  (REKEYED|DELETED)", r"bob\{2\}:  INSTALLED")
    lab.expect(alice, "OK - 1 connection established")


@scenario()
def child_rekeying(lab: Lab) -> None:
    """The CHILD_SA is being rekeyed, the peer has not answered yet."""
    alice, bob = pair(lab, BOB, installed=("bob",))
    bob.delay(DELAY)
    rekey(alice, "bob{1}")
    alice.wait(r"bob\{1\}:  REKEYING")
    lab.expect(alice, "OK - 1 connection established")


@scenario()
def child_rekeyed_by_the_peer(lab: Lab) -> None:
    """The peer rekeys the CHILD_SA; this host has answered."""
    alice, bob = pair(lab, BOB, installed=("bob",))
    alice.delay(DELAY)
    rekey(bob, "bob{1}")
    alice.wait(r"bob\{1\}:  REKEYED", r"bob\{2\}:  INSTALLED")
    lab.expect(alice, "OK - 1 connection established")


@scenario()
def rekeyed_between_the_reads(lab: Lab) -> None:
    """charon was read before a rekey, the kernel after it."""
    soon = "delete_rekeyed_delay = 1"
    alice, _ = pair(lab, BOB, installed=("bob",), charon=soon, bob_charon=soon)

    def go_on() -> None:
        rekey(alice, "bob{1}")
        alice.wait(r"bob\{2\}:  INSTALLED")
        alice.wait_gone(r"bob\{1\}")

    lab.expect(alice, "OK - 1 connection established", between=go_on)


@scenario()
def ike_rekeying(lab: Lab) -> None:
    """The IKE_SA is being rekeyed, the peer has not answered yet."""
    alice, bob = pair(lab, conn("bob", "reauth=no"), installed=("bob",))
    bob.delay(DELAY)
    rekey(alice, "bob[1]")
    alice.wait(r"bob\[1\]: REKEYING")
    lab.expect(alice, "OK - 1 connection established")


REAUTHENTICATES_SOON = conn("bob", "ikelifetime=15s", "margintime=3s", "rekeyfuzz=0%")


@scenario()
def ike_reauthenticating(lab: Lab) -> None:
    """Break-before-make reauthentication: the IKE_SA is being deleted for it."""
    alice, bob = pair(lab, REAUTHENTICATES_SOON, bob=BOB, installed=("bob",),
                      charon="make_before_break = no")  # fmt: skip
    bob.delay(DELAY)
    alice.wait(r"bob\[1\]: DELETING")
    lab.expect(
        alice,
        "WARNING - 1 of 1 connection not established: bob (reauthenticating, break before make)",
    )


@scenario()
def ike_deleting(lab: Lab) -> None:
    """The IKE_SA is being closed by hand, with its CHILD_SA still installed."""
    alice, bob = pair(lab, BOB, installed=("bob",))
    bob.delay(DELAY)
    alice.spawn("ipsec", "down", "bob[1]")
    alice.wait(r"bob\[1\]: DELETING")
    lab.expect(alice, "CRITICAL - 1 of 1 connection not established: bob (closing)", again=True)


@scenario()
def negotiating(lab: Lab) -> None:
    """The peer answers late: key exchange done, authentication under way."""
    alice, bob = pair(lab, conn("bob", "auto=add"))
    bob.delay(DELAY)
    alice.spawn("ipsec", "up", "bob")
    alice.wait(r"bob\[1\]: CONNECTING", r"bob\[1\]: IKEv2 SPIs: \S+ (?!0{16})")
    lab.expect(
        alice,
        "CRITICAL - 1 of 1 connection not established, traffic of 1 in clear text: bob "
        "(negotiating: IKE_AUTH)",
    )
