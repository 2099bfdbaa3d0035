"""What is judged of the certificates of a host, each with all that may be wrong with it.

An :class:`Item` is a certificate that a connection uses, an authority above one, the newest
list of revoked certificates of such an authority, or a file that a connection names, or that
lies in /etc/ipsec.d or /etc/swanctl, and that charon has not loaded.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from check_ipsec.model.certificates import Certificate, Crl, Kind
from check_ipsec.truth.flaws import (
    OF_CERTIFICATES,
    Flaw,
    Seen,
    days_left,
    insists,
    latest,
    no_list,
    out_of_date,
    vouches_for_peers,
)
from check_ipsec.truth.on_disk import OnDisk
from check_ipsec.truth.rounds import End, Use
from check_ipsec.truth.stale import identity_form
from check_ipsec.truth.uses import Users, candidates

PUBLIC_KEY = "public key authentication"


class Item(NamedTuple):
    """What is judged: ``noun`` is certificate or CRL, ``subject`` whose.

    ``days`` are those until it ends; ``flaws`` are all that may be wrong, each in words.
    """

    noun: str
    subject: str
    users: Users
    flaws: tuple[tuple[Flaw, str], ...]
    certificate: Certificate | None = None
    crl: Crl | None = None
    days: float | None = None


def items(seen: Seen, disk: OnDisk) -> Iterator[Item]:
    """All that is judged."""
    yield from certificates(seen)
    yield from lists(seen)
    yield from not_loaded(seen, disk)
    yield from only_on_disk(disk)


def certificates(seen: Seen) -> Iterator[Item]:
    """Those in use."""
    identities = other_identities(seen)
    for number, who in seen.users.items():
        one = seen.certificates[number]
        flaws = [(flaw, words) for flaw, find in OF_CERTIFICATES.items()
                 if (words := find(number, seen))]  # fmt: skip
        flaws += ((Flaw.IDENTITY, words) for words in identities.get(one.subject, ()))
        if one.kind is Kind.AUTHORITY and (words := no_list(number, seen)):
            flaws.append((Flaw.CRL_STRICT, words))
        yield Item("certificate", one.subject, who, tuple(flaws), one,
                   days=days_left(one, seen.now))  # fmt: skip


def other_identities(seen: Seen) -> dict[str, dict[str, None]]:
    """IDENTITY: what the file wants to be in certificates, by their subjects.

    charon has put the subject in its place, or not so and then the peer finds it nowhere.
    """
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for use in seen.uses:
        if use.subject and wants_another(use, use.subject) and is_without(use, seen):
            found[use.subject][f"does not contain {use.told}"] = None
    return found


def wants_another(use: Use, subject: str) -> bool:
    """Whether the file names an identity that can be compared, and it is another."""
    wanted = use.wanted or "%any"
    return wanted != "%any" and identity_form(wanted) not in (None, identity_form(subject))


def is_without(use: Use, seen: Seen) -> bool:
    """Whether the identity that the file names is in no certificate with the subject.

    charon does not tell capital letters from small ones there, and may match others by ``*``.
    """
    if use.replaced:
        return use.subject in use.identities
    held = [seen.certificates[number] for number in candidates(use, seen.shelf)]
    names = [f", {one.alt_names}, {one.subject}, ".lower() for one in held]
    return bool(held) and not any(
        "*" in identity or f", {identity.lower()}, " in text
        for identity in use.identities
        for text in names
    )


def lists(seen: Seen) -> Iterator[Item]:
    """The newest list of each authority that peers are certified by."""
    for number, who in seen.users.items():
        if seen.certificates[number].kind is not Kind.AUTHORITY:
            continue
        crl = latest(number, seen)
        if crl is None or not vouches_for_peers(number, seen):
            continue
        flaw = Flaw.CRL_STRICT if insists(number, seen) else Flaw.CRL_OLD
        words = out_of_date(number, seen)
        flaws = ((flaw, words),) if words else ()
        yield Item("CRL", crl.issuer, who, flaws, crl=crl)


def not_loaded(seen: Seen, disk: OnDisk) -> Iterator[Item]:
    """Files that charon has not loaded, and ends of this host that have no certificate."""
    found: dict[str, list[Use]] = defaultdict(list)
    for use in seen.uses:
        if name := lacking(use, seen):
            found[name].append(use)
    for name, uses in found.items():
        who = Users(
            frozenset(use.connection for use in uses if use.end is End.LOCAL),
            frozenset(use.connection for use in uses if use.end is End.REMOTE),
        )
        reason = disk.errors.get(name, "")
        words = f"is not loaded{f' ({reason})' if reason else ''}"
        yield Item("certificate", name, who, ((Flaw.NOT_LOADED, words),))


def lacking(use: Use, seen: Seen) -> str:
    """The name of what a use lacks, or nothing."""
    if use.named and use.subject is None:
        return ", ".join(use.named)
    if candidates(use, seen.shelf):
        return ""
    if use.subject is not None:
        return use.subject
    needs_one = use.end is End.LOCAL and use.method == PUBLIC_KEY and not use.raw
    return (", ".join(sorted(use.identities)) or "%any") if needs_one else ""


def only_on_disk(disk: OnDisk) -> Iterator[Item]:
    """Authorities and their lists that lie on the disk and that charon has not loaded."""
    for noun, path in disk.waiting:
        yield Item(noun, path, Users(), ((Flaw.RENEWED, "is on disk only"),))


def doubts(seen: Seen) -> Iterator[str]:
    """Whether the clock of the host may be wrong: what others have signed is of its future."""
    begins = [seen.certificates[number].not_before for number in seen.users]
    begins += [crl.this_update for crl in seen.crls]
    known = [begin for begin in begins if begin is not None]
    if len(known) > 1 and all(begin > seen.now for begin in known):
        yield f"is the clock right? It says {seen.now:%Y-%m-%d %H:%M} UTC"
