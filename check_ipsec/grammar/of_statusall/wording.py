"""The words and numbers of the text, and what differs between releases."""

import re
from collections.abc import Callable
from functools import cache
from typing import Optional

from check_ipsec.grammar.records import Record, unnamed
from check_ipsec.model.daemon import ChildState, IkeState
from check_ipsec.model.unread import UnreadLine

HOST = r"(?:%any6?|[0-9A-Fa-f]*[.:][0-9A-Fa-f.:]*)"
ADDRESS_ATOM = r"[0-9A-Fa-f:]+(?:\.\d+)*"
SELECTOR = rf"(?:dynamic|{ADDRESS_ATOM}(?:/\d+|\.\.{ADDRESS_ATOM}))(?:\[[^\s\[\]]*\])?"
SELECTORS = rf"(?:{SELECTOR}(?: |(?![^\n,;])))*"
IKE_STATE_OF = {state.value: state for state in IkeState if state is not IkeState.UNKNOWN}
CHILD_STATE_OF = {state.value: state for state in ChildState if state is not ChildState.UNKNOWN}
SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}

Words = tuple[str, ...]

WORD = r"[A-Z_]+|\(\d+\)"
SECTIONS = (
    *("Virtual IP pools", "Listening IP addresses", "Connections", "Shunted Connections"),
    *("Routed Connections", "Security Associations"),
)
# a name may be that of a section, but two blanks follow it
BEHIND_SECTION = r"(?: \([^\n:]*)?:(?!  )(?P<rest>[^\n]*)\n"
HEADINGS = rf"(?:{'|'.join(SECTIONS)}){unnamed(BEHIND_SECTION)}"
# before records that a heading might look like
NO_HEADING = rf"(?!{HEADINGS})"
IKE_SA_LIKE = rf"[^\n]*\[-?\d+\]: (?:{WORD})(?: [^\n,]* ago)?[^\n,]*, {HOST}\["
# of any IKE_SA or CHILD_SA
SA_LINE = r"[^\n]*?(?:\[-?\d+\]: |\{-?\d+\}:  )"


class Known:
    """What differs between the releases that are known and those to come.

    ``delta`` is a duration, ``more`` what may stand before the next comma, ``selectors`` are
    what a record is read with: in known releases all that stands there must be some.
    """

    delta = r"\d+ (?:second|minute|hour|day)s?"
    more = ""
    selectors = r"[^\n]*?"
    ike_state = "|".join(IKE_STATE_OF)
    child_state = "|".join(CHILD_STATE_OF)
    mode = r"(?:TUNNEL|TRANSPORT|BEET|IPTFS|PASS|DROP|\(\d+\))(?:_PROXY)?"
    action = "PASS|DROP"


class Newer(Known):
    """The same of releases to come."""

    delta = r"\d+ [a-z]+"
    more = r"[^\n,]*"
    selectors = SELECTORS
    ike_state = WORD
    child_state = WORD
    mode = r"[^\s,]+"
    action = r"[^\s,]+"


Wording = type[Known]
# a pattern that depends on the wording
Pattern = Callable[[Wording], str]


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """The pattern, compiled once."""
    return re.compile(pattern, re.ASCII)


@cache
def seconds(delta: Optional[str]) -> Optional[int]:
    """Seconds that a duration stands for (utils/time.c, time_delta_printf_hook).

    None where there is none, or one in a unit that no release has printed.
    """
    if delta is None:
        return None
    count, _, unit = delta.partition(" ")
    factor = SECONDS.get(unit.rstrip("s"))
    return factor and int(count) * factor


def number(digits: Optional[str], base: int = 10) -> Optional[int]:
    """The number, or None where the text has none."""
    return None if digits is None else int(digits, base)


def words(text: Optional[str]) -> Words:
    """The words of a list separated by blanks."""
    return tuple(text.split()) if text else ()


@cache
def selectors(text: str) -> Words:
    """The traffic selectors of an end. Raises ValueError where one is of no known kind."""
    found = words(text)
    if not all(map(compiled(SELECTOR).fullmatch, found)):
        raise ValueError("a traffic selector")
    return found


def heading(section: str) -> Record:
    """The first line of a section, which leaves what is unread of it."""

    def rest(match: re.Match[str]) -> Optional[UnreadLine]:
        text = match[0].removesuffix("\n")
        return UnreadLine("Status", match.start(), text, hides=False) if match[1] else None

    return Record(f"{section}{BEHIND_SECTION}", rest, f"'{section}:'", begin=section)
