"""Hosts that protect the traffic among them in transport mode."""

from lab.hosts import Host
from lab.ipsec_conf import RESPONDER, mesh
from lab.scenario import Lab, scenario, v4, v6


def secret(name: str) -> str:
    """The line of ipsec.secrets that names a host's key."""
    return f": ECDSA {name}.key\n"


def responder(lab: Lab, name: str) -> Host:
    """A peer of alice that answers."""
    host = lab.certified_host(name)
    host.configure(mesh(name, "alice", **RESPONDER), secret(name))
    host.start()
    return host


def initiator(lab: Lab, *peers: str, **defaults: str) -> Host:
    host = lab.certified_host("alice")
    host.configure(mesh("alice", *peers, **defaults), secret("alice"))
    host.start()
    return host


def all_up(lab: Lab) -> Host:
    """Alice with two peers and four connections, all established."""
    responder(lab, "bob")
    responder(lab, "carol")
    alice = initiator(lab, "bob", "carol")
    alice.wait_installed("bob_v4", "bob_v6", "carol_v4", "carol_v6")
    return alice


@scenario(every_release=True)
def mesh_all_up(lab: Lab) -> None:
    """Transport mode to two peers over IPv4 and IPv6, all four connections up, some used."""
    alice = all_up(lab)
    alice.run("ping", "-c", "2", "-i", "0.2", v4("bob"))
    alice.run("ping", "-c", "3", "-i", "0.2", v6("carol"))
    lab.expect(alice, "OK - 4 connections established")


@scenario(every_release=True)
def one_peer_silent(lab: Lab) -> None:
    """The daemon of carol does not run: both connections to her wait for an answer."""
    responder(lab, "bob")
    lab.certified_host("carol")
    alice = initiator(lab, "bob", "carol")
    alice.wait_installed("bob_v4", "bob_v6")
    alice.wait(r"carol_v4\[\d+\]: CONNECTING", r"carol_v6\[\d+\]: CONNECTING")
    lab.expect(
        alice,
        "CRITICAL - 2 of 4 connections not established, traffic of 2 in clear text: carol_v4 "
        "(peer does not answer), carol_v6 (peer does not answer)",
    )


@scenario()
def mesh_statistics(lab: Lab) -> None:
    """The mesh with the kernel's texts asked for with -s."""
    alice = all_up(lab)
    lab.expect(alice, "OK - 4 connections established", statistics=True)


@scenario()
def kernel_states_flushed(lab: Lab) -> None:
    """charon says INSTALLED, but the kernel's states are flushed."""
    alice = all_up(lab)
    alice.run("ip", "xfrm", "state", "flush")
    lab.expect(
        alice,
        "CRITICAL - 4 of 4 connections not established: bob_v4 (kernel has no such SA), bob_v6 "
        "(kernel has no such SA), carol_v4 (kernel has no such SA), carol_v6 (kernel has no such "
        "SA)",
    )


@scenario()
def kernel_policy_deleted(lab: Lab) -> None:
    """The outbound policy to bob over IPv4 is deleted in the kernel: clear text."""
    alice = all_up(lab)
    ends = ("src", f"{v4('alice')}/32", "dst", f"{v4('bob')}/32")
    alice.run("ip", "xfrm", "policy", "delete", *ends, "dir", "out")
    lab.expect(
        alice,
        "CRITICAL - 1 of 4 connections not established, traffic of 1 in clear text: bob_v4 "
        "(outbound policy missing: traffic leaves in clear text)",
    )


@scenario()
def one_spi_deleted(lab: Lab) -> None:
    """One of the kernel states of bob over IPv4 is deleted."""
    alice = all_up(lab)
    ends = ("src", v4("bob"), "dst", v4("alice"), "proto", "esp")
    alice.run("ip", "xfrm", "state", "delete", *ends, "spi", f"0x{alice.spi_in('bob_v4')}")
    lab.expect(
        alice, "CRITICAL - 1 of 4 connections not established: bob_v4 (kernel has no such SA)"
    )
