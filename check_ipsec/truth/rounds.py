"""The rounds of authentication that need a certificate, of what charon has loaded.

charon prints the subject of the certificate that an end was loaded with (``cert:``, ``certs``),
else only an identity; it never prints file names.

An end of swanctl.conf may have several certificates, each of which is in use: the peer asks
for one. Where it has none and names no identity, that is its address (ike_auth.c, ``build_i``).

Upstream: strongSwan, src/libcharon/plugins/stroke/stroke_config.c, ``build_auth_cfg``;
stroke_list.c, ``log_auth_cfgs``; src/libcharon/plugins/vici/vici_config.c, ``parse_certs``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import NamedTuple

from check_ipsec.configuration.expectation import SHUNT_TYPES
from check_ipsec.model.configuration import Connection
from check_ipsec.model.daemon import AuthRound, Peer, Status
from check_ipsec.truth.stale import addresses, is_swapped

METHODS = ("public key", "any", "EAP_TLS", "EAP_TTLS", "EAP_PEAP")


class End(Enum):
    """Whose certificate it is."""

    LOCAL = "own"
    REMOTE = "peer"


class Use(NamedTuple):
    """An authentication round that needs a certificate.

    ``named`` are the files that are configured for it; ``subject`` is the one that charon has
    loaded, ``identities`` are those of the end, ``authorities`` the CAs, of one of which it
    must be, if any. ``wanted`` is the identity that the file gives the end, ``told`` how the
    file says that. ``raw``: it has a public key without a certificate. ``replaced``: charon
    takes the subject of a certificate for an identity that is not in it, as stroke does.
    """

    connection: str
    end: End
    named: tuple[str, ...]
    subject: str | None
    identities: frozenset[str]
    authorities: frozenset[str]
    method: str
    wanted: str | None = None
    told: str = ""
    raw: bool = False
    replaced: bool = True


# --- ends --------------------------------------------------------------------------


def is_meant(connection: Connection) -> bool:
    """Whether it is to be loaded, and would authenticate anybody."""
    started = connection.setting("auto") in ("add", "route", "start")
    return started and connection.setting("type") not in SHUNT_TYPES


class Loaded:
    """What charon has loaded, by the names of connections; who the ends of its IKE_SAs are."""

    def __init__(self, status: Status) -> None:
        self._peers: dict[str, list[Peer]] = defaultdict(list)
        self._whole: dict[str, list[Peer]] = defaultdict(list)
        self._running: dict[tuple[str, End], set[str]] = defaultdict(set)
        for peer in status.peers:
            self._whole[peer.name].append(peer)
            for name in {child.name for child in peer.children}:
                self._peers[name].append(peer)
        for ike in status.ike_sas:
            self._running[ike.name, End.LOCAL].add(ike.local_id)
            self._running[ike.name, End.REMOTE].add(ike.remote_id)

    def peers(self, connection: Connection) -> list[Peer]:
        """What charon has loaded of a connection, which may be one without children."""
        alone = connection.section is not None and connection.setting("children") == "none"
        found = self._whole if alone else self._peers
        return found.get(connection.printed_name, [])

    def identities(self, peer: Peer, end: End, one: AuthRound) -> frozenset[str]:
        """Whom a round is about: who is configured, and who the peers of IKE_SAs are."""
        own = frozenset([one.identity]) if one.identity else frozenset[str]()
        running = frozenset(self._running.get((peer.name, end), ()))
        if end is End.REMOTE:
            return own | running
        return own or running or addresses(peer.local) - {"%any"}


def uses_of(connection: Connection, loaded: Loaded) -> Iterator[Use]:
    """The rounds of a connection that need a certificate."""
    settings = dict(connection.settings)
    for peer in loaded.peers(connection):
        near, far = ends(connection, settings, peer)
        for end, side, rounds in (
            (End.LOCAL, near, peer.local_rounds),
            (End.REMOTE, far, peer.remote_rounds),
        ):
            for number, one in enumerate(rounds):
                if not one.method.startswith(METHODS):
                    continue
                suffix = str(number + 1) if number else ""
                use = use_of(connection, settings, (side, suffix), one)
                use = use._replace(end=end, identities=loaded.identities(peer, end, one))
                yield from with_certificates(use, one)


def ends(connection: Connection, settings: Mapping[str, str], peer: Peer) -> tuple[str, str]:
    """The sides of the file that are this host and its peer."""
    left, right = settings.get("left", "%any"), settings.get("right", "%any")
    swapped = connection.section is None and is_swapped(left, right, peer)
    return ("right", "left") if swapped else ("left", "right")


def use_of(
    connection: Connection, settings: Mapping[str, str], place: tuple[str, str], one: AuthRound
) -> Use:
    """One round, whose keywords begin and end as ``place`` says; whose it is, its caller knows."""
    side, suffix = place
    identity = f"{side}id{suffix}"
    wanted = settings.get(identity)
    keys = (f"{side}cert{suffix}", f"{side}certs{suffix}")
    return Use(
        connection=connection.name,
        end=End.LOCAL,
        named=tuple(name for key in keys for name in paths(connection, settings.get(key, ""))),
        subject=None,
        identities=frozenset(),
        authorities=frozenset(named(one, "ca") or named(one, "im-ca")),
        method=one.method,
        wanted=wanted,
        told=connection.told(f"{identity}={wanted}"),
        raw=f"{side}sigkey" in settings or f"{side}pubkeys{suffix}" in settings,
        replaced=connection.section is None,
    )


def with_certificates(use: Use, one: AuthRound) -> Iterator[Use]:
    """A use for each certificate that an end was loaded with, or the one without any."""
    subjects = named(one, "cert")
    if not subjects:
        yield use
    elif use.replaced:
        yield use._replace(subject=subjects[-1])
    else:
        files = use.named if len(use.named) == len(subjects) else ()
        for number, subject in enumerate(subjects):
            yield use._replace(subject=subject, named=files[number : number + 1])


def named(one: AuthRound, kind: str) -> list[str]:
    """What a round was loaded with, without the quotation marks that stroke prints."""
    return [text.removeprefix('"').removesuffix('"') for key, text in one.constraints
            if key == kind]  # fmt: skip


# --- files ---------------------------------------------------------------------------

KEYWORD = re.compile(r"(?:left|right)certs?\d?")
OF_SWANCTL = "/etc/swanctl/x509"


def files_of(connection: Connection) -> Iterator[tuple[str, str]]:
    """The certificates that a connection names, with the keyword."""
    for key, value in connection.settings:
        if KEYWORD.fullmatch(key):
            yield from ((key, name) for name in paths(connection, value))


def paths(connection: Connection, value: str) -> Iterator[str]:
    """The files of a list, of ipsec.conf as it names them, of swanctl.conf by their path."""
    for name in filter(None, map(str.strip, value.split(","))):
        bare = connection.section is None or name.startswith("/")
        yield name if bare else f"{OF_SWANCTL}/{name}"
