"""ipsec.conf as it is now, against what charon has loaded of it and has negotiated.

charon prints neither the proposals nor the lifetimes of what it has loaded, so only ends,
selectors, mode, IKE version, authentication and identities can be compared with the
file; the proposals of an SA are compared with those that the file insists on (``!``).
What charon would print in another form, or takes from a certificate, is no difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from ipaddress import ip_address

from check_ipsec.configuration.expectation import is_address
from check_ipsec.model.daemon import AuthRound, ChildConfig, ChildSa, IkeSa, Peer
from check_ipsec.truth.proposals import allows
from check_ipsec.truth.protection import configured_selectors, equivalent

ANY = {"", "%any", "%any4", "%any6", "%defaultroute", "%group", "0.0.0.0", "::", "0::0",
       "0.0.0.0/0", "::/0"}  # fmt: skip
MODES = {
    "tunnel": "TUNNEL",
    "transport": "TRANSPORT",
    "transport_proxy": "TRANSPORT",
    "beet": "BEET",
    "iptfs": "IPTFS",
    "passthrough": "PASS",
    "pass": "PASS",
    "drop": "DROP",
    "reject": "DROP",
}
VERSIONS = {"ike": "IKEv1/2", "ikev1": "IKEv1", "ikev2": "IKEv2"}
Settings = dict[str, str]


def loaded_differently(name: str, settings: Settings, peers: Iterable[Peer]) -> str:
    """The first setting of the file that charon has loaded otherwise, or an empty text.

    ``peers`` are those that have a child of this name; one that is as the file says is
    enough.
    """
    found = ""
    for peer in peers:
        for child in peer.children:
            if child.name == name:
                difference = next(differences(settings, peer, child), "")
                if not difference:
                    return ""
                found = found or difference
    return found


def differences(settings: Settings, peer: Peer, child: ChildConfig) -> Iterator[str]:
    """The settings that were loaded otherwise, as the file has them."""
    left, right = settings.get("left", "%any"), settings.get("right", "%any")
    swapped = is_swapped(left, right, peer)
    if swapped is None:
        yield f"right={right}" if addresses(left) in loaded_ends(peer) else f"left={left}"
        return
    near, far = ("right", "left") if swapped else ("left", "right")
    for end, loaded in ((near, child.local_ts), (far, child.remote_ts)):
        if not equivalent(configured_selectors(settings, end), loaded):
            keys = (f"{end}subnet", f"{end}protoport")
            yield next(
                (f"{key}={settings[key]}" for key in keys if key in settings), f"no {keys[0]}"
            )
    mode = settings.get("type", "tunnel")
    if MODES.get(mode) != child.mode:
        yield f"type={mode}"
    version = settings.get("keyexchange", "ike")
    if VERSIONS.get(version) != peer.version:
        yield f"keyexchange={version}"
    for end, rounds in ((near, peer.local_rounds), (far, peer.remote_rounds)):
        yield from differing_round(settings, end, rounds)


def negotiated_differently(settings: Settings, ike: IkeSa, child: ChildSa) -> str:
    """The first setting of the file that an SA was negotiated without, or an empty text."""
    for key, proposal in (("ike", ike.proposal), (protocol_key(child), child.proposal)):
        setting = settings.get(key, "")
        if proposal and "sha256_96" not in settings and allows(key, setting, proposal) is False:
            return f"{key}={setting}"
    if settings.get("type", "tunnel") == "tunnel" and child.mode.startswith("TRANSPORT"):
        return "type=tunnel"
    return ""


def protocol_key(child: ChildSa) -> str:
    """The keyword of the proposals of a CHILD_SA."""
    return "ah" if child.protocol == "AH" else "esp"


# --- ends -------------------------------------------------------------------------


def is_swapped(left: str, right: str, peer: Peer) -> bool | None:
    """Whether charon has put the right end first; None where its ends are others."""
    if (left, right) == (peer.local, peer.remote):
        return False
    ours, loaded = (addresses(left), addresses(right)), loaded_ends(peer)
    if ours == loaded:
        return False
    return True if ours[::-1] == loaded else None


def loaded_ends(peer: Peer) -> tuple[frozenset[str], frozenset[str]]:
    """Local and remote end as charon has loaded them."""
    return addresses(peer.local), addresses(peer.remote)


@lru_cache(maxsize=4096)
def addresses(text: str) -> frozenset[str]:
    """The addresses of an end in one form; what any address fits counts only alone.

    ``%host``, and any address behind a host, say that others may take its place.
    """
    found = set()
    for word in text.split(","):
        address = word.strip()
        found.add("%any" if address in ANY else canonical(address.removeprefix("%")))
    return frozenset(found - {"%any"} or {"%any"})


def canonical(address: str) -> str:
    """A literal address as charon prints it, any other text in lower case."""
    try:
        return str(ip_address(address))
    except ValueError:
        return address.lower()


def is_superseded(settings: Settings, peers: Iterable[Peer], ike: IkeSa) -> bool:
    """Whether an IKE_SA ends where neither the file nor charon has an end of the connection.

    ``peers`` are what charon has loaded of it: what differs from the file there is a
    difference, not the SA of another time.
    """
    return is_to_another_peer(settings, ike) and not any(
        canonical(ike.remote_host) in loaded_ends(peer)[1] for peer in peers
    )


def is_to_another_peer(settings: Settings, ike: IkeSa) -> bool:
    """Whether an IKE_SA ends where the file has no end of the connection.

    That can be said of literal addresses that no MOBIKE may change.
    """
    if settings.get("mobike") != "no" and ike.version != "IKEv1":
        return False
    if {settings.get("left"), settings.get("right")} == {ike.local_host, ike.remote_host}:
        return False
    local, remote = canonical(ike.local_host), canonical(ike.remote_host)
    left, right = (only_hosts(settings, end) for end in ("left", "right"))
    return not any(
        (left is None or one in left) and (right is None or other in right)
        for one, other in ((local, remote), (remote, local))
    )


def only_hosts(settings: Settings, end: str) -> frozenset[str] | None:
    """The literal addresses that an end may have, None where it may have others too."""
    text = settings.get(end, "%any")
    if "%" in text or settings.get(f"{end}allowany") == "yes":
        return None
    found = addresses(text)
    return found if all(map(is_address, found)) else None


# --- authentication -----------------------------------------------------------------

CLASSES = {
    "psk": "pre-shared key",
    "secret": "pre-shared key",
    "pubkey": "public key",
    "rsa": "public key",
    "rsasig": "public key",
    "ecdsa": "public key",
    "ecdsasig": "public key",
    "any": "any",
}
# as identification.c prints the types that have other names too
TYPES = {"emailaddress": "E", "email": "E", "e": "E", "userid": "UID", "uid": "UID"}
KNOWN_TYPES = {"C", "ST", "L", "O", "OU", "CN", "E", "UID", "DC"}


def differing_round(settings: Settings, end: str, rounds: tuple[AuthRound, ...]) -> Iterator[str]:
    """How an end authenticates itself, where that was loaded otherwise."""
    if not rounds:
        return
    key = f"{end}auth" if f"{end}auth" in settings else "authby"
    wanted = auth_class(settings.get(key, "pubkey"))
    if wanted and not rounds[0].method.startswith(wanted):
        yield f"{key}={settings.get(key, 'pubkey')}"
    identity = settings.get(f"{end}id")
    if identity and identity != rounds[0].identity:
        ours, loaded = identity_form(identity), identity_form(rounds[0].identity or "%any")
        if ours and loaded and ours != loaded and not takes_certificate(settings, end):
            yield f"{end}id={identity}"


def takes_certificate(settings: Settings, end: str) -> bool:
    """Whether the identity of an end may come from its certificate instead."""
    return any(f"{end}{key}" in settings for key in ("cert", "cert2", "sigkey"))


@lru_cache(maxsize=256)
def auth_class(text: str) -> str | None:
    """The first words of the printed method, None where they cannot be foretold."""
    name = text.partition("-")[0].partition(",")[0]
    if name == "eap":
        return "EAP"
    found = CLASSES.get(name)
    return found and f"{found} authentication"


@lru_cache(maxsize=4096)
def identity_form(text: str) -> tuple[str, ...] | None:
    """An identity in a form that can be compared, None where it cannot (identification.c)."""
    if not text.isascii():
        return None
    text = text.removeprefix("%") if text != "%any" else text
    if "=" in text and not text.startswith(("@#", "asn1dn:", "/")):
        return distinguished_name(text)
    if text.startswith("@") and not text.startswith(("@#", "@@", "@~")):
        return (text[1:],)
    if text and text[0] not in "@/{" and ":" not in text.partition("@")[0]:
        return (text,)
    return (canonical(text),) if is_address(text) else None


def distinguished_name(text: str) -> tuple[str, ...] | None:
    """The relative names of a DN, None where one is not as people write them."""
    parts = []
    for part in text.split(","):
        name, is_pair, value = part.partition("=")
        name = TYPES.get(name.strip().lower(), name.strip().upper())
        if not is_pair or name not in KNOWN_TYPES or "\\" in value or '"' in value:
            return None
        parts.append(f"{name}={value.strip()}")
    return tuple(parts)
