"""A node of the fleet with all its peers."""

from lab.hosts import Host
from lab.scenario import Lab, scenario
from lab.scenarios.pair import DEFAULT, PSK, conn

PEERS = 65
# all peers have one address or two, which charon would take for an attack
CALM = """
block_threshold = 1000
cookie_threshold = 1000
cookie_threshold_ip = 999
init_limit_half_open = 0
threads = 32"""
Node = tuple[int, str]


def nodes(peers: int) -> list[Node]:
    """Every peer by its number, twice: by the family of its addresses."""
    return [(number, family) for number in range(1, peers + 1) for family in ("v4", "v6")]


def name(node: Node) -> str:
    return "cp{:04d}_{}".format(*node)


def address(node: Node) -> str:
    number, family = node
    return (
        f"10.1.{number // 250 + 1}.{number % 250 + 1}" if family == "v4" else f"fd00:1::1:{number}"
    )


def connection(node: Node, *settings: str) -> str:
    own = "10.1.0.1" if node[1] == "v4" else "fd00:1::1"
    return conn(name(node), f"left={own}", f"right={address(node)}", *settings)


def fleet(
    lab: Lab, peers: int, bobs: str = "", silent: Node | None = None, settings: tuple[str, ...] = ()
) -> Host:
    """Alice, not started yet, with two connections to each peer.

    Bob answers for all of them but the silent one; ``bobs`` are more connections of his,
    ``settings`` what all have beside the default.
    """
    bob = lab.host("bob")
    bob.add_addresses("eth0", *(
        address(node) + ("/16" if node[1] == "v4" else "/64")
        for node in nodes(peers) if node != silent
    ))  # fmt: skip
    anyone = conn("anyv4", "left=%any", "right=10.1.0.1", *settings) + conn(
        "anyv6", "left=%any6", "right=fd00:1::1", *settings
    )
    bob.configure(DEFAULT.replace("auto=start", "auto=add") + bobs + anyone, PSK, CALM)
    bob.start()
    alice = lab.host("alice")
    alice.run("ip", "route", "add", "10.1.0.0/16", "dev", "eth0")
    conns = "".join(connection(node, *settings) for node in nodes(peers))
    alice.configure(DEFAULT + conns, PSK, CALM)
    return alice


@scenario()
def fleet_130_three_down(lab: Lab) -> None:
    """130 connections; one peer is silent, one refuses the ESP proposal, one was taken down."""
    refusing = conn("refusing", f"left={address((7, 'v4'))}", "right=10.1.0.1", "esp=aes256gcm16!")
    alice = fleet(lab, PEERS, refusing, silent=(PEERS, "v4"))
    alice.start()
    alice.wait(r"Security Associations \((129|130) (up|total), 1 connecting\)", timeout=240)
    alice.wait_installed("cp0064_v4", "cp0065_v6", "cp0001_v4")
    alice.run("ipsec", "down", "cp0030_v6")
    alice.wait_gone(r"cp0030_v6\[")
    alice.wait(r"Security Associations \(\d+ (up|total), 1 connecting\)")
    lab.expect(
        alice,
        "CRITICAL - 3 of 130 connections not established, traffic of 3 in clear text: "
        "cp0007_v4 (IKE up, no CHILD_SA), cp0030_v6 (no SA), cp0065_v4 (peer does not answer)",
    )


@scenario()
def fleet_130_all_up(lab: Lab) -> None:
    """130 connections over IPv4 and IPv6, all up."""
    alice = fleet(lab, PEERS)
    alice.start()
    alice.wait(r"Security Associations \(130 (up|total), 0 connecting\)", timeout=240)
    alice.wait_installed(*map(name, nodes(PEERS)))
    lab.expect(alice, "OK - 130 connections established")
