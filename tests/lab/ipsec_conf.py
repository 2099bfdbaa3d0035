"""Texts of ipsec.conf, in the style of a configuration management."""

from lab.scenario import v4, v6

SETUP = """\
config setup
    charondebug="cfg 2, dmn 2, ike 1, enc 1"
"""

TRANSPORT = {
    "ike": "aes128gcm16-prfsha384-ecp384bp!",
    "esp": "aes128gcm16-ecp384bp-noesn!",
    "type": "transport",
    "auto": "start",
    "keyexchange": "ikev2",
    "mobike": "no",
    "keyingtries": "%forever",
    "margintime": "9m",
    "dpdaction": "restart",
}
RESPONDER = {"auto": "add", "dpdaction": "clear"}


def section(head: str, **settings: str) -> str:
    """A section; ``%default`` and others with their settings, one a line."""
    return f"\n{head}\n" + "".join(f"    {key}={value}\n" for key, value in settings.items())


def ends(local: str, peer: str) -> dict[str, str]:
    """Certificates of two hosts of the lab, by name."""
    return {"leftcert": f"{local}.pem", "rightid": f'"CN={peer}"'}


def pair(local: str, peer: str, **settings: str) -> str:
    """The two connections to a peer, one an address family."""
    own = {**ends(local, peer), **settings}
    return section(f"conn {peer}_v4", left=v4(local), right=v4(peer), **own) + section(
        f"conn {peer}_v6", left=v6(local), right=v6(peer), **own
    )


def mesh(local: str, *peers: str, **defaults: str) -> str:
    """A host of the mesh: transport mode to every peer, over IPv4 and IPv6."""
    default = section("conn %default", **{**TRANSPORT, **defaults})
    return SETUP + default + "".join(pair(local, peer) for peer in peers)
