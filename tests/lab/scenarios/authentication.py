"""Certificates that a peer refuses, and some that it must not refuse."""

from lab.certificates import EXPIRED, certify, revoke
from lab.hosts import Host
from lab.ipsec_conf import RESPONDER, SETUP, TRANSPORT, mesh, pair, section
from lab.scenario import Lab, scenario
from lab.scenarios.mesh import secret


def certified_pair(lab: Lab) -> tuple[Host, Host]:
    """Alice and bob, configured, not started."""
    hosts = alice, bob = lab.certified_host("alice"), lab.certified_host("bob")
    alice.configure(mesh("alice", "bob"), secret("alice"))
    bob.configure(mesh("bob", "alice", **RESPONDER), secret("bob"))
    return hosts


def refuses(lab: Lab, alice: Host, bob: Host, why: str) -> None:
    """Both start, and alice refuses bob's certificate."""
    bob.start()
    alice.start()
    alice.wait_log(why)
    alice.wait_gone(r"bob_v[46]\[")
    lab.expect(
        alice,
        "CRITICAL - 2 of 2 connections not established, traffic of 2 in clear text: "
        "bob_v4 (no SA), bob_v6 (no SA)",
    )


@scenario()
def wrong_certificate(lab: Lab) -> None:
    """Bob's certificate is another authority's."""
    alice, bob = certified_pair(lab)
    certify(bob, authority="other")
    refuses(lab, alice, bob, "no trusted ECDSA public key found for 'CN=bob'")


@scenario()
def expired_certificate(lab: Lab) -> None:
    """Bob's certificate has expired."""
    alice, bob = certified_pair(lab)
    certify(bob, None, *EXPIRED)
    refuses(lab, alice, bob, "no trusted ECDSA public key found for 'CN=bob'")


@scenario()
def revoked_certificate(lab: Lab) -> None:
    """Bob's certificate has been revoked, and alice has the list that says so."""
    alice, bob = certified_pair(lab)
    revoke(bob, alice)
    refuses(lab, alice, bob, "certificate was revoked")


def long_subject(host: Host) -> str:
    units = ", ".join(f"OU=Department {number} of the caches of the network" for number in range(9))
    return f"C=CH, O=Example, {units}, CN={host.name}.cache.example.net"


@scenario()
def long_subjects(lab: Lab) -> None:
    """Certificates whose subjects are far longer than a line of the table."""
    alice, bob = hosts = lab.host("alice"), lab.host("bob")
    for host, peer in (hosts, hosts[::-1]):
        certify(host, long_subject(host))
        defaults = TRANSPORT if host is alice else {**TRANSPORT, **RESPONDER}
        ends = pair(host.name, peer.name, rightid=f'"{long_subject(peer)}"')
        host.configure(SETUP + section("conn %default", **defaults) + ends, secret(host.name))
    bob.start()
    alice.start()
    alice.wait_installed("bob_v4", "bob_v6")
    lab.expect(alice, "OK - 2 connections established")
