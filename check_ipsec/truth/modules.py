"""The modules of the kernel that charon's connections need, and those that it cannot have.

=============================== ======================================================
connection                      module
=============================== ======================================================
``ah=`` without ``esp=``        ah4 or ah6, by the address family of its ends
else                            esp4 or esp6
ends of no known, or of both    none that is known
families; a shunt; not loaded
=============================== ======================================================

A module that is not loaded is loaded by the kernel with the first SA (net/xfrm,
``xfrm_get_type``), so it is missing for certain only where it is neither loaded, nor part
of the kernel, nor among those that the running kernel can load. Where one of the three is
not known, nothing is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from check_ipsec.model.configuration import Connection
from check_ipsec.model.daemon import Peer, Status
from check_ipsec.moment.snapshot import uses_libipsec
from check_ipsec.moment.surroundings import Surroundings

ADDRESS = r"(?:([0-9.]+)|[0-9A-Fa-f]*:[0-9A-Fa-f:.]*)(?:[-/%]|$)"


def needed(connections: Iterable[Connection], status: Status) -> frozenset[str]:
    """The modules that the loaded ones of these connections need."""
    protocols = {one.printed_name: protocol(one) for one in connections}
    return frozenset(
        f"{protocols[child.name]}{family}"
        for peer in status.peers
        for child in peer.children
        if child.name in protocols
        for family in family_of(peer)
    )


def protocol(connection: Connection) -> str:
    """What its CHILD_SAs are made of."""
    authenticates_only = connection.setting("ah") and not connection.setting("esp")
    return "ah" if authenticates_only else "esp"


def family_of(peer: Peer) -> Iterator[int]:
    """4 or 6, if all its addresses are of that family."""
    families = {*families_in(peer.local), *families_in(peer.remote)}
    if len(families) == 1:
        yield families.pop()


def families_in(ends: str) -> Iterator[int]:
    """The families of the addresses in a list; a name has none that is known."""
    for end in ends.split(","):
        if address := re.match(
            r"\s*(?:([0-9.]+)|([0-9A-Fa-f]*:[0-9A-Fa-f:.]*))(?:[-/%]|\s*$)", end
        ):
            yield 4 if address[1] else 6


def lacking(
    connections: Iterable[Connection], status: Status, snapshot: Surroundings
) -> frozenset[str]:
    """Those needed that are neither loaded nor part of the kernel; none where it is not known."""
    loaded, builtin = snapshot.modules, snapshot.builtin_modules
    if not isinstance(loaded, frozenset) or not isinstance(builtin, frozenset):
        return frozenset()
    if uses_libipsec(snapshot.daemon):
        return frozenset()
    return needed(connections, status) - loaded - builtin


def missing(
    connections: Iterable[Connection], status: Status, snapshot: Surroundings
) -> frozenset[str]:
    """Those of them that the kernel cannot load either."""
    loadable = snapshot.loadable_modules
    if not isinstance(loadable, frozenset):
        return frozenset()
    return lacking(connections, status, snapshot) - loadable
