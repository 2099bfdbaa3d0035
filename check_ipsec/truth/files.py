"""The certificates that connections name, by their files alone: where charon does not answer.

Which end is this host's is charon's to say, so left is taken for it. Keys are not looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from check_ipsec.model.configuration import Connection
from check_ipsec.moment.credentials import Held
from check_ipsec.truth.certificate_items import Item, certificates
from check_ipsec.truth.flaws import Flaw, Seen
from check_ipsec.truth.on_disk import OnDisk, folder_of, path_of, why_not
from check_ipsec.truth.rounds import files_of
from check_ipsec.truth.shelf import Shelf
from check_ipsec.truth.uses import NOBODY, Users, with_authorities


def named_files(connections: Iterable[Connection]) -> Iterator[tuple[str, str, str]]:
    """The files of certificates that connections name: connection, keyword, name."""
    for connection in connections:
        for key, name in files_of(connection):
            yield connection.name, key, name


def of_files(connections: Iterable[Connection], held: Held, now: datetime) -> Iterator[Item]:
    """What is wrong with the certificates in files, and with files that hold none."""
    if held.disk is None:
        return
    by_path = {file.path: file for file in held.disk.certificates}
    inside = [one for file in by_path.values() for one in file.credentials.certificates[:1]]
    authorities = [one for file in held.disk.authorities for one in file.credentials.certificates]
    shelf = Shelf((*inside, *authorities))
    direct: dict[int, Users] = {}
    lost: dict[tuple[str, str], Users] = {}
    for connection, key, name in named_files(connections):
        user = frozenset([connection])
        who = Users(own=user) if key.startswith("left") else Users(peers=user, pinned=True)
        file = by_path.get(path_of(name))
        if file and file.credentials.certificates:
            number = inside.index(file.credentials.certificates[0])
            direct[number] = direct.get(number, NOBODY).plus(who)
        elif reason := why_not(file, held.disk, folder_of(name)):
            lost[name, reason] = lost.get((name, reason), NOBODY).plus(who)
    signatures = {number: one.signature for number, one in enumerate(shelf.certificates)
                  if one.signature}  # fmt: skip
    yield from certificates(
        Seen(now, shelf, (), with_authorities((), shelf, direct), (), signatures, {},
             frozenset(), {})
    )  # fmt: skip
    for (name, reason), who in lost.items():
        words = f"cannot be loaded ({reason})"
        yield Item("certificate", name, who, ((Flaw.NOT_LOADED, words),))


def refused(connections: Iterable[Connection], disk: OnDisk) -> Iterator[Item]:
    """Files for the want of which connections of swanctl.conf could not be loaded."""
    found: dict[tuple[str, str], Users] = {}
    own = (one for one in connections if one.section is not None)
    for connection, key, name in named_files(own):
        if reason := disk.errors.get(name):
            user = frozenset([connection])
            who = Users(own=user) if key.startswith("left") else Users(peers=user)
            found[name, reason] = found.get((name, reason), NOBODY).plus(who)
    for (name, reason), who in found.items():
        yield Item("certificate", name, who, ((Flaw.NOT_LOADED, f"is not loaded ({reason})"),))
