"""The kernel's policies and states, changed by hand beneath charon."""

import re

from lab.errors import LabError
from lab.hosts import Host
from lab.scenario import Lab, v4
from lab.scenarios.pair import BOB, pair
from lab.wire import prove

OURS = "367231"  # the priority that charon gives a policy between two hosts
OUT = ("src", "10.1.0.1/32", "dst", "10.1.0.2/32", "dir", "out")
IN = ("src", "10.1.0.2/32", "dst", "10.1.0.1/32", "dir", "in")
WIDE_OUT = ("src", "10.1.0.0/24", "dst", "10.1.0.0/24", "dir", "out")
WIDE_IN = (*WIDE_OUT[:-1], "in")
REQUIRED = ("proto", "esp", "reqid", "1", "mode", "transport")
KEY = "0x" + "00" * 20  # of four bytes of salt and sixteen for AES
GCM = ("aead", "rfc4106(gcm(aes))", KEY, "128")
NULL = ("enc", "ecb(cipher_null)", "", "auth-trunc", "hmac(sha256)", KEY + "00" * 12, "128")


def healthy(lab: Lab, conns: str = BOB, charon: str = "") -> tuple[Host, Host]:
    """Alice and bob, whose datagrams are protected either way."""
    alice, bob = pair(lab, conns, charon=charon, installed=("bob",))
    prove(alice, bob, "ESP")
    prove(bob, alice, "ESP")
    return alice, bob


def policy(host: Host, verb: str, *words: str) -> None:
    host.run("ip", "xfrm", "policy", verb, *words)


def own_policy(host: Host, *template: str, priority: str = OURS) -> None:
    """The connection's out policy with another template."""
    policy(host, "update", *OUT, "priority", priority, "tmpl", *template)


def spi_out(host: Host, name: str) -> str:
    """The outbound SPI of a CHILD_SA."""
    pattern = rf"{re.escape(name)}\{{\d+\}}:  INSTALLED.* ([0-9a-f]{{8}})_o"
    found = re.search(pattern, host.statusall())
    if not found:
        raise LabError(f"{host.name} has no CHILD_SA {name}")
    return f"0x{found[1]}"


def state_between(source: str, destination: str, spi: str) -> tuple[str, ...]:
    return ("src", v4(source), "dst", v4(destination), "proto", "esp", "spi", spi)


def delete_state(host: Host, *state: str) -> None:
    host.run("ip", "xfrm", "state", "delete", *state)


def other_state(
    host: Host, name: str = "bob", *words: str,
    reqid: str = "1", mode: str = "transport", keys: tuple[str, ...] = GCM,
) -> None:  # fmt: skip
    """The outbound state of a CHILD_SA, replaced by one of the same SPI."""
    state = state_between("alice", "bob", spi_out(host, name))
    delete_state(host, *state)
    host.run("ip", "xfrm", "state", "add", *state, "reqid", reqid, "mode", mode, *keys, *words)
