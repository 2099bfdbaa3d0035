"""Negotiations that fail, and children that are closed."""

from lab.scenario import Lab, scenario
from lab.scenarios.pair import BOB, conn, pair


@scenario()
def wrong_psk(lab: Lab) -> None:
    """Bob has another pre-shared key: authentication fails, no SA is left."""
    alice, _ = pair(lab, BOB, bob_secrets=': PSK "another"\n')
    alice.wait_log("AUTHENTICATION_FAILED")
    alice.wait_gone(r"bob\[")
    lab.expect(
        alice,
        "CRITICAL - 1 of 1 connection not established, traffic of 1 in clear text: bob (no SA)",
    )


@scenario()
def no_ike_proposal(lab: Lab) -> None:
    """Alice and bob have no IKE proposal in common: no SA."""
    alice, _ = pair(lab, BOB, bob=conn("alice", "ike=aes256-sha512-ecp521!"))
    alice.wait_log("NO_PROPOSAL_CHOSEN")
    alice.wait_gone(r"bob\[")
    lab.expect(
        alice,
        "CRITICAL - 1 of 1 connection not established, traffic of 1 in clear text: bob (no SA)",
    )


@scenario()
def no_esp_proposal(lab: Lab) -> None:
    """Alice and bob have no ESP proposal in common: IKE is up without a CHILD_SA."""
    alice, _ = pair(lab, BOB, bob=conn("alice", "esp=aes256gcm16!"))
    alice.wait(r"bob\[\d+\]: ESTABLISHED")
    lab.expect(
        alice,
        "CRITICAL - 1 of 1 connection not established, traffic of 1 in clear text: bob (IKE "
        "up, no CHILD_SA)",
    )


@scenario()
def selectors_refused(lab: Lab) -> None:
    """Bob protects other ports than alice asks for: IKE is up without a CHILD_SA."""
    alice, _ = pair(lab, conn("bob", "rightsubnet=10.1.0.2[tcp/99]"),
                    bob=conn("alice", "rightsubnet=10.1.0.2[tcp/80]"))  # fmt: skip
    alice.wait_log("TS_UNACCEPTABLE")
    alice.wait(r"bob\[\d+\]: ESTABLISHED")
    lab.expect(
        alice,
        "CRITICAL - 1 of 1 connection not established, traffic of 1 in clear text: bob (IKE "
        "up, no CHILD_SA)",
    )


@scenario()
def child_closed(lab: Lab) -> None:
    """The CHILD_SA was closed by hand, its IKE_SA kept."""
    alice, _ = pair(lab, BOB, installed=("bob",))
    alice.run("ipsec", "down", "bob{1}")
    alice.wait_gone(r"bob\{")
    lab.expect(
        alice,
        "CRITICAL - 1 of 1 connection not established, traffic of 1 in clear text: bob (IKE "
        "up, no CHILD_SA)",
    )


@scenario()
def taken_down(lab: Lab) -> None:
    """The connection was taken down by hand: loaded, no SA."""
    alice, _ = pair(lab, BOB, installed=("bob",))
    alice.run("ipsec", "down", "bob[1]")
    alice.wait_gone(r"bob\[")
    lab.expect(
        alice,
        "CRITICAL - 1 of 1 connection not established, traffic of 1 in clear text: bob (no SA)",
    )


@scenario()
def brought_up_by_the_peer(lab: Lab) -> None:
    """auto=add, and bob has initiated: required and established, alice is responder."""
    alice, bob = pair(lab, conn("bob", "auto=add"))
    bob.run("ipsec", "up", "bob")
    alice.wait_installed("bob")
    lab.expect(alice, "OK - 1 connection established")


@scenario()
def duplicates(lab: Lab) -> None:
    """uniqueids=no: two IKE_SAs, each with its CHILD_SA, for one connection."""
    alice, _ = pair(lab, "config setup\n    uniqueids=no\n\nconn bob\n", installed=("bob",),
                    charon="reuse_ikesa = no")  # fmt: skip
    alice.run("ipsec", "up", "bob")
    alice.wait(r"bob\[2\]: ESTABLISHED", r"bob\{2\}:  INSTALLED")
    lab.expect(alice, "OK - 1 connection established")


@scenario()
def duplicates_one_deleted_in_the_kernel(lab: Lab) -> None:
    """Two CHILD_SAs of one connection; the kernel has lost the states of the first."""
    alice, _ = pair(lab, "config setup\n    uniqueids=no\n\nconn bob\n", installed=("bob",),
                    charon="reuse_ikesa = no")  # fmt: skip
    spi = alice.spi_in("bob")
    alice.run("ipsec", "up", "bob")
    alice.wait(r"bob\{2\}:  INSTALLED")
    alice.run("ip", "xfrm", "state", "delete", "src", "10.1.0.2", "dst", "10.1.0.1",
              "proto", "esp", "spi", f"0x{spi}")  # fmt: skip
    lab.expect(alice, "OK - 1 connection established")
