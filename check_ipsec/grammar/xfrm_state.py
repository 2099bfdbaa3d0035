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

    states = { state } ;
    state  = IDENTITY, PROTOCOL, REPLAY, OTHERS, [ MARK, OTHERS ], [ AUTH, OTHERS ],
             [ AEAD, OTHERS ], [ ENC, OTHERS ], [ COMP, OTHERS ], [ IF_ID, OTHERS ], END ;

OTHERS is any number of other attributes, of this release of iproute2 or a newer one.
Keys are never read, should a text hold them.
"""

import re

from check_ipsec.grammar.tokens import parse_whole, record
from check_ipsec.grammar.xfrm import (
    ADDRESS,
    END,
    IF_ID,
    MARK,
    SPI,
    in_turn,
    joined,
    mark,
    number,
    optional,
    others,
    records,
)
from check_ipsec.model import XfrmState

IDENTITY = rf"src (?P<source>{ADDRESS}) dst (?P<destination>{ADDRESS})\n"
PROTOCOL = (
    rf"\tproto (?P<protocol>\S+) (?:{SPI})?"
    r"reqid (?P<reqid>\d+)(?:\(0x[0-9a-f]+\))? mode (?P<mode>\S+)\n"
)
REPLAY = r"\treplay-window [^\n]*\n"
AUTH = r"auth(?:-trunc)? (?P<auth>\S+) [^\n]*"
AEAD = r"aead (?P<aead>\S+) [^\n]*"
ENC = r"enc (?P<enc>\S+) [^\n]*"
COMP = r"comp (?P<comp>\S+) [^\n]*"
OTHERS = others(
    "proto", "replay-window", "mark", "auth", "auth-trunc", "aead", "enc", "comp", "if_id"
)

LINES = (
    (IDENTITY, "src ADDRESS dst ADDRESS"),
    (PROTOCOL, "proto NAME spi NUMBER reqid NUMBER mode NAME"),
    (REPLAY, "replay-window NUMBER"),
    (OTHERS, "attributes"),
    (optional(MARK, OTHERS), "mark NUMBER/NUMBER"),
    (optional(AUTH, OTHERS), "auth NAME"),
    (optional(AEAD, OTHERS), "aead NAME"),
    (optional(ENC, OTHERS), "enc NAME"),
    (optional(COMP, OTHERS), "comp NAME"),
    (optional(IF_ID, OTHERS), "if_id NUMBER"),
    (END, "an attribute or the next state"),
)


def parse(text: str, source: str) -> tuple[XfrmState, ...]:
    """The states in the order of the text, which ``source`` names in errors.

    No text, no states. Raises ParseError with the line that does not fit.
    """
    return tuple(parse_whole(states, text, source))


def _state(found: re.Match[str]) -> XfrmState:
    source, destination, protocol, spi, reqid, mode, *attributes = found.groups()
    value, mask, *algorithms, if_id = attributes
    return XfrmState(
        source=source,
        destination=destination,
        protocol=protocol,
        spi=int(spi or "0", 16),
        reqid=int(reqid),
        mode=mode,
        algorithms=tuple(filter(None, algorithms)),
        mark=mark(value, mask),
        if_id=number(if_id),
    )


state = record(joined(LINES), _state, "state")
states = records(state, lambda: in_turn(LINES))
