"""ipsec.conf as it is now, charon as it was told, and what the peer has agreed to."""

from lab.hosts import Host
from lab.scenario import Lab, scenario
from lab.scenarios.pair import BOB, DEFAULT, conn, pair


def changed(lab: Lab, *settings: str, conns: str = BOB) -> Host:
    """Alice, whose ipsec.conf has other settings now than charon has loaded of bob."""
    alice, _ = pair(lab, conns, installed=("bob",))
    alice.write("/etc/ipsec.conf", DEFAULT + conn("bob", *settings))
    return alice


def unlike(what: str) -> str:
    return f"WARNING - 1 connection established, 1 unlike ipsec.conf: bob ({what})"


def loaded(setting: str) -> str:
    return unlike(f"loaded differently: {setting}, `ipsec update` is due")


@scenario()
def peer_changed(lab: Lab) -> None:
    """The file names another peer, nobody has told charon."""
    alice = changed(lab, "right=10.1.0.9")
    lab.expect(alice, loaded("right=10.1.0.9"))


@scenario()
def peer_changed_and_updated(lab: Lab) -> None:
    """charon knows the new peer, who does not answer; the SA to the old one is still up."""
    alice = changed(lab, "right=10.1.0.9")
    alice.run("ipsec", "update")
    alice.wait(r"10\.1\.0\.9")
    lab.expect(
        alice,
        "CRITICAL - 1 of 1 connection not established, traffic of 1 in clear text: bob (peer does "
        "not answer) + 1 not in ipsec.conf",
    )


@scenario()
def subnet_added(lab: Lab) -> None:
    """The file has one more subnet behind bob."""
    alice = changed(lab, "rightsubnet=10.1.0.2/32,10.4.0.0/16")
    lab.expect(alice, loaded("rightsubnet=10.1.0.2/32,10.4.0.0/16"))


@scenario()
def subnet_removed(lab: Lab) -> None:
    """The file has one subnet less than charon has loaded."""
    nets = conn("bob", "type=tunnel", "leftsubnet=10.2.1.0/24,10.2.2.0/24",
                "rightsubnet=10.3.1.0/24")  # fmt: skip
    alice = changed(
        lab, "type=tunnel", "leftsubnet=10.2.1.0/24", "rightsubnet=10.3.1.0/24", conns=nets
    )
    lab.expect(alice, loaded("leftsubnet=10.2.1.0/24"))


@scenario()
def mode_changed(lab: Lab) -> None:
    """The file asks for tunnel mode, charon has loaded transport mode."""
    alice = changed(lab, "type=tunnel")
    lab.expect(alice, loaded("type=tunnel"))


@scenario()
def identity_changed(lab: Lab) -> None:
    """The file expects another identity of the peer."""
    alice = changed(lab, "rightid=@bob.example")
    lab.expect(alice, loaded("rightid=@bob.example"))


@scenario()
def cipher_changed(lab: Lab) -> None:
    """The file insists on another cipher; --stale says how bad that is."""
    alice = changed(lab, "esp=aes256gcm16!")
    found = unlike("negotiated differently: esp=aes256gcm16!")
    lab.expect(alice, found.replace("WARNING", "CRITICAL"), arguments=("--stale", "critical"))
    lab.expect(alice, found.replace("WARNING", "OK"), arguments=("--stale", "ok"))
    lab.expect(alice, found)


@scenario()
def cipher_changed_and_updated(lab: Lab) -> None:
    """`ipsec update` leaves the SA as it is: with the cipher of before."""
    alice = changed(lab, "esp=aes256gcm16!")
    alice.run("ipsec", "update")
    lab.expect(alice, unlike("negotiated differently: esp=aes256gcm16!"))


@scenario()
def selectors_narrowed(lab: Lab) -> None:
    """Bob has agreed to a part of what alice asked for."""
    asked = conn("bob", "type=tunnel", "leftsubnet=10.2.0.0/16", "rightsubnet=10.3.0.0/16")
    agreed = conn("bob", "type=tunnel", "leftsubnet=10.2.0.0/16", "rightsubnet=10.3.1.0/24")
    alice, _ = pair(lab, asked, bob=agreed, installed=("bob",))
    lab.expect(alice, unlike("covers only a part: of 10.3.0.0/16 only 10.3.1.0/24"))


@scenario(ikev1=True)
def ikev1_first_subnet_only(lab: Lab) -> None:
    """An IKEv1 CHILD_SA carries the first of two subnets; the other leaves in clear text."""
    nets = conn("bob", "keyexchange=ikev1", "type=tunnel", "leftsubnet=10.2.1.0/24",
                "rightsubnet=10.3.1.0/24,10.3.2.0/24")  # fmt: skip
    alice, _ = pair(lab, nets, installed=("bob",))
    lab.expect(
        alice,
        "CRITICAL - 1 connection established, traffic of 1 in clear text, 1 unlike ipsec.conf: "
        "bob (covers only a part: not 10.2.1.0/24 to 10.3.2.0/24)",
    )


@scenario()
def refused_by_charon(lab: Lab) -> None:
    """starter accepts proposals without a group, charon does not."""
    conns = BOB + "\n" + conn("carol", "right=10.1.0.3", "ike=3des-sha1")
    alice, _ = pair(lab, conns, bob=BOB, loaded="bob", installed=("bob",))
    lab.expect(
        alice,
        "CRITICAL - 1 of 2 connections not established, traffic of 1 in clear text: carol (not "
        "loaded: `ipsec update` is due, or charon has refused it)",
    )


@scenario()
def route_to_anybody(lab: Lab) -> None:
    """auto=route to any peer in tunnel mode: charon sets no trap, it serves clients."""
    conns = conn("clients", "right=%any", "type=tunnel", "leftsubnet=10.2.0.0/16", "auto=route")
    alice, _ = pair(lab, conns, bob=BOB, loaded="clients")
    lab.expect(alice, "OK - 0 connections established, 1 for clients")


SPELLINGS = (
    "right=10.1.0.2,10.1.0.9",
    "leftsubnet=%dynamic[udp]",
    "rightsubnet=10.1.0.2[udp]",
    "leftid=@alice.example",
    'rightid="C=CH,O=Lab, CN=bob"',
    "ike=aes256-sha384-modp2048,aes128-sha256-prfsha256-ecp256,aes128gcm16-prfsha256-x25519!",
    "esp=aes256gcm16-noesn,aes128gcm128!",
)
SAME = ("leftid=@alice.example", 'rightid="C=CH, O=Lab, CN=bob"', "leftsubnet=10.1.0.1[udp]",
        "rightsubnet=10.1.0.2[udp]")  # fmt: skip


@scenario()
def spelt_otherwise(lab: Lab) -> None:
    """Ends, selectors, identities and proposals in other words than charon's: no difference."""
    alice, _ = pair(lab, conn("bob", *SPELLINGS), bob=conn("bob", *SAME), installed=("bob",))
    lab.expect(alice, "OK - 1 connection established")


@scenario()
def ends_exchanged(lab: Lab) -> None:
    """Bob reads alice's file: charon has put his own end first."""
    _, bob = pair(lab, BOB, installed=("bob",))
    lab.expect(bob, "OK - 1 connection established")
