"""The whole grammar: what is damaged, or printed by releases to come, too."""

import re
from functools import partial
from typing import Any

from pyparsing import Group, Opt, ParserElement

from check_ipsec.grammar.of_statusall.child_sas import (
    CHILD_SA,
    TRAPS,
    child_sa,
    child_sa_line,
    child_sa_pattern,
)
from check_ipsec.grammar.of_statusall.connections import (
    CONNECTION,
    CONNECTIONS,
    ENDS_OF_PEER,
    PLAIN_CONNECTION,
    SHUNT,
    SHUNTS,
    peer,
    peer_line,
    peer_pattern,
    shunt,
    shunt_line,
    shunt_pattern,
)
from check_ipsec.grammar.of_statusall.head import (
    ADDRESS,
    ADDRESSES,
    BEGIN,
    MALLOC,
    PLUGINS,
    POOL,
    POOLS,
    THREADS,
    TITLE,
    UPTIME,
)
from check_ipsec.grammar.of_statusall.ike_sas import (
    BLOCK,
    COUNTS,
    NONE,
    PLAIN_BLOCK,
    ike_sa,
    ike_sa_line,
    ike_sa_pattern,
)
from check_ipsec.grammar.of_statusall.text import Part
from check_ipsec.grammar.of_statusall.wording import (
    BEHIND_SECTION,
    HEADINGS,
    IKE_SA_LIKE,
    NO_HEADING,
    SECTIONS,
    WORD,
    Known,
    Newer,
    Pattern,
    Words,
    compiled,
)
from check_ipsec.grammar.records import Build, Record
from check_ipsec.grammar.tokens import Ahead, more, one, record, several, silent
from check_ipsec.model.daemon import IkeSa, Peer, Shunt
from check_ipsec.model.unread import UnreadLine


def unread(section: str, pattern: str) -> ParserElement:
    """A line of a section that no other production takes, or a few.

    The ``line`` of what is unread is the place in the text, until lines are counted.
    """
    return record(
        pattern,
        lambda match: UnreadLine(section, match.start(), match[0].removesuffix("\n")),
        f"a line of {section}",
    )


def _is_in_section(text: str, place: int) -> bool:
    section = next((name for name in SECTIONS if text.startswith(name, place)), None)
    return not (section and compiled(BEHIND_SECTION).match(text, place + len(section)))


# before productions that are only there for damaged or newer texts
in_section = Ahead(_is_in_section).set_name("a line of the section")


def newer_record(
    section: str, whole: Pattern, any_line: Pattern, stop: str, build: Build
) -> ParserElement:
    """A record as a newer release may print it.

    What is unread of its lines, and unread lines, are taken away; the rest is read. ``whole``
    and ``any_line``, one without its end, are patterns of a record and of any line of it, ``stop``
    is one of what does not belong to it any more.
    """

    def part(match: re.Match[str]) -> Part:
        known, newer = (compiled(any_line(wording)) for wording in (Known, Newer))
        lines = match[0].split("\n")[:-1]
        kept = "".join(f"{read[0]}\n" for text in lines if (read := newer.match(text)))
        found = compiled(whole(Newer)).fullmatch(kept)
        if found is None:
            raise ValueError(f"a record of {section}")
        fact = build(found)._replace(understood=False)
        place, unread = match.start(), []
        for text in lines:
            if not known.fullmatch(text):
                hides = not text.lstrip(" ").startswith(_tags(fact))
                unread.append(UnreadLine(section, place, text, hides))
            place += len(text) + 1
        return Part(fact, tuple(unread))

    chunk = rf"{any_line(Newer)}[^\n]*\n(?:(?!{HEADINGS}|{stop})[^\n]*\n)*"
    return record(chunk, part, f"a record of {section}")


def _tags(fact: Any) -> Words:
    """What the lines of a record begin with."""
    if isinstance(fact, Peer):
        return f"{fact.name}:", *(f"{child.name}:" for child in fact.children)
    if isinstance(fact, Shunt):
        return (f"{fact.name}:",)
    opening, closing = "[]" if isinstance(fact, IkeSa) else "{}"
    return (f"{fact.name}{opening}{fact.unique_id}{closing}:",)


# --- head ---------------------------------------------------------------------

NEWER_TITLE = r"Status of (?!IKEv2 )(?:[^\n]*Swan ([^,)\s]+))?[^\n]*\n"
OTHER = rf"{NO_HEADING}[^\n]*\n"
# with what stands below it, where it is the heading of a new section
OTHER_OF_HEAD = rf"{NO_HEADING}(?:\S[^\n]*\n(?:  [^\n]*\n)*|[^\n]*\n)"

other_line = in_section + unread("Status", OTHER_OF_HEAD)
title = (one(TITLE) | record(NEWER_TITLE, lambda match: (match[1], None), BEGIN)).set_name(BEGIN)
head = title + Group((one(UPTIME) | one(MALLOC) | one(THREADS) | one(PLUGINS) | other_line)[...])
pools = Group(Opt(one(POOLS) + (several(POOL) | other_line)[...]))
addresses = Group(Opt(one(ADDRESSES) + (several(ADDRESS) | other_line)[...]))

# --- connections --------------------------------------------------------------

newer_peer = newer_record(
    "Connections",
    peer_pattern,
    peer_line,
    rf"[^\n]*:  {ENDS_OF_PEER}",
    partial(peer, wording=Newer),
)
any_peer = in_section + (several(CONNECTION) | newer_peer | unread("Connections", OTHER))
connections = Group(one(CONNECTIONS) + (several(PLAIN_CONNECTION) | any_peer)[...])

newer_shunt = newer_record("Shunted Connections", shunt_pattern, shunt_line, r"[^\n]*:  ", shunt)
other_shunt = in_section + (newer_shunt | unread("Shunted Connections", OTHER))
shunts = Group(Opt(one(SHUNTS) + (several(SHUNT) | other_shunt)[...]))

# --- SAs ----------------------------------------------------------------------

ASSOCIATIONS = "Security Associations"
STOP_OF_CHILD = rf"{IKE_SA_LIKE}|[^\n]*\{{-?\d+\}}:  (?:{WORD}), "
STOP_OF_IKE = rf"{IKE_SA_LIKE}|[^\n]*\{{-?\d+\}}:  "

known_child_sa = several(CHILD_SA)
of_child = (child_sa_pattern, child_sa_line, STOP_OF_CHILD, child_sa)
newer_trap = newer_record("Routed Connections", *of_child)
other_trap = in_section + (newer_trap | unread("Routed Connections", OTHER))
traps = Group(Opt(one(TRAPS) + (known_child_sa | other_trap)[...]))

newer_ike_sa = newer_record(ASSOCIATIONS, ike_sa_pattern, ike_sa_line, STOP_OF_IKE, ike_sa)
newer_child_sa = newer_record(ASSOCIATIONS, *of_child)
stray_line = unread(ASSOCIATIONS, rf"(?!{IKE_SA_LIKE})[^\n]*\n")
unread_ike_sa = unread(ASSOCIATIONS, rf"{IKE_SA_LIKE}[^\n]*\n(?:(?!{IKE_SA_LIKE})[^\n]*\n)*")
plain_block = several(PLAIN_BLOCK)
childless = Record(ike_sa_pattern(Known), ike_sa, "an IKE_SA")
other_block = several(BLOCK) | one(childless) | newer_ike_sa | unread_ike_sa
below = known_child_sa | newer_child_sa | stray_line
first_block = plain_block | stray_line[...] + (plain_block | other_block)
blocks = first_block + (plain_block | more + (other_block | below))[...]
none = silent(NONE)
sas = none + stray_line[...] | blocks | stray_line + stray_line[...]
associations = one(COUNTS) + Group(sas.set_name("an IKE_SA or 'none'"))
statusall = head + pools + addresses + connections + shunts + traps + associations
