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

    policies       = { policy | foreign policy } ;
    policy         = SELECTOR, [ CONTEXT ], DIRECTION, rest ;
    foreign policy = SELECTOR, [ CONTEXT ], FOREIGN, UNREAD, END ;
    rest           = OTHERS, [ MARK, OTHERS ], { template }, [ IF_ID, OTHERS ], END ;
    template       = TEMPLATE, TEMPLATE_PROTOCOL, [ LEVEL ], OTHERS_OF_TEMPLATE, OTHERS ;

A foreign policy belongs to one socket (charon exempts its own so) or to the kernel's
table for Mobile IPv6; both are left out. OTHERS is any number of other attributes, of
this release of iproute2 or a newer one. With ``-s`` LEVEL is mandatory.
"""

import re

from pyparsing import ParserElement, ZeroOrMore

from check_ipsec.grammar.tokens import line, parse_whole, record
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
    unnamed,
)
from check_ipsec.model import Template, XfrmPolicy

SELECTOR = (
    rf"src (?P<source>{ADDRESS}/\d+) dst (?P<destination>{ADDRESS}/\d+) "
    r"(?:proto (?P<protocol>\S{1,64}) )?"
    r"(?:sport (?P<source_port>\d{1,5}) )?(?:dport (?P<destination_port>\d{1,5}) )?"
    r"(?P<selector_rest>(?:(?:type|code|key|\(dport\)) \w+ )*)"
    r"(?:dev (?P<interface>\S+) )?(?:uid \d+)?\n"
)
CONTEXT = r"(?:\tsecurity context [^\n]*\n)?"
DIRECTION = (
    r"\tdir (?P<direction>in|out|fwd) (?:action (?P<action>\w+) )?(?:index \d+ )?"
    r"priority (?P<priority>\d+) (?!ptype sub )[^\n]*\n"
)
FOREIGN = r"\t(?:socket (?:in|out|fwd)|dir (?:in|out|fwd) [^\n]*ptype sub) [^\n]*\n"
TEMPLATE = rf"\ttmpl src (?P<source>{ADDRESS}) dst (?P<destination>{ADDRESS})\n"
TEMPLATE_PROTOCOL = (
    rf"\t\tproto (?P<protocol>\S+) (?:{SPI})?"
    r"reqid (?P<reqid>\d+)(?:\(0x[0-9a-f]+\)(?= mode \S+\n\t\tlevel ))? mode (?P<mode>\S+)\n"
)
LEVEL = r"(?:\t\tlevel (?P<level>\w+) [^\n]*\n)?"
OTHERS_OF_TEMPLATE = r"(?:\t\t(?!proto |level )[^\n]*\n)*"
UNREAD = r"(?:\t(?!dir |socket )[^\n]*\n)*"
OTHERS = others("security", "dir", "socket", "mark", "tmpl", "if_id")

BEGIN_LINES = ((SELECTOR, "src NETWORK dst NETWORK"), (CONTEXT, "security context"))
UNTIL_TEMPLATES = (
    (OTHERS, "attributes"),
    (optional(MARK, OTHERS), "mark NUMBER/NUMBER"),
)
TEMPLATE_LINES = (
    (TEMPLATE, "tmpl src ADDRESS dst ADDRESS"),
    (TEMPLATE_PROTOCOL, "proto NAME reqid NUMBER mode NAME, with -s a level"),
    (LEVEL, "level NAME"),
    (OTHERS_OF_TEMPLATE, "attributes of a template"),
    (OTHERS, "attributes"),
)
SINCE_TEMPLATES = (
    (optional(IF_ID, OTHERS), "if_id NUMBER"),
    (END, "an attribute or the next policy"),
)


def parse(text: str, source: str) -> tuple[XfrmPolicy, ...]:
    """The policies in the order of the text, which ``source`` names in errors.

    No text, no policies. Raises ParseError with the line that does not fit.
    """
    return tuple(parse_whole(policies, text, source))


def _policy(found: re.Match[str]) -> XfrmPolicy:
    *selector, direction, action, priority, value, mask, templates, if_id = found.groups()
    source, destination, protocol, source_port, destination_port, rest, interface = selector
    return XfrmPolicy(
        source=source,
        destination=destination,
        protocol=protocol,
        source_port=source_port,
        destination_port=destination_port,
        selector_rest=rest.rstrip(),
        interface=interface,
        direction=direction,
        action=action or "allow",
        priority=int(priority),
        templates=tuple(map(_template, ONE_TEMPLATE.finditer(templates))),
        mark=mark(value, mask),
        if_id=number(if_id),
    )


def _template(found: re.Match[str]) -> Template:
    source, destination, protocol, spi, reqid, mode, level = found.groups()
    return Template(
        source=source,
        destination=destination,
        protocol=protocol,
        spi=int(spi or "0", 16),
        reqid=int(reqid),
        mode=mode,
        required=level in (None, "required"),
    )


def _policy_by_line() -> ParserElement:
    direction = rf"{DIRECTION}|{FOREIGN}"
    return (
        in_turn((*BEGIN_LINES, (direction, "dir in, out or fwd, and a priority"), *UNTIL_TEMPLATES))
        - ZeroOrMore(in_turn(TEMPLATE_LINES))
        - in_turn(SINCE_TEMPLATES)
    )


ONE_TEMPLATE = re.compile(joined(TEMPLATE_LINES))
TEMPLATES = rf"(?P<templates>(?:{unnamed(ONE_TEMPLATE.pattern)})*)"

policy = record(
    joined(BEGIN_LINES) + DIRECTION + joined(UNTIL_TEMPLATES) + TEMPLATES + joined(SINCE_TEMPLATES),
    _policy,
    "policy",
)
foreign_policy = line(joined(BEGIN_LINES) + FOREIGN + UNREAD + END, "foreign policy")
policies = records(policy | foreign_policy, _policy_by_line)
