r"""The texts of ``ipsec listcerts``, ``listcacerts`` and ``listcrls``, with ``--utc`` or without.

``swanctl --list-certs`` prints all three as one. Measured with strongSwan 5.9.1, 5.9.8, 6.0.1
and 6.1.0: its ``--raw`` and ``--pretty`` have a certificate as DER only, its text has the fields.

Written by strongSwan's src/libstrongswan/credentials/certificates/certificate_printer.c
(``print_caption``, ``print``, ``print_x509``, ``print_crl``), for swanctl as called by
src/swanctl/commands/list_certs.c, before 5.4.0 by
src/libcharon/plugins/stroke/stroke_list.c (``stroke_list_certs``, ``stroke_list_crls``), which
has the fields in another order and some under other names.

Sample::

    <empty line>
    List of X.509 End Entity Certificates
    <empty line>
      subject:  "CN=alice"
      issuer:   "O=Example, CN=Example CA"
      validity:  not before Nov 28 07:26:21 UTC 2026, ok
                 not after  Nov 27 07:26:21 UTC 2029, ok (expires in 1094 days)
      serial:    08:c0:96:b1:40:7c:87:9a
      altNames:  alice.example, a@b.example
      pubkey:    ECDSA 256 bits, has private key

EBNF (every terminal in capitals is a line pattern below)::

    listcerts = { EMPTY | list | unread line } ;
    list      = HEADING, { EMPTY | block } ;
    block     = ( FIELD | REVOKED | unread line ), { FIELD | REVOKED | unread line } ;

A text that charon prints has no line feed within a name (it prints ``?``). Times without
``UTC`` are those of the zone of this process. A field that no release has printed is unread,
and so is a block without subject, validity or key.
"""

from __future__ import annotations

import re
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any, NamedTuple

from pyparsing import Group, ParserElement

from check_ipsec.grammar.tokens import line, parse_whole, record
from check_ipsec.model.certificates import Certificate, Credentials, Crl, Key, Kind
from check_ipsec.model.unread import UnreadLine

KNOWN = (
    "subject|issuer|userid|validity|created|until|update|updates|serial|altNames|flags|"
    "CRL URIs|OCSP URIs|pathlen|permitted nameConstraints|excluded nameConstraints|"
    "certificatePolicies|policyMappings|policyConstraints|addresses|authkeyId|authKeyId|"
    "authkey|subjkeyId|pubkey|keyid|subjkey|pgpDigest|digest|delta CRL|delta for|freshest|"
    "revoked"
)
HEADING = r"List of (?P<what>[^\n]+?)s?:?\n"
FIELD = rf"  (?P<key>{KNOWN}):(?P<value>[^\n]*)\n(?P<more>(?: {{9,}}[^\n]*\n)*)"
REVOKED = r"  [0-9]+ revoked certificates?:?\n(?P<rows>(?: {4}[0-9a-f:]+: [^\n]*\n)*)"
# a list of changes may take a certificate back
ROW = r"(?m)^ {4}(?:00:)*([0-9a-f:]+): (?!.*, remove from crl$)"
EMPTY = r"[ \t]*\n"
OTHER = r"(?!List of [^\n]|[ \t]*\n)[^\n]*\n"
SECTION = "certificates"

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
TIME = r"([A-Z][a-z]{2}) ([0-9]{2}) ([0-9]{2}):([0-9]{2}):([0-9]{2})( UTC)? ([0-9]{4})"
BEGIN = re.compile(rf"^\s*(?:not before|this on|this)? +{TIME}", re.MULTILINE)
END = re.compile(rf"^\s*(?:not after|next on|next) +{TIME}", re.MULTILINE)
ALONE = re.compile(rf"^\s*{TIME}")
PUBKEY = re.compile(r"\s*(\S+) ([0-9]+) bits(, has private key)?")
KINDS = {kind.value: kind for kind in Kind}
CRL = "X.509 CRL"


class Field(NamedTuple):
    """A field and the lines that go on below it; where it begins in the whole text."""

    key: str
    text: str
    place: int


class Heading(NamedTuple):
    """What the list is of."""

    what: str


class Revoked(NamedTuple):
    """The serial numbers of revoked certificates."""

    serials: frozenset[str]


def _field(found: re.Match[str]) -> Field:
    return Field(found["key"], found["value"] + "\n" + found["more"], found.start())


def _revoked(found: re.Match[str]) -> Revoked:
    return Revoked(frozenset(re.findall(ROW, found["rows"])))


def _unread(found: re.Match[str]) -> UnreadLine:
    return _line(found.string, found.start())


def _line(text: str, place: int) -> UnreadLine:
    number = text.count("\n", 0, place) + 1
    return UnreadLine(SECTION, number, text[place:].partition("\n")[0])


empty = line(EMPTY, "an empty line")
heading = record(HEADING, lambda found: Heading(found["what"]), "'List of'", begin="List of ")
field = record(FIELD, _field, "a field", begin="  ")
revoked = record(REVOKED, _revoked, "'revoked certificates'", begin="  ")
other_line = record(OTHER, _unread, "a field")
block: ParserElement = Group((field | revoked | other_line)[1, ...])
listcerts = (empty | heading | block)[...]


def parse(text: str, source: str) -> Credentials:
    """All lists, in the order of the text, which ``source`` names in errors.

    Raises ParseError where the text ends in the middle of a line.
    """
    certificates: list[Certificate] = []
    crls: list[Crl] = []
    unread: list[UnreadLine] = []
    what = ""
    for token in parse_whole(listcerts, text, source):
        if isinstance(token, Heading):
            what = token.what
            continue
        found = _model(what, token)
        if isinstance(found, Certificate):
            certificates.append(found)
        elif isinstance(found, Crl):
            crls.append(found)
            if found.next_update is None:
                unread += (_line(text, one.place) for one in token if _is_update(one))
        told = isinstance(found, Crl) or bool(found and found.understood)
        unread += (one._replace(hides=not told) for one in token if isinstance(one, UnreadLine))
    return Credentials(tuple(certificates), tuple(crls), tuple(unread))


def _model(what: str, tokens: Any) -> Certificate | Crl | None:
    """What a block says; None where it is of nothing that has a place here."""
    fields = {one.key: one.text for one in tokens if isinstance(one, Field)}
    if what == CRL:
        return _crl(fields, tokens)
    return _certificate(KINDS.get(what, Kind.OTHER), fields) if fields else None


def _is_update(one: object) -> bool:
    """Whether it is the times of a list, which one may lack."""
    return isinstance(one, Field) and one.key in ("update", "updates")


def _crl(fields: dict[str, str], tokens: Any) -> Crl:
    times = fields.get("update", "") + fields.get("updates", "")
    serials = (one.serials for one in tokens if isinstance(one, Revoked))
    return Crl(
        issuer=_quoted(fields.get("issuer", "")),
        this_update=_time(BEGIN.search(times)),
        next_update=_time(END.search(times)),
        authority_key=_first(fields, "authKeyId", "authkey"),
        is_delta="delta CRL" in fields or "delta for" in fields,
        revoked=frozenset[str]().union(*serials),
    )


def _certificate(kind: Kind, fields: dict[str, str]) -> Certificate:
    key = PUBKEY.match(fields.get("pubkey", ""))
    times = fields.get("validity", "")
    begin = BEGIN.search(times) or ALONE.match(fields.get("created", ""))
    until = fields.get("until", "")
    end = END.search(times) or (None if "expires never" in until else ALONE.match(until))
    keys = (fields.get(name, "").strip() for name in ("subjkeyId", "subjkey"))
    found = Certificate(
        kind=kind,
        subject=_quoted(fields.get("subject", fields.get("userid", ""))),
        issuer=_quoted(fields.get("issuer", "")),
        not_before=_time(begin),
        not_after=_time(end),
        serial=_first(fields, "serial").removeprefix("00:"),
        alt_names=_first(fields, "altNames"),
        flags=tuple(fields.get("flags", "").split()),
        crl_uris=_number(fields, "CRL URIs"),
        ocsp_uris=_number(fields, "OCSP URIs"),
        authority_key=_first(fields, "authkeyId", "authkey"),
        subject_keys=tuple(dict.fromkeys(filter(None, keys))),
        key=Key(key[1], int(key[2])) if key else None,
        private_key=key[3] is not None if key else None,
    )
    is_whole = None not in (found.not_before, found.not_after, key) and "subject" in fields
    return found._replace(understood=is_whole or kind in (Kind.PUBLIC_KEY, Kind.OPENPGP))


def _quoted(text: str) -> str:
    """A name without the quotation marks around it."""
    return text.strip("\n").strip(" ").removeprefix('"').removesuffix('"')


def _first(fields: dict[str, str], *keys: str) -> str:
    """The value of the first of these fields that there is."""
    return next((fields[key].strip() for key in keys if key in fields), "")


def _number(fields: dict[str, str], key: str) -> int:
    """How many lines a field has."""
    return len(fields.get(key, "").split("\n")) - 1 if key in fields else 0


def _time(found: re.Match[str] | None) -> datetime | None:
    return found and _moment(*found.groups())


@lru_cache(maxsize=1024)
def _moment(*parts: str | None) -> datetime | None:
    """A time by its parts as charon prints them, None where there is no such time."""
    month, *numbers, utc, year = parts
    day, hour, minute, second = (int(number or 0) for number in numbers)
    try:
        number = MONTHS.index(month or "") + 1
        moment = datetime(int(year or 0), number, day, hour, minute, second)
        return moment.replace(tzinfo=timezone.utc) if utc else moment.astimezone()
    except (ValueError, OverflowError):
        return None
