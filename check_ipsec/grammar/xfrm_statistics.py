r"""The text of ``ip -s xfrm state list nokeys``: what went through each state.

Written by iproute2's ip/ipxfrm.c: LIMIT_BYTES to EXPIRE_USE, CURRENT and DATES by
``xfrm_lifetime_print``, STATS by ``xfrm_stats_print``, all else as in :mod:`.xfrm_state`.

Sample::

    src 10.1.0.1 dst 10.1.0.2
        proto esp spi 0xcfb794c2(3484914882) reqid 1(0x00000001) mode transport
        replay-window 0 seq 0x00000000 flag  (0x00000000)
        aead rfc4106(gcm(aes)) <<Keys hidden>> 128
        lifetime config:
          limit: soft (INF)(bytes), hard (INF)(bytes)
          limit: soft (INF)(packets), hard (INF)(packets)
          expire add: soft 2881(sec), hard 3600(sec)
          expire use: soft 0(sec), hard 0(sec)
        lifetime current:
          192(bytes), 3(packets)
          add 2026-11-28 04:53:42 use 2026-11-28 04:53:43
        stats:
          replay-window 0 replay 0 failed 0

EBNF (every terminal in capitals is a line pattern below)::

    statistics = { state | newer state | unread record } ;
    state      = IDENTITY, PROTOCOL, OTHERS, "lifetime config:", LIMIT_BYTES, LIMIT_PACKETS,
                 EXPIRE_ADD, EXPIRE_USE, "lifetime current:", CURRENT, DATES, "stats:", STATS,
                 OTHERS ;

OTHERS is any number of attributes that nobody asks for here.
"""

from __future__ import annotations

import re

from check_ipsec.grammar.of_xfrm.wording import Kinds, Wording, number
from check_ipsec.grammar.records import unnamed
from check_ipsec.grammar.xfrm import parse as parse_records
from check_ipsec.grammar.xfrm_state import IDENTITY, PROTOCOL
from check_ipsec.model.traffic import Limits, StateTraffic, Statistics

END = r"(?=src |\Z)"
LIMIT = r"limit: soft (?:\(INF\)|\d+)\({0}\), hard (?:\(INF\)|(?P<{0}>\d+))\({0}\)"
LIMIT_BYTES, LIMIT_PACKETS = LIMIT.format("bytes"), LIMIT.format("packets")
EXPIRE_ADD = r"expire add: soft \d+\(sec\), hard (?P<seconds>\d+)\(sec\)"
EXPIRE_USE = r"expire use: soft \d+\(sec\), hard \d+\(sec\)"
CURRENT = r"(?P<octets>\d+)\(bytes\), (?P<passed>\d+)\(packets\)"
DATES = r"add (?P<added>[^\n]*?) use [^\n]*?"
STATS = r"replay-window (?P<late>\d+) replay (?P<replayed>\d+) failed (?P<failed>\d+)"
ASKED_FOR = r"proto |lifetime |limit: |expire |add |stats:|\d+\(bytes\)|replay-window \d+ replay"
INNER = (LIMIT_BYTES, LIMIT_PACKETS, EXPIRE_ADD, EXPIRE_USE, CURRENT, DATES, STATS)


def pattern(wording: Wording) -> str:
    """A state."""
    tab, end, others, _ = wording
    others = others and r"(?:\t(?!proto |lifetime |stats:)[^\n]*\n)*"
    limits = "".join(f"{tab}  {one}{end}" for one in INNER[:4])
    current = "".join(f"{tab}  {one}{end}" for one in (CURRENT, DATES))
    return (
        rf"{IDENTITY}{end}{tab}{PROTOCOL}{end}{others}{tab}lifetime config:{end}{limits}"
        rf"{tab}lifetime current:{end}{current}{tab}stats:{end}{tab}  {STATS}{end}{others}{END}"
    )


def known_line() -> str:
    """Any line of a state, as known releases print it."""
    inner = "|".join(map(unnamed, INNER))
    others = r"(?!proto |lifetime |stats:| )[^\n]*"
    indented = rf"{unnamed(PROTOCOL)}|  (?:{inner})|lifetime (?:config|current):|stats:|{others}"
    return rf"{unnamed(IDENTITY)} ?|\t(?:{indented}) ?"


def parse(text: str, source: str) -> Statistics:
    """The states in the order of the text, which ``source`` names in errors.

    No text, no states. Raises ParseError where the text ends in the middle of a line.
    """
    return Statistics(*parse_records(KINDS, text, source))


def _state(found: re.Match[str]) -> StateTraffic:
    named = found.groupdict()
    return StateTraffic(
        source=named["source"],
        destination=named["destination"],
        protocol=named["protocol"],
        spi=int(named["spi"] or "0", 16),
        reqid=int(named["reqid"]),
        mode=named["mode"],
        octets=int(named["octets"]),
        packets=int(named["passed"]),
        late=int(named["late"]),
        replayed=int(named["replayed"]),
        failed=int(named["failed"]),
        added=named["added"],
        limits=Limits(
            octets=number(named["bytes"]),
            packets=number(named["packets"]),
            seconds=int(named["seconds"]) or None,
        ),
    )


KINDS = Kinds(pattern, _state, ASKED_FOR, known_line)
