r"""The text of ``ip xfrm state list nokeys``, with and without ``-s``.

Written by iproute2's ip/ipxfrm.c: IDENTITY and PROTOCOL by ``xfrm_id_info_print``,
REPLAY and what is indented below by ``xfrm_state_info_print``, MARK, the algorithms and
IF_ID by ``xfrm_xfrma_print``.

Sample::

    src 10.9.0.2 dst 10.9.0.1
        proto esp spi 0xc0000003 reqid 2 mode tunnel
        replay-window 32 flag af-unspec
        mark 0x2a/0xff output-mark 0x7/0xff
        auth-trunc hmac(sha1) <<Keys hidden>> 96
        enc cbc(aes) <<Keys hidden>>
        encap type espinudp sport 4500 dport 4500 addr 0.0.0.0
        anti-replay context: seq 0x0, oseq 0x0, bitmap 0x00000000
        if_id 0x17
        sel src 0.0.0.0/0 dst 0.0.0.0/0

EBNF (every terminal in capitals is a line pattern below)::

    states = { plain | state | newer state | unread record } ;
    plain  = IDENTITY, PROTOCOL, REPLAY, [ AUTH ], [ AEAD ], [ ENC ], [ ANTI_REPLAY ], [ SEL ] ;
    state  = IDENTITY, PROTOCOL, REPLAY, [ MARK | OUTPUT_MARK ], [ AUTH ], [ AEAD ], [ ENC ],
             [ COMP ], OTHERS, [ IF_ID ], [ TFCPAD ], [ DIR ], [ CPU ], [ SEL ], OTHERS ;

OTHERS is any number of attributes that nobody asks for. Keys are never read, should a text
hold them.
"""

import re
from typing import Any, Optional

from check_ipsec.grammar.of_xfrm.wording import (
    ADDRESS,
    ATTRIBUTES,
    END,
    IF_ID,
    KNOWN,
    MARK,
    SELECTOR,
    SPI,
    Kinds,
    Wording,
    mark,
    newer,
    number,
    optional,
    selector,
)
from check_ipsec.grammar.records import Record, unnamed
from check_ipsec.grammar.xfrm import parse as parse_records
from check_ipsec.model.kernel import States, XfrmState

IDENTITY = rf"src (?P<source>{ADDRESS}) dst (?P<destination>{ADDRESS})"
PROTOCOL = (
    rf"proto (?P<protocol>\S+) (?:{SPI})?"
    r"reqid (?P<reqid>\d+)(?:\(0x[0-9a-f]+\))? mode (?P<mode>[^\s,;]+)"
)
REPLAY = r"replay-window (?P<replay>[^\n]*)"
AUTH = r"auth(?:-trunc)? (?P<auth>\S+) [^\n]*"
AEAD = r"aead (?P<aead>\S+) [^\n]*"
ENC = r"enc (?P<enc>\S+) [^\n]*"
COMP = r"comp (?P<comp>\S+) [^\n]*"
OUTPUT_MARK = r"output-mark \S+"
ANTI_REPLAY = r"anti-replay [^\n]*"
TFCPAD, CPU = r"tfcpad \d+", r"pcpu-num \d+"
DIR = r"dir (?P<direction>in|out)"
SEL = f"sel {SELECTOR}"
ASKED_FOR = "proto |mark |auth|aead |enc |comp |if_id |dir |sel "


def pattern(wording: Wording) -> str:
    """A state."""
    tab, end, others, narrowing = wording
    mark, *algorithms, if_id, tfcpad, direction, cpu, sel = (
        optional(wording, attribute)
        for attribute in (
            *(f"(?:{MARK}|{OUTPUT_MARK})", AUTH, AEAD, ENC, COMP),
            *(IF_ID, TFCPAD, DIR, CPU, SEL.format("sel_", narrowing)),
        )
    )
    return (
        rf"{IDENTITY}{end}{tab}{PROTOCOL}{end}{tab}{REPLAY}{end}{mark}{''.join(algorithms)}"
        rf"{others}{if_id}{tfcpad}{direction}{cpu}{sel}{others}{END}"
    )


def plain_pattern() -> str:
    """A state as nearly all are."""
    sel = SEL.format("sel_", KNOWN.narrowing)
    needed = "".join(f"{one}{KNOWN.end}{KNOWN.tab}" for one in (IDENTITY, PROTOCOL)) + REPLAY
    others = "".join(optional(KNOWN, one) for one in (AUTH, AEAD, ENC, ANTI_REPLAY, sel))
    return f"{needed}{KNOWN.end}{others}{END}"


def known_line() -> str:
    """Any line of a state, as known releases print it."""
    sel = SEL.format("", newer(ASKED_FOR).narrowing)
    attributes = (MARK, OUTPUT_MARK, AUTH, AEAD, ENC, COMP, IF_ID, TFCPAD, DIR, CPU, sel)
    indented = "|".join((PROTOCOL, REPLAY, *attributes))
    others = "|".join(f"{word}[^\n]*" for word in ATTRIBUTES)
    return rf"{unnamed(IDENTITY)} ?|\t(?:{unnamed(indented)}|{others}) ?"


def parse(text: str, source: str) -> States:
    """The states in the order of the text, which ``source`` names in errors.

    No text, no states. Raises ParseError where the text ends in the middle of a line.
    """
    return States(*parse_records(KINDS, text, source))


def _plain_state(found: re.Match[str]) -> XfrmState:
    return _state_of(*found.groups())


def _state(found: re.Match[str]) -> XfrmState:
    *needed, value, mask, auth, aead, enc, comp, if_id, direction = found.groups()[:15]
    return _state_of(*needed, auth, aead, enc, *found.groups()[15:])._replace(
        compression=comp,
        mark=mark(value, mask),
        if_id=number(if_id),
        direction=direction,
    )


def _state_of(
    source: str, destination: str, protocol: str, spi: Optional[str], reqid: str, mode: str,
    replay: str, auth: Optional[str], aead: Optional[str], enc: Optional[str], *traffic: Any,
) -> XfrmState:  # fmt: skip
    """A plain one; what others have is put in its place."""
    return XfrmState(
        source=source,
        destination=destination,
        protocol=protocol,
        spi=int(spi or "0", 16),
        reqid=int(reqid),
        mode=mode,
        authentication=auth,
        encryption=aead or enc,
        selector=selector(*traffic) if traffic[0] else None,
        esn=is_extended(replay),
    )


def is_extended(replay: str) -> bool:
    """Whether the flags have extended sequence numbers; ip may write ``esnextra_flag``."""
    return " esn" in replay


PLAIN_STATE = Record(plain_pattern(), _plain_state, "a plain state")
KINDS = Kinds(pattern, _state, ASKED_FOR, known_line, PLAIN_STATE)
