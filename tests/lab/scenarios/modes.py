"""Protocols, modes and ways to authenticate."""

from lab.hosts import Host
from lab.scenario import Lab, scenario
from lab.scenarios.pair import DEFAULT, PSK, conn, pair

AGGRESSIVE = "i_dont_care_about_security_and_use_aggressive_mode_psk = yes"
USER = PSK + 'carol : EAP "lab"\ncarol : XAUTH "lab"\n'


@scenario(ikev1=True)
def ikev1_main_mode(lab: Lab) -> None:
    """IKEv1, main mode, up."""
    alice, _ = pair(lab, conn("bob", "keyexchange=ikev1"), installed=("bob",))
    lab.expect(alice, "OK - 1 connection established")


@scenario(ikev1=True)
def ikev1_aggressive_mode(lab: Lab) -> None:
    """IKEv1, aggressive mode, up; charon calls itself weakSwan."""
    alice, _ = pair(lab, conn("bob", "keyexchange=ikev1", "aggressive=yes"), charon=AGGRESSIVE,
                    bob_charon=AGGRESSIVE, installed=("bob",))  # fmt: skip
    lab.expect(alice, "OK - 1 connection established")


@scenario(ikev1=True)
def ikev1_xauth(lab: Lab) -> None:
    """IKEv1 with XAuth: alice knows bob by his user name too."""
    ends = ("keyexchange=ikev1", "leftauth=psk", "rightauth=psk")
    alice_side = conn("bob", *ends, "rightauth2=xauth", "auto=add")
    bob_side = conn("alice", *ends, "left=10.1.0.2", "right=10.1.0.1", "leftauth2=xauth",
                    "xauth_identity=carol", "auto=add")  # fmt: skip
    alice, bob = pair(lab, alice_side, bob=bob_side, secrets=USER, bob_secrets=USER)
    bob.run("ipsec", "up", "alice")
    alice.wait_installed("bob")
    lab.expect(alice, "OK - 1 connection established")


@scenario()
def eap(lab: Lab) -> None:
    """EAP-MSCHAPv2: alice knows bob by his EAP identity."""
    alice_side = conn("bob", "leftauth=psk", "rightauth=eap-mschapv2", "eap_identity=%identity",
                      "auto=add")  # fmt: skip
    bob_side = conn("alice", "left=10.1.0.2", "right=10.1.0.1", "leftauth=eap-mschapv2",
                    "rightauth=psk", "eap_identity=carol", "auto=add")  # fmt: skip
    alice, bob = pair(lab, alice_side, bob=bob_side, secrets=USER, bob_secrets=USER)
    bob.run("ipsec", "up", "alice")
    alice.wait_installed("bob")
    lab.expect(alice, "OK - 1 connection established")


@scenario()
def ah(lab: Lab) -> None:
    """AH instead of ESP, transport mode."""
    alice, _ = pair(lab, conn("bob", "esp=", "ah=sha256!"), installed=("bob",))
    lab.expect(alice, "OK - 1 connection established")


@scenario()
def ipcomp(lab: Lab) -> None:
    """ESP with IPComp, transport mode."""
    alice, _ = pair(lab, conn("bob", "compress=yes"), installed=("bob",))
    lab.expect(alice, "OK - 1 connection established")


@scenario()
def ipcomp_tunnel(lab: Lab) -> None:
    """ESP with IPComp, tunnel mode."""
    alice, _ = pair(lab, conn("bob", "type=tunnel", "compress=yes"), installed=("bob",))
    lab.expect(alice, "OK - 1 connection established")


VENDOR = "send_vendor_id = yes"


@scenario()
def beet(lab: Lab) -> None:
    """BEET mode, which strongSwan agrees on with itself only."""
    alice, _ = pair(lab, conn("bob", "type=beet"), charon=VENDOR, bob_charon=VENDOR,
                    installed=("bob",))  # fmt: skip
    lab.expect(alice, "OK - 1 connection established")


@scenario()
def beet_installed_as_tunnel(lab: Lab) -> None:
    """type=beet, but the peers do not know each other's vendor: tunnel mode."""
    alice, _ = pair(lab, conn("bob", "type=beet"), installed=("bob",))
    lab.expect(alice, "OK - 1 connection established")


@scenario()
def ports_and_protocols(lab: Lab) -> None:
    """Selectors with protocols and ports, by number and by name, and a range."""
    conns = (
        conn("web", "rightsubnet=10.1.0.2[tcp/443]")
        + conn("names", "rightsubnet=10.1.0.2[udp/4242]", "leftsubnet=10.1.0.1[udp]")
        + conn("pings", "rightsubnet=10.1.0.2[icmp]", "leftsubnet=10.1.0.1[icmp]")
        + conn("range", "rightsubnet=10.1.0.2[tcp/1000-2000]")
    )
    alice, _ = pair(lab, conns, installed=("web", "names", "pings", "range"))
    lab.expect(alice, "OK - 4 connections established")


@scenario()
def mark_numeric(lab: Lab) -> None:
    """mark=42: policies hold for marked traffic only."""
    alice, _ = pair(lab, conn("bob", "mark=42"), bob=conn("alice", "mark=%unique"),
                    installed=("bob",))  # fmt: skip
    lab.expect(alice, "OK - 1 connection established")


@scenario()
def policies_not_installed(lab: Lab) -> None:
    """installpolicy=no: states in the kernel, no policies."""
    alice, _ = pair(lab, conn("bob", "installpolicy=no"), installed=("bob",))
    lab.expect(alice, "OK - 1 connection established")


def two_peers_with_one_reqid(lab: Lab) -> Host:
    """Alice, with a connection to bob and one to carol, both up."""
    conns = conn("bob", "reqid=42") + conn("carol", "reqid=42", "right=10.1.0.3")
    carol = lab.host("carol")
    own = conn("alice", "left=10.1.0.3", "right=10.1.0.1", "auto=add")
    carol.configure(DEFAULT + own, PSK)
    carol.start()
    alice, _ = pair(lab, conns, bob="conn bob\n", installed=("bob", "carol"))
    return alice


@scenario()
def reqid_shared(lab: Lab) -> None:
    """Two connections to two peers with the same reqid=, both up."""
    lab.expect(two_peers_with_one_reqid(lab), "OK - 2 connections established")


@scenario()
def reqid_shared_one_down(lab: Lab) -> None:
    """Two connections to two peers with the same reqid=, one taken down."""
    alice = two_peers_with_one_reqid(lab)
    alice.run("ipsec", "down", "carol")
    alice.wait_gone(r"carol\[")
    lab.expect(
        alice,
        "CRITICAL - 1 of 2 connections not established, traffic of 1 in clear text: carol (no SA)",
    )


@scenario()
def nat_t(lab: Lab) -> None:
    """Bob sits behind a NAT: ESP in UDP, tunnel mode, several subnets."""
    lab.add_network("inside")
    router = lab.host("carol")
    router.link("inside", "eth1", "10.5.0.1/24")
    router.run("sysctl", "-w", "net.ipv4.ip_forward=1")
    router.run("iptables-legacy", "-t", "nat", "-A", "POSTROUTING", "-o", "eth0", "-j",
               "MASQUERADE")  # fmt: skip
    alice = lab.host("alice")
    subnets = "10.2.1.0/24,10.2.2.0/24"
    alice.configure(
        DEFAULT + conn("bob", "type=tunnel", "right=10.1.0.3", "rightid=10.5.0.2", "auto=add",
                       f"leftsubnet={subnets}", "rightsubnet=10.6.1.0/24,10.6.2.0/24"),
        PSK,
    )  # fmt: skip
    alice.start()
    bob = lab.unlinked_host("bob")
    bob.link("inside", "eth0", "10.5.0.2/24")
    bob.run("ip", "route", "add", "default", "via", "10.5.0.1")
    own = conn("alice", "type=tunnel", "left=10.5.0.2", "right=10.1.0.1",
               "leftsubnet=10.6.1.0/24,10.6.2.0/24", f"rightsubnet={subnets}")  # fmt: skip
    bob.configure(DEFAULT + own, PSK)
    bob.start()
    alice.wait_installed("bob")
    lab.expect(alice, "OK - 1 connection established")
