"""A node of the fleet with all its peers."""

from lab.scenario import Lab, scenario
from lab.scenarios.pair import DEFAULT, PSK, conn

PEERS = 65
CALM = "block_threshold = 0\ninit_limit_half_open = 0\ncookie_threshold = 0\nthreads = 32"
# bob answers for all peers; nobody has the address of the last one
SILENT = "10.1.1.65"


def address(number: int, family: str) -> str:
    return f"10.1.1.{number}" if family == "v4" else f"fd00:1::1:{number}"


def node(number: int, family: str) -> str:
    me = "10.1.0.1" if family == "v4" else "fd00:1::1"
    return conn(f"cp{number:04d}_{family}", f"left={me}", f"right={address(number, family)}")


@scenario()
def fleet_130_three_down(lab: Lab) -> None:
    """130 connections; one peer is silent, one refuses the ESP proposal, one was taken down."""
    bob = lab.host("bob")
    own = [(number, family) for number in range(1, PEERS + 1) for family in ("v4", "v6")]
    bob.add_addresses("eth0", *(
        address(*peer) + ("/16" if peer[1] == "v4" else "/64")
        for peer in own if address(*peer) != SILENT
    ))  # fmt: skip
    refusing = conn("refusing", "left=10.1.1.7", "right=10.1.0.1", "esp=aes256gcm16!")
    anyone = "".join(
        conn(f"any{family}", f"left={any_}", f"right={alice}", "auto=add")
        for family, any_, alice in (("v4", "%any", "10.1.0.1"), ("v6", "%any6", "fd00:1::1"))
    )
    bob.configure(DEFAULT.replace("auto=start", "auto=add") + refusing + anyone, PSK, CALM)
    bob.start()
    alice = lab.host("alice")
    alice.run("ip", "route", "add", "10.1.1.0/24", "dev", "eth0")
    alice.configure(DEFAULT + "".join(node(*peer) for peer in own), PSK, CALM)
    alice.start()
    alice.wait(r"Security Associations \((129|130) up, 1 connecting\)", timeout=240)
    alice.wait_installed("cp0064_v4", "cp0065_v6", "cp0001_v4")
    alice.run("ipsec", "down", "cp0030_v6")
    alice.wait_gone(r"cp0030_v6\[")
    alice.wait(r"Security Associations \(\d+ up, 1 connecting\)")
    lab.capture(alice)
