"""The certificates of a host: which are in use, by whom, and what is wrong with them.

What is judged are the items of certificate_items.py. What nobody uses is not judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from check_ipsec.configuration.of_host import configured
from check_ipsec.errors import CaptureError, DaemonNotRunning, UsageError
from check_ipsec.host.host import DEFAULT_TIMEOUT, Deadline, Host
from check_ipsec.host.sources import Source
from check_ipsec.model.certificates import Certificate
from check_ipsec.model.configuration import Configuration, Connection
from check_ipsec.model.unread import UnreadLine
from check_ipsec.moment.answer import Daemon
from check_ipsec.moment.credentials import FOLDERS, LISTS, Held, take
from check_ipsec.moment.second_look import may_look_again
from check_ipsec.truth.certificate_items import Item, doubts, items
from check_ipsec.truth.files import named_files, of_files, refused
from check_ipsec.truth.flaws import Seen
from check_ipsec.truth.observe import OF_CHARON, Question, chosen
from check_ipsec.truth.on_disk import OnDisk, on_disk
from check_ipsec.truth.rounds import End, Loaded, Use, is_meant, uses_of
from check_ipsec.truth.shelf import LONG_AGO, Shelf
from check_ipsec.truth.uses import Users, candidates, users, with_authorities

SOURCES = (*OF_CHARON, *LISTS, *FOLDERS, Source.SECRETS)


class Asked(NamedTuple):
    """What is asked of a host; ``files``: those on the disk too. Times are in seconds."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    files: bool = False
    timeout: float = DEFAULT_TIMEOUT
    pause: float = 1.0


class Observation(NamedTuple):
    """The answer.

    ``unloaded`` are connections that charon has not loaded, ``unknown`` those whose peer has
    shown no certificate, or none that charon has kept; ``unused`` the certificates that
    none uses. ``doubts`` are of the clock, ``unreadable`` what this user may not read,
    ``missing_keys`` the files that ipsec.secrets names and that are not there.
    """

    configuration: Configuration
    asked_for: tuple[Connection, ...]
    held: Held
    now: datetime
    items: tuple[Item, ...] = ()
    unused: tuple[Certificate, ...] = ()
    uses: tuple[Use, ...] = ()
    unloaded: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    missing_keys: tuple[str, ...] = ()

    @property
    def silence(self) -> DaemonNotRunning | None:
        """Why charon does not answer."""
        return self.held.daemon if isinstance(self.held.daemon, DaemonNotRunning) else None

    @property
    def unread(self) -> tuple[UnreadLine, ...]:
        """The lines about certificates that no grammar knows."""
        return self.held.credentials.unread


def observe(host: Host, asked: Asked) -> Observation:
    """Ask ``host``; again where connections are not loaded, as while it reloads.

    Raises CheckIpsecError where nothing can be said.
    """
    configuration = configured(host)
    asked_for = chosen(configuration.connections, Question(asked.include, asked.exclude))
    if configuration.connections and not asked_for:
        raise UsageError(f"no connection of {configuration.path} matches -i and -e")
    now = host.time
    if now is None:
        raise CaptureError(f"{host.path}: nothing says when that was, so nothing when it ends")
    deadline = Deadline(asked.timeout)
    files = tuple(name for _, _, name in named_files(asked_for)) if asked.files else None
    held = take(host, deadline, configuration, files)
    unjudged = Observation(configuration, asked_for, held, now)
    first = judged(unjudged)
    if not first.unloaded or not may_look_again(host, deadline, asked.pause):
        return first
    second = judged(unjudged._replace(held=take(host, deadline, configuration, files)))
    return first if second.silence else second


def judged(found: Observation) -> Observation:
    """What is wrong with what was had."""
    daemon = found.held.daemon
    meant = [connection for connection in found.asked_for if is_meant(connection)]
    if not isinstance(daemon, Daemon):
        return found._replace(items=tuple(of_files(meant, found.held, found.now)))
    loaded = Loaded(daemon.status)
    uses = tuple(use for connection in meant for use in uses_of(connection, loaded))
    disk = on_disk(found.held, (name for _, _, name in named_files(found.asked_for)))
    seen = seen_of(found, uses, disk)
    unloaded = [one for one in meant if not loaded.peers(one)]
    return found._replace(
        items=(*items(seen, disk), *refused(unloaded, disk)),
        unused=tuple(one for number, one in enumerate(seen.certificates)
                     if number not in seen.users),
        uses=uses,
        unloaded=tuple(one.name for one in unloaded),
        unknown=tuple(sorted(seen.unknown)),
        doubts=tuple(doubts(seen)),
        unreadable=disk.notes,
        missing_keys=disk.missing_keys,
    )  # fmt: skip


def seen_of(found: Observation, uses: tuple[Use, ...], disk: OnDisk) -> Seen:
    """Who uses what, up to the authorities."""
    shelf = Shelf(found.held.credentials.certificates)
    direct = users(uses, shelf, disk.by_file)
    strangers = [
        use for use in uses
        if use.end is End.REMOTE and not use.raw and not candidates(use, shelf)
    ]  # fmt: skip
    return Seen(
        now=found.now,
        shelf=shelf,
        crls=found.held.credentials.crls,
        users=with_authorities(strangers, shelf, direct),
        uses=uses,
        signatures=disk.signatures,
        renewed=renewed_of(uses, shelf, direct, disk),
        unknown=frozenset(use.connection for use in strangers),
        policies={one.name: policy_of(one, found.configuration) for one in found.asked_for},
        addressed=frozenset(one.name for one in found.asked_for if one.setting("crluri")),
    )


def policy_of(connection: Connection, configuration: Configuration) -> str:
    """How a connection insists on lists of revoked certificates: of ipsec.conf as all do."""
    if connection.section is None:
        return dict(configuration.setup).get("strictcrlpolicy", "no")
    return connection.setting("strictcrlpolicy") or "no"


def renewed_of(
    uses: Iterable[Use], shelf: Shelf, direct: Mapping[int, Users], disk: OnDisk
) -> dict[int, str]:
    """How certificates in use differ from what their file holds by now."""
    found = {}
    for use in uses:
        for name in use.named:
            one = disk.others.get(name)
            for number in candidates(use, shelf) if one and len(use.named) == 1 else ():
                if one and number in direct:
                    newer = (one.not_before or LONG_AGO) > (
                        shelf.certificates[number].not_before or LONG_AGO
                    )
                    found[number] = "is renewed on disk only" if newer else "is not the one on disk"
    return found
