"""The productions of a listing in which something is damaged, or cut."""

from __future__ import annotations

from typing import Any

from pyparsing import ParserElement

from check_ipsec.grammar.of_vici.listing import Listing, Unread
from check_ipsec.grammar.tokens import one, parse_whole, record, several, silent


def production(listing: Listing) -> ParserElement:
    """Events, plain ones first, and the reply that ends them."""
    label, reply = listing.label, listing.reply
    stop = rf"{label} event \{{\n|{reply} reply \{{\n"
    whole = several(listing.event)
    if listing.plain is not None:
        whole = several(listing.plain) | one(listing.event)
    other = record(
        rf"(?!{reply} reply)[^\n]*\n(?:(?!{stop})[^\n]*\n)*",
        lambda found: Unread(found.start(), found[0]),
        listing.name,
    )
    found: ParserElement = (whole | other)[...] + silent(listing.end)
    return found


def parse_any(listing: Listing, text: str, source: str) -> list[Any]:
    """All that is listed, and what is :class:`Unread` of it."""
    return parse_whole(production(listing), text, source)
