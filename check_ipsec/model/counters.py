"""What charon counts of IKE: ``ipsec listcounters``."""

from __future__ import annotations

from typing import NamedTuple

from check_ipsec.model.unread import UnreadLine


class Counters(NamedTuple):
    """Counters since charon started, or since somebody reset them, by their printed keys.

    ``name`` is the connection whose they are, as an IKE_SA carries it; None for all together.
    """

    name: str | None
    values: tuple[tuple[str, int], ...]


class CounterLists(NamedTuple):
    """All lists of a text. ``available``: charon has the plugin that counts."""

    lists: tuple[Counters, ...]
    available: bool
    unread: tuple[UnreadLine, ...]
