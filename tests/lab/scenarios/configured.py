"""What ipsec.conf says, and what charon has loaded of it."""

import re

from lab.scenario import Lab, scenario
from lab.scenarios.pair import BOB, DEFAULT, PSK, conn, pair


@scenario()
def not_loaded(lab: Lab) -> None:
    """A connection was added to ipsec.conf without `ipsec update`."""
    alice, _ = pair(lab, BOB, installed=("bob",))
    alice.write("/etc/ipsec.conf", DEFAULT + BOB + "\n" + conn("carol", "right=10.1.0.3"))
    lab.expect(
        alice,
        "CRITICAL - 1 of 2 connections not established, traffic of 1 in clear text: carol (not "
        "loaded: `ipsec update` is due, or charon has refused it)",
    )


@scenario()
def no_longer_listed(lab: Lab) -> None:
    """A connection was removed from ipsec.conf; it is still loaded and up."""
    conns = BOB + "\n" + conn("extra", "rightsubnet=10.1.0.2[tcp/99]")
    alice, _ = pair(lab, conns, installed=("bob", "extra"))
    alice.write("/etc/ipsec.conf", DEFAULT + BOB)
    lab.expect(alice, "OK - 1 connection established + 1 not in ipsec.conf")


@scenario()
def only_templates(lab: Lab) -> None:
    """No connection is switched on."""
    alice = lab.host("alice")
    alice.configure(DEFAULT.replace("auto=start", "auto=ignore") + BOB, PSK)
    alice.spawn("ipsec", "start", "--nofork")
    alice.wait("Security Associations")
    lab.expect(
        alice,
        "CRITICAL - no connection in /etc/ipsec.conf is switched on (1 ignored)",
    )


@scenario()
def templates_and_switched_off(lab: Lab) -> None:
    """One connection is up, one is switched off, two are templates of another."""
    conns = (
        conn("base", "auto=", "dpdaction=restart")
        + conn("bob", "also=base", "auto=start")
        + conn("carol", "auto=ignore", "right=10.1.0.3")
    )
    alice, _ = pair(lab, conns, bob=BOB, loaded="bob", installed=("bob",))
    lab.expect(alice, "OK - 1 connection established")


@scenario()
def auto_misspelt(lab: Lab) -> None:
    """auto=Start: charon's starter drops the connection."""
    conns = conn("carol", "right=10.1.0.3", "auto=Start") + BOB
    alice, _ = pair(lab, conns, bob=BOB, installed=("bob",))
    lab.expect(
        alice,
        "CRITICAL - 1 of 2 connections not established, traffic of 1 in clear text: carol (not "
        "loaded: /etc/ipsec.conf:14: bad value for auto: Start)",
    )


@scenario()
def carriage_returns(lab: Lab) -> None:
    """ipsec.conf has CRLF line ends: every value ends in CR, nothing is loaded."""
    alice = lab.host("alice")
    text = re.sub("\n+", "\r\n", DEFAULT + BOB + "    right=10.1.0.2\n")
    alice.configure(text, PSK)
    alice.spawn("ipsec", "start", "--nofork")
    alice.wait("Security Associations")
    lab.expect(
        alice,
        "CRITICAL - 1 of 1 connection not established, traffic of 1 in clear text: "
        "%default\\x0d (not loaded: /etc/ipsec.conf:3: bad value for authby: secret\\x0d)",
    )


NAMES = (
    "a.b-c_d:e", "br[7]ack{3}et", '"we ird[7]{3}: name"', r'"quo\"te"', "caf\u00e9",
    "averyveryverylongconnectionname",
)  # fmt: skip


def named_conns(names: tuple[str, ...]) -> str:
    return "".join(
        conn(name, f"rightsubnet=10.1.0.2[tcp/{port}]") for port, name in enumerate(names, 1000)
    )


@scenario(stroke=True)
def names(lab: Lab) -> None:
    """Names with dots, colons, brackets, quotes, blanks, non-ASCII and more than 12 characters."""
    alice, _ = pair(lab, named_conns(NAMES) + BOB, installed=("bob", "caf\u00e9"))
    lab.expect(alice, "OK - 7 connections established")


@scenario(stroke=True)
def name_with_a_line_feed(lab: Lab) -> None:
    """A quoted name holds a line feed."""
    alice, _ = pair(lab, named_conns(('"one\\ntwo"',)) + BOB, installed=("bob", "two"))
    lab.expect(alice, "OK - 2 connections established")


@scenario()
def identities(lab: Lab) -> None:
    """Identities with commas, brackets, dots and non-ASCII."""
    alice_side = conn("bob", 'leftid="@alice]...10.9.9.9[x"', 'rightid="@#626f62202c5d2e2e2e"')
    bob_side = conn("bob", 'rightid="@alice]...10.9.9.9[x"', "left=10.1.0.2", "right=10.1.0.1",
                    'leftid="@#626f62202c5d2e2e2e"')  # fmt: skip
    alice, _ = pair(lab, alice_side, bob=bob_side, installed=("bob",))
    lab.expect(alice, "OK - 1 connection established")
