r"""What charon says over VICI: the texts of ``swanctl --list-... --pretty``.

Written by strongSwan's src/libcharon/plugins/vici/vici_query.c (which keys, ``list_ike``,
``list_child``, ``list_conns``, ``raise_policy``, ``stats``) and vici_message.c (how they
are printed, ``dump``).

Sample::

    list-sa event {
      gw {
        uniqueid = 3
        version = 2
        state = ESTABLISHED
        local-host = 10.1.0.1
        local-id = CN=alice
        remote-host = 10.1.0.2
        remote-id = CN=bob
        initiator = yes
        initiator-spi = 149c44ade004f3e9
        responder-spi = 98589ab7929a85ee
        encr-alg = AES_CBC
        encr-keysize = 128
        established = 84
        child-sas {
          net-8 {
            name = net
            uniqueid = 8
            reqid = 4
            state = INSTALLED
            mode = TUNNEL
            local-ts = [
              10.2.0.0/16
            ]
            remote-ts = [
              10.3.0.0/16
            ]
          }
        }
      }
    }
    list-sas reply {
    }

EBNF (what is in capitals is a line; a line in braces stands two blanks further right than
the line before them)::

    answer   = { event }, REPLY, "}" ;
    event    = LABEL, NAME, { fact | sections }, "}", "}" ;
    sections = KEY, { NAME, { fact }, "}" }, "}" ;
    fact     = VALUE | KEY, { ITEM }, "]" | KEY, { any line }, "}" ;
    LABEL    = ( "list-conn" | "list-sa" | "list-policy" ), " event {" ;
    REPLY    = ( "list-conns" | "list-sas" | "list-policies" | "stats" | "version" ),
               " reply {" ;
    VALUE    = key, " = ", text ;
    KEY      = key, ( " = [" | " {" ) ;
    NAME     = text, " {" ;

Why ``--pretty``: a value is printed as it is, quoted by nothing. With ``--raw``, all on one
line, an identity that a peer has chosen could not be told from the keys behind it; here it
cannot leave its line, because a value that is not printable is printed in hexadecimal
digits, and the line before it and the blanks say which kind of line comes next.

A *name* that is not printable ends the event where it stands, and with it all that would
follow (vici_message.c, "invalid 'section-start' encoding"). charon takes no such name from
swanctl; those of ipsec.conf may be. What is cut, or read by no production, is unread. A key
that no release has printed is not read, and said to be there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from check_ipsec.grammar.of_vici.charon import STATS, VERSION, Stats
from check_ipsec.grammar.of_vici.connections import CONNS
from check_ipsec.grammar.of_vici.facts import Facts, Read
from check_ipsec.grammar.of_vici.listing import Listing, Unread, parse_reply
from check_ipsec.grammar.of_vici.policies import POLICIES
from check_ipsec.grammar.of_vici.sas import SAS
from check_ipsec.grammar.records import plainly, require_whole_lines
from check_ipsec.model.unread import ADDITIONS, UnreadLine


class Answer(NamedTuple):
    """What a listing says, and the lines of it that nobody understood."""

    facts: tuple[Any, ...]
    unread: tuple[UnreadLine, ...]


def parse_conns(text: str, source: str) -> Answer:
    """The peer configurations of ``swanctl --list-conns --pretty``.

    Raises ParseError, as all these do, where the text is cut.
    """
    return _answer(CONNS, text, source)


def parse_sas(text: str, source: str) -> Answer:
    """The IKE_SAs of ``swanctl --list-sas --pretty``."""
    return _answer(SAS, text, source)


def parse_policies(text: str, source: str) -> Answer:
    """The traps and shunts of ``swanctl --list-pols --pretty``."""
    return _answer(POLICIES, text, source)


def parse_stats(text: str, source: str) -> Stats:
    """What ``swanctl --stats --pretty`` says of charon itself."""
    found: Stats = parse_reply(STATS, text, source)
    return found


def parse_version(text: str, source: str) -> str | None:
    """The release that ``swanctl --version --daemon --pretty`` says, None where it does not."""
    found: Facts = parse_reply(VERSION, text, source)
    return found.values.get("version")


def _answer(listing: Listing, text: str, source: str) -> Answer:
    require_whole_lines(text, source)
    tokens = plainly(listing.read, text)
    if tokens is None:
        from check_ipsec.grammar.of_vici.productions import parse_any

        tokens = parse_any(listing, text, source)
    unread = tuple(_unread(tokens, listing.section, text))
    return Answer(tuple(token.fact for token in tokens if isinstance(token, Read)), unread)


def _shown(text: str) -> str:
    """What is unread, as one line: an event by its name."""
    first, _, rest = text.partition("\n")
    named = rest.partition("\n")[0] if first.endswith(" event {") else first
    return named.strip() or first


def _unread(tokens: Iterable[Any], section: str, text: str) -> Iterator[UnreadLine]:
    """The lines that are read by no production, and the keys that are not known, once each."""
    said: set[str] = set()
    for token in tokens:
        if isinstance(token, Unread):
            first = text.count("\n", 0, token.place) + 1
            yield UnreadLine(section, first, _shown(token.text))
        elif token.additions:
            number = text.count("\n", 0, token.place) + 1
            for key in token.additions:
                if key not in said:
                    yield UnreadLine(ADDITIONS, number, f"{section}: {key}", hides=False)
            said.update(token.additions)
