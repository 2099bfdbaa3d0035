"""Every text in fixtures/ that has its model or message beside it."""

import json
from pathlib import Path

import pytest

from check_ipsec.errors import ParseError
from check_ipsec.grammar import statusall
from tests.pairs import as_facts, message, parse, texts


@pytest.mark.parametrize("path", texts("valid"), ids=lambda path: path.stem)
def test_valid(path: Path) -> None:
    assert as_facts(parse(path)) == json.loads(path.with_suffix(".json").read_text())


@pytest.mark.parametrize("path", texts("invalid"), ids=lambda path: path.stem)
def test_invalid(path: Path) -> None:
    assert message(path) + "\n" == path.with_suffix(".error").read_text()


HEAD = """\
Status of IKE charon daemon (strongSwan 5.9.8, Linux 6.1.0, x86_64):
  uptime: 2 hours, since Nov 23 10:48:27 2026
  worker threads: 11 of 16 idle, 5/0/0/0 working, job queue: 0/0/0/0, scheduled: 10
  loaded plugins: charon
Listening IP addresses:
Connections:
"""
EMPTY = "Security Associations (0 up, 0 connecting):\n  none\n"


def loaded(name: str) -> str:
    printed = name.rjust(12)
    return (
        f"{printed}:  10.0.0.1...10.0.0.2  IKEv2\n"
        f"{printed}:   local:  [10.0.0.1] uses pre-shared key authentication\n"
        f"{printed}:   remote: [10.0.0.2] uses pre-shared key authentication\n"
        f"{printed}:   child:  dynamic === dynamic TUNNEL\n"
    )


@pytest.mark.parametrize(
    "name",
    ["a", "a.b-c_d", "a:  b", "a[1]", "a{2}", "we ird[7]{3}: name", 'q"uo"te', "caf\u00e9",
     "cr\r", "caf\udce9", "averyveryverylongconnectionname", "tab\tname", "\x85\u2028"],
)  # fmt: skip
def test_any_name_is_read_as_it_is(name: str) -> None:
    status = statusall.parse(HEAD + loaded(name) + EMPTY, "statusall")
    assert [peer.name for peer in status.peers] == [name]
    assert [child.name for child in status.peers[0].children] == [name]
    assert not status.unread


def test_a_name_with_a_line_feed_is_read_where_it_is_known() -> None:
    text = HEAD + loaded("a\nb") + loaded("c") + EMPTY
    status = statusall.parse(text, "statusall", ["a\nb", "c", "\n"])
    assert [peer.children[0].name for peer in status.peers] == ["a\nb", "c"]
    assert statusall.parse(text, "statusall").unread


def test_blanks_before_a_name_are_padding() -> None:
    status = statusall.parse(HEAD + loaded("   a") + EMPTY, "statusall")
    assert status.peers[0].name == "a"


def test_a_text_of_another_kind_is_not_quoted() -> None:
    with pytest.raises(ParseError) as caught:
        statusall.parse("hunter2 is the password\n", "statusall")
    assert "hunter2" not in str(caught.value)
