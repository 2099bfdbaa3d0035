"""What charon's starter knows of the keywords of ipsec.conf, as of release 5.9.

Upstream: src/starter/keywords.txt (the keywords), args.c (words and numbers) and
confread.c (``load_setup``, ``load_conn``, ``kw_end``, ``handle_keyword``). Numbers
are what strtoul(3) reads: white space, a sign, and no digits at all for 0.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple, Optional


class Kind(NamedTuple):
    """The values that a keyword takes; ``noun`` is what they are called."""

    noun: str
    accepts: Callable[[str], bool]


def bad_setup_value(keyword: str, value: Optional[str]) -> Optional[str]:
    """Why starter refuses the whole file for a pair of ``config setup``, or None."""
    if value is None:
        return None
    if keyword in CONN or keyword in CA:
        return f"{keyword} is no keyword of config setup"
    return _bad_value(SETUP.get(keyword, TEXT), keyword, value)


# most values are inherited, so the same ones come again and again
@lru_cache(maxsize=1024)
def bad_conn_value(keyword: str, value: Optional[str]) -> Optional[str]:
    """Why starter drops a ``conn`` for a pair, or None. Unknown keywords do no harm."""
    if value is None:
        return None
    kind = CONN.get(keyword)
    if kind is None and (keyword in SETUP or keyword in CA):
        return f"{keyword} is no keyword of a conn"
    return _bad_value(kind or TEXT, keyword, value)


def _bad_value(kind: Kind, keyword: str, value: str) -> Optional[str]:
    if kind.accepts(value):
        return None
    quoted = f": {value or '(empty)'}" if kind.noun == "value" else ""
    return f"bad {kind.noun} for {keyword}{quoted}"


# --- kinds --------------------------------------------------------------------


def words(text: str) -> Kind:
    """One of a few words, case-sensitive."""
    return Kind("value", frozenset(text.split()).__contains__)


def form(noun: str, pattern: str) -> Kind:
    """Whatever ``pattern`` matches as a whole."""
    return Kind(noun, lambda value: bool(re.fullmatch(pattern, value)))


def is_protocol_and_port(value: str) -> bool:
    """``PROTOCOL[/PORT]``, named as in this host's databases (confread.c, ``kw_end``)."""
    protocol, _, port = value.partition("/")
    return is_protocol(protocol) and is_port(port)


def is_protocol(text: str) -> bool:
    """A number of one byte, or a name."""
    if text == "%any" or in_database("getprotobyname", text):
        return True
    value, rest = leading_number(text)
    return not rest and 0 <= value <= 0xFF


def is_port(text: str) -> bool:
    """A port, a service, or a range of ports of which either end may lack."""
    if text in ("", "%any", "%opaque") or in_database("getservbyname", text):
        return True
    first, rest = leading_number(text)
    last, rest = leading_number(rest[1:]) if rest.startswith("-") else (first, rest)
    return not rest and 0 <= first <= 0xFFFF and 0 <= last <= 0xFFFF


def in_database(function: str, name: str) -> bool:
    """Whether ``getprotobyname`` or ``getservbyname`` finds ``name``."""
    if not re.search("[A-Za-z]", name):
        return False
    import socket  # 5 ms that few hosts need

    try:
        getattr(socket, function)(name)
    except (OSError, ValueError):
        return False
    return True


def leading_number(text: str) -> tuple[int, str]:
    """The number that strtol(3) reads with base 0, and the text behind it.

    A number of more than 20 digits is cut, which leaves it out of every range.
    """
    found = re.match(rf"({SIGN})(?:0[xX]([0-9a-fA-F]+)|(0[0-7]*)|([1-9][0-9]*))", text)
    if not found:
        return 0, text
    sign, hexadecimal, octal, decimal = found.groups()
    digits, base = (hexadecimal, 16) if hexadecimal else (octal, 8) if octal else (decimal, 10)
    value = int(digits.lstrip("0")[:20] or "0", base)
    return -value if "-" in sign else value, text[found.end() :]


SIGN = r"[ \t\n\v\f\r]*[+-]?"
DIGITS = rf"(?:{SIGN}[0-9]+)?"
C_NUMBER = rf"(?:{SIGN}(?:0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*))?"

TEXT = Kind("text", lambda value: True)
FLAG = words("no yes")
STARTUP = words("ignore add route start")
ACTION = words("none clear hold restart")
SEND_CERTIFICATE = words("always ifasked never yes no")
INTEGER = form("integer", DIGITS)
DURATION = form("duration", rf"{DIGITS}[smhd]?")
PERCENT = form("percentage", rf"{SIGN}[0-9]+%")
BINARY = form("binary number", rf"(?:{SIGN}[01]+)?")
MARK = form("mark", rf"(?:%(?i:unique(?:-dir)?)|{C_NUMBER})(?:/{C_NUMBER})?")
TRIES = form("integer", rf"{DIGITS}|%forever")
PADDING = form("integer", rf"{DIGITS}|%mtu")
PROTOCOL_AND_PORT = Kind("protocol or port", is_protocol_and_port)


# --- keywords -----------------------------------------------------------------


def table(*rows: tuple[Kind, str]) -> dict[str, Kind]:
    """Keyword to kind."""
    return {keyword: kind for kind, keywords in rows for keyword in keywords.split()}


SETUP = table(
    (FLAG, "cachecrls"),
    (words("no yes ifuri"), "strictcrlpolicy"),
    (words("no yes replace keep never"), "uniqueids"),
    (TEXT, "charondebug"),
    # deprecated: starter warns and goes on
    (TEXT, "charonstart crlcheckinterval dumpdir force_keepalive fragicmp hidetos interfaces"),
    (TEXT, "keep_alive klipsdebug nat_traversal nocrsend overridemtu packetdefault"),
    (TEXT, "pkcs11initargs pkcs11keepstate pkcs11module pkcs11proxy plutodebug plutostart"),
    (TEXT, "plutostderrlog postpluto prepluto virtual_private"),
)
CA = table(
    (STARTUP, "auto"),
    (TEXT, "cacert certuribase crluri crluri1 crluri2 ocspuri ocspuri1 ocspuri2"),
    (TEXT, "ldapbase ldaphost"),
)
END = table(
    (FLAG, "allowany firewall hostaccess"),
    (SEND_CERTIFICATE, "sendcert"),
    (INTEGER, "ikeport"),
    (PROTOCOL_AND_PORT, "protoport"),
    (TEXT, "auth auth2 ca ca2 cert cert2 certpolicy dns groups groups2 id id2 nexthop"),
    (TEXT, "rsasigkey sigkey sourceip subnet subnetwithin updown"),
)
CONN = table(
    (STARTUP, "auto"),
    (words("tunnel transport transport_proxy beet passthrough pass drop reject"), "type"),
    (words("ike ikev1 ikev2"), "keyexchange"),
    (words("psk secret pubkey rsa rsasig ecdsa ecdsasig xauthpsk xauthrsasig never"), "authby"),
    (ACTION, "closeaction dpdaction"),
    (words("no yes accept force"), "fragmentation"),
    (words("push pull"), "modeconfig"),
    (words("server client"), "xauth"),
    (FLAG, "aggressive compress forceencaps installpolicy mediation mobike reauth rekey"),
    (FLAG, "sha256_96"),
    (INTEGER, "lifebytes lifepackets marginbytes marginpackets replay_window reqid"),
    (DURATION, "dpddelay dpdtimeout ikelifetime inactivity keylife lifetime margintime"),
    (DURATION, "rekeymargin"),
    (PERCENT, "rekeyfuzz"),
    (BINARY, "ikedscp"),
    (MARK, "mark mark_in mark_out"),
    (TRIES, "keyingtries"),
    (PADDING, "tfc"),
    (TEXT, "aaa_identity ah eap eap_identity esp ike left me_peerid mediated_by pfs pfsgroup"),
    (TEXT, "right xauth_identity"),
) | {f"{end}{keyword}": kind for end in ("left", "right") for keyword, kind in END.items()}

ALIASES = {
    "keylife": "lifetime",
    "rekeymargin": "margintime",
    "leftrsasigkey": "leftsigkey",
    "rightrsasigkey": "rightsigkey",
    "leftsubnetwithin": "leftsubnet",
    "rightsubnetwithin": "rightsubnet",
}
