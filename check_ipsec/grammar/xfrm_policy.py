r"""The text of ``ip xfrm policy list``, with and without ``-s``.

Written by iproute2's ip/ipxfrm.c: SELECTOR by ``xfrm_selector_print``, CONTEXT and
DIRECTION by ``xfrm_policy_info_print``, MARK and IF_ID by ``xfrm_xfrma_print``, templates
by ``xfrm_tmpl_print``. The kernel lists the policy that was added last first.

Sample::

    src 10.1.0.0/16 dst 10.2.0.0/16 proto tcp sport 80 dport 443 dev eth0
        dir out priority 375423 ptype main
        mark 0x2a/0xff
        tmpl src 10.9.0.1 dst 10.9.0.2
                proto esp spi 0xc0000001 reqid 1 mode tunnel
        if_id 0x17
    src fd00::1/128 dst fd00::2/128 proto ipv6-icmp type 135
        dir out action block priority 0 ptype main
    src 10.3.0.0/16 dst 10.1.0.0/16
        dir in priority 375423 ptype main
        tmpl src :: dst ::
                proto esp reqid 5 mode transport
                level use
    src 0.0.0.0/0 dst 0.0.0.0/0
        socket in priority 0 ptype main

EBNF (every terminal in capitals is a line pattern below)::

    policies = { PLAIN | foreign policy | policy | newer policy | unread record } ;
    policy   = SELECTOR, [ CONTEXT ], DIRECTION, OTHERS, [ MARK ], { template }, OTHERS,
               [ IF_ID ], OTHERS ;
    template = TEMPLATE, TEMPLATE_PROTOCOL, [ LEVEL ], [ MASKS ] ;
    foreign  = SELECTOR, [ CONTEXT ], FOREIGN, OTHERS_OF_FOREIGN ;

A foreign policy belongs to one socket (charon exempts its own so) or to the kernel's
table for Mobile IPv6; both are left out. OTHERS is any number of attributes that nobody
asks for. With ``-s`` LEVEL is mandatory.
"""

import re
from collections.abc import Sequence
from functools import cache

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
from check_ipsec.model.kernel import Policies, Template, XfrmPolicy

CONTEXT = r"(?:[ \t]+security context [^\n]*\n)?"
PRIORITY = (
    r"(?P<direction>in|out|fwd) (?:action (?P<action>\w+) )?(?:index \d+ )?"
    r"priority (?P<priority>\d+)"
)
DIRECTION = rf"dir {PRIORITY} ptype main ?(?:share \w+ ?)?(?:flag [a-z0-9 ]*)?(?:\(0x[0-9a-f]+\))?"
FOREIGN = r"(?:socket (?:in|out|fwd)|dir (?:in|out|fwd) [^\n]*ptype sub) [^\n]*"
TEMPLATE = rf"tmpl src (?P<source>{ADDRESS}) dst (?P<destination>{ADDRESS})"
SPI_AND_REQID = rf"(?P<protocol>\S+) (?:{SPI})?reqid (?P<reqid>\d+)"
ANY_PROTOCOL = rf"{SPI_AND_REQID}(?:\(0x[0-9a-f]+\))? mode (?P<mode>[^\s,;]+)"
# the reqid is printed twice with -s, where a level follows
TEMPLATE_PROTOCOL = (
    rf"proto {SPI_AND_REQID}(?:\(0x[0-9a-f]+\)(?= mode \S+ ?\n\t\tlevel ))? mode (?P<mode>[^\s,;]+)"
)
LEVEL = r"level (?P<level>\w+) ?(?:share \w+)?"
MASKS = r"enc-mask \w+ auth-mask \w+ comp-mask \w+"
PLAIN = (
    rf"{SELECTOR.format('sel_', KNOWN.narrowing)}"
    r" ?\n\tdir (?P<direction>in|out|fwd) priority (?P<priority>\d+) ptype main ?\n"
    rf"\t{TEMPLATE} ?\n\t\tproto {SPI_AND_REQID} mode (?P<mode>\w+) ?\n{END}"
)
ASKED_FOR = "security|dir |socket |mark |tmpl |proto |level |if_id "


def pattern(wording: Wording) -> str:
    """A policy."""
    tab, end, others, narrowing = wording
    direction, protocol = DIRECTION, TEMPLATE_PROTOCOL
    if wording is not KNOWN:
        direction, protocol = f"dir {PRIORITY}(?! [^\n]*ptype sub)", f"proto {ANY_PROTOCOL}"
    level = rf"(?:{tab}{tab}{LEVEL}{end})?(?:{tab}{tab}{MASKS}{end})?"
    template = rf"{tab}{TEMPLATE}{end}{tab}{tab}{protocol}{end}{level}"
    return (
        rf"{SELECTOR.format('', narrowing)}{end}{CONTEXT}{tab}{direction}{end}{others}"
        rf"{optional(wording, MARK)}(?P<templates>(?:{unnamed(template)})*)"
        rf"{others}{optional(wording, IF_ID)}{others}{END}"
    )


def foreign_pattern(wording: Wording) -> str:
    """A policy of a socket, or for Mobile IPv6."""
    tab, end = wording[:2]
    others = r"(?:\t(?!dir |socket )[^\n]*\n)*"
    return rf"src [^\n]*{end}{CONTEXT}{tab}{FOREIGN}\n{others}{END}"


def known_line() -> str:
    """Any line of a policy, as known releases print it."""
    indented = unnamed("|".join((DIRECTION, MARK, TEMPLATE, IF_ID, FOREIGN)))
    below = unnamed("|".join((f"proto {ANY_PROTOCOL}", LEVEL, MASKS)))
    others = "|".join(f"{word}[^\n]*" for word in ATTRIBUTES)
    selector = unnamed(SELECTOR.format("", newer(ASKED_FOR).narrowing))
    return rf"(?:{selector}|\t(?:{indented}|{others})|\t\t(?:{below})) ?"


def parse(text: str, source: str) -> Policies:
    """The policies in the order of the text, which ``source`` names in errors.

    No text, no policies. Raises ParseError where the text ends in the middle of a line.
    """
    return Policies(*parse_records(KINDS, text, source))


@cache
def template_words() -> re.Pattern[str]:
    """What is read of a template."""
    spi = r"(?:spi 0x([0-9a-f]{8})\S* )?"
    return re.compile(
        rf" src ({ADDRESS}) dst ({ADDRESS})[^\n]*\n(?:[ \t]*(?!proto )[^\n]*\n)*"
        rf"[ \t]*proto (\S+) {spi}reqid (\d+)\S* mode (\w+)"
    )


def _policy(found: re.Match[str]) -> XfrmPolicy:
    *traffic, direction, action, priority, value, mask, templates, if_id = found.groups()
    return XfrmPolicy(
        selector=selector(*traffic),
        direction=direction,
        action=action or "allow",
        priority=int(priority),
        templates=tuple(map(_template, templates.split("tmpl")[1:])),
        mark=mark(value, mask),
        if_id=number(if_id),
    )


def _plain_policy(found: re.Match[str]) -> XfrmPolicy:
    """One that allows, with one template, which is required."""
    source, destination, narrowing, direction, priority, *words = found.groups()
    template = _template_of(words, required=True)
    traffic = selector(source, destination, narrowing)
    return XfrmPolicy(traffic, direction, "allow", int(priority), (template,))


def _template(text: str) -> Template:
    words = template_words().match(text)
    if not words:
        raise ValueError("a template")
    level = re.search(r"[ \t]level (\w+)", text) if "level " in text else None
    return _template_of(words.groups(), required=level is None or level[1] == "required")


def _template_of(words: Sequence[str], required: bool) -> Template:
    source, destination, protocol, spi, reqid, mode = words
    return Template(source, destination, protocol, int(spi or "0", 16), int(reqid), mode, required)


PLAIN_POLICY = Record(PLAIN, _plain_policy, "a plain policy")
KINDS = Kinds(pattern, _policy, ASKED_FOR, known_line, PLAIN_POLICY, foreign_pattern)
