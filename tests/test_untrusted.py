"""Names and identities may hold anything; outputs may not."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from check_ipsec.report.as_json import dumps, failure
from check_ipsec.untrusted import plain, plain_lines

CASES = {
    "bob_v4": "bob_v4",
    "caf\u00e9 \u6771\u4eac": "caf\u00e9 \u6771\u4eac",
    "a|b": "a\\x7cb",
    "a\nb\r\x1b[31m\x7f": "a\\x0ab\\x0d\\x1b[31m\\x7f",
    "\x85\x9b": "\\x85\\x9b",
    "\u202eevil\u2066\u2028": "\\u202eevil\\u2066\\u2028",
    "byte \udcff": "byte \\xff",
    "\ud800": "\\ud800",
}


@pytest.mark.parametrize(("text", "shown"), CASES.items(), ids=map(ascii, CASES))
def test_what_does_harm_is_shown_as_its_number(text: str, shown: str) -> None:
    assert plain(text) == shown


@given(st.text(st.characters()))
def test_any_text_is_one_harmless_line_that_can_be_encoded(text: str) -> None:
    shown = plain(text)
    shown.encode()
    assert "|" not in shown
    assert len(shown.splitlines()) <= 1


def test_lines_stay_lines() -> None:
    assert plain_lines("a|\nb\x1b\n") == "a\\x7c\nb\\x1b\n"


def test_json_is_ascii_and_keeps_undecodable_bytes_apart() -> None:
    said = dumps(failure("caf\u00e9 \udcff\n"))
    assert said.isascii()
    assert json.loads(said)["summary"] == "caf\u00e9 \udcff\n"
