"""Which certificates connections use, by what charon has loaded.

charon prints the subject of the certificate that an end was loaded with (``cert:``), else
only an identity; it never prints file names. So a use is resolved so:

==================================== ==================================================
an end                               uses
==================================== ==================================================
with a certificate                   those with this subject, and where several files are
                                     named, with its identity: as many as files are named
                                     for it, the newest. An older one stays listed until
                                     charon is restarted
without, this host                   those with its identity, the newest one; first those
                                     with a private key
without, a peer                      those with its identity, or that of its IKE_SAs: what
                                     charon keeps of what peers have presented
with a file, where the files are     the certificate in that file, if charon has it
known
==================================== ==================================================

An end with a pre-shared key uses none, though charon has loaded the one that it inherits.

The rounds themselves are in rounds.py.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from check_ipsec.model.certificates import Kind
from check_ipsec.truth.rounds import End, Use
from check_ipsec.truth.shelf import Shelf


class Users(NamedTuple):
    """Who uses a certificate.

    ``pinned``: at least one end was loaded with it; ``exact`` is false where only some of the
    connections do and nobody can say which; ``maybe`` where a peer may yet need it.
    ``authority``: they use what it has issued.
    """

    own: frozenset[str] = frozenset()
    peers: frozenset[str] = frozenset()
    pinned: bool = False
    exact: bool = True
    maybe: bool = False
    authority: bool = False

    @property
    def connections(self) -> frozenset[str]:
        """All of them."""
        return self.own | self.peers

    def plus(self, other: Users) -> Users:
        """Both."""
        return Users(
            self.own | other.own,
            self.peers | other.peers,
            self.pinned or other.pinned,
            self.exact and other.exact,
            self.maybe and other.maybe,
            self.authority and other.authority,
        )


NOBODY = Users(maybe=True, authority=True)


# --- certificates -------------------------------------------------------------------


def candidates(use: Use, shelf: Shelf) -> tuple[int, ...]:
    """The certificates that a use may be of, by their numbers."""
    named = set(shelf.with_subject(use.subject)) if use.subject else set()
    if use.subject and len(use.named) < 2:
        return tuple(sorted(named))
    found = tuple(
        sorted(named.union(*(shelf.with_identity(identity) for identity in use.identities)))
    )
    if use.end is End.LOCAL:
        return tuple(n for n in found if shelf.certificates[n].private_key) or found
    return found


def users(
    uses: Iterable[Use],
    shelf: Shelf,
    by_file: Mapping[str, int],
) -> dict[int, Users]:
    """Who uses which certificate; ``by_file`` are those that a file of that name holds."""
    groups: dict[tuple[int, ...], list[Use]] = defaultdict(list)
    for use in uses:
        exact = tuple(by_file[name] for name in use.named if name in by_file)
        if exact:
            groups[exact].append(use)
        else:
            for one in by_identity(use):
                groups[candidates(one, shelf)].append(one)
    found: dict[int, Users] = {}
    for numbers, group in groups.items():
        shared = len({use.end for use in group}) > 1
        for end in End:
            uses_of_end = [use for use in group if use.end is end]
            order = with_key_first(numbers, end, shelf) if shared else numbers
            chosen = shelf.newest(order, len(sources(uses_of_end)))
            one_of_them = users_of(uses_of_end, len(chosen) == 1)
            for number in chosen:
                found[number] = found.get(number, NOBODY).plus(one_of_them)
    return found


def sources(uses: Iterable[Use]) -> set[str]:
    """The files that uses are of, or their identities: as many certificates are in use."""
    return {name for use in uses for name in (use.named or use.identities or ("",))}


def with_key_first(numbers: tuple[int, ...], end: End, shelf: Shelf) -> list[int]:
    """Those that fit an end where both ends have the same name: only this host has keys."""
    wanted = end is End.LOCAL
    fit = [number for number in numbers if bool(shelf.certificates[number].private_key) is wanted]
    return fit or list(numbers)


def by_identity(use: Use) -> Iterator[Use]:
    """A use for each identity that its end has; one that was loaded with a certificate as is."""
    if use.subject or not use.identities:
        yield use
    else:
        yield from (use._replace(identities=frozenset([one])) for one in use.identities)


def users_of(group: list[Use], exact: bool) -> Users:
    """The connections of some uses."""
    return Users(
        frozenset(use.connection for use in group if use.end is End.LOCAL),
        frozenset(use.connection for use in group if use.end is End.REMOTE),
        any(use.subject is not None for use in group),
        exact,
    )


def with_authorities(
    strangers: Iterable[Use], shelf: Shelf, direct: Mapping[int, Users]
) -> dict[int, Users]:
    """The same with the authorities above each, and those that strangers may need.

    Strangers are peers whose certificates are not known. A peer's certificate that was loaded
    from a file is trusted without its authority.
    """
    found = dict(direct)
    for number, who in direct.items():
        if who.pinned and not who.own:
            continue
        above, _ = shelf.chain(number)
        for one in above:
            found[one] = found.get(one, NOBODY).plus(who._replace(pinned=False, authority=True))
    for number, authority in enumerate(shelf.certificates):
        if number in found or authority.kind is not Kind.AUTHORITY:
            continue
        needing = frozenset(
            use.connection
            for use in strangers
            if not use.authorities or authority.subject in use.authorities
        )
        if needing:
            found[number] = Users(peers=needing, maybe=True, authority=True)
    return found
