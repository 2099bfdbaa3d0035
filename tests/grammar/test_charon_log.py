"""charon's log: its forms, the lines of others, what is no log."""

import json
from datetime import datetime, timezone

import pytest

from check_ipsec.errors import ParseError
from check_ipsec.grammar.charon_log import moment, parse, parse_journal
from check_ipsec.model.log import LogLine

SAID = "received AUTHENTICATION_FAILED notify error"
ISO = "2026-11-28T08:03:05.123456+00:00"
NOW = datetime(2026, 11, 28, 9, 0).timestamp()


@pytest.mark.parametrize(
    ("text", "time", "name", "number"),
    [
        (f"11[IKE] {SAID}", "", "", None),
        (f"11[IKE] <1> {SAID}", "", "", 1),
        (f"11[IKE] <bob|12> {SAID}", "", "bob", 12),
        (f"11[IKE] <b|o b|12> {SAID}", "", "b|o b", 12),
        (f"Nov 28 08:03:05 11[IKE] <bob|12> {SAID}", "Nov 28 08:03:05", "bob", 12),
        (f"2026-11-28 08:03:05 11[IKE] {SAID}", "2026-11-28 08:03:05", "", None),
        (f"Sat, 28 Nov 2026, 08:03:05 11[IKE] {SAID}", "Sat, 28 Nov 2026, 08:03:05", "", None),
        (f"Nov  8 08:03:05 alice charon: 11[IKE] {SAID}", "Nov  8 08:03:05", "", None),
        (f"{ISO} alice charon[77]: 11[IKE] <bob|1> {SAID}", ISO, "bob", 1),
        (f"{ISO} alice ipsec[77]: 11[IKE] {SAID}", ISO, "", None),
        (f"{ISO} alice charon-systemd: 11[IKE] {SAID}", ISO, "", None),
    ],
)
def test_every_form_of_a_line_is_read(text: str, time: str, name: str, number: int | None) -> None:
    assert parse(f"{text}\n", "log") == (LogLine(time, 11, "IKE", None, name, number, SAID),)


def test_the_level_is_read_where_it_is_written() -> None:
    (line,) = parse(f"11[IKE1] {SAID}\n", "log")
    assert line.level == 1


@pytest.mark.parametrize(
    "text",
    [
        f"{ISO} alice sshd[77]: 11[IKE] <bob|1> {SAID}",
        f"{ISO} alice sshd[77]: Invalid user 11[IKE] {SAID}",
        f"Nov 28 08:03:05 alice kernel: 11[IKE] <bob|1> {SAID}",
        f"{ISO} alice sshd[77]: x charon: 11[IKE] {SAID}",
        "a line [with] brackets",
        "{ no JSON",
        '{"thread": 1}',
        '{"thread": 1, "group": "IKE", "msg": "x", "ikesa-uniqueid": "many"}',
        "",
        "\x00" * 200,
    ],
)
def test_lines_of_others_are_left_out(text: str) -> None:
    own = f"11[IKE] {SAID}\n"
    assert len(parse(f"{own}{text}\n{text}\n{own}", "log")) == 2


def test_a_line_as_json_is_read() -> None:
    entry = {"time": "x", "thread": 7, "group": "IKE", "level": 1, "ikesa-uniqueid": "3",
             "ikesa-name": "bob", "msg": SAID}  # fmt: skip
    assert parse(json.dumps(entry) + "\n", "log") == (LogLine("x", 7, "IKE", 1, "bob", 3, SAID),)


def test_a_text_that_is_cut_is_refused() -> None:
    with pytest.raises(ParseError, match="log:2: the text ends in the middle of a line"):
        parse("11[IKE] one\n11[IKE] tw", "log")


def entry(**fields: object) -> str:
    return json.dumps({"__REALTIME_TIMESTAMP": "1764316985123456", **fields}) + "\n"


@pytest.mark.parametrize(
    "fields",
    [
        {"MESSAGE": f"07[IKE] <bob|3> {SAID}"},
        {"MESSAGE": list(f"07[IKE] <bob|3> {SAID}".encode())},
        {"MESSAGE": SAID, "THREAD": "7", "GROUP": "IKE", "IKE_SA_NAME": "bob",
         "IKE_SA_UNIQUE_ID": "3"},
    ],
    ids=["by syslog", "not UTF-8", "by charon-systemd"],
)  # fmt: skip
def test_the_journal_is_read(fields: dict[str, object]) -> None:
    (line,) = parse_journal(entry(**fields))
    assert line == LogLine("1764316985.123456", 7, "IKE", None, "bob", 3, SAID)


def test_what_is_no_entry_is_left_out() -> None:
    text = entry(MESSAGE="Started strongSwan.") + "[1]\nnonsense\n" + entry(MESSAGE=None)
    assert parse_journal(text + entry(MESSAGE=f"07[IKE] {SAID}") + '{"MESS') != ()
    assert len(parse_journal(text)) == 0


def test_times_are_those_of_the_loggers() -> None:
    local = datetime(2026, 11, 28, 8, 3, 5).timestamp()
    assert moment("Nov 28 08:03:05", NOW) == local
    assert moment("2026-11-28 08:03:05", NOW) == local
    assert moment("2026-11-28T08:03:05.9", NOW) == local
    utc = datetime(2026, 11, 28, 8, 3, 5, tzinfo=timezone.utc).timestamp()
    assert moment(ISO, NOW) == utc
    assert moment("2026-11-28T08:03:05Z", NOW) == utc
    assert moment("2026-11-28T09:03:05+0100", NOW) == utc
    assert moment("1764316985.123456", NOW) == 1764316985.123456


def test_a_time_without_a_year_is_no_time_to_come() -> None:
    assert moment("Dec 31 23:59:59", NOW) == datetime(2025, 12, 31, 23, 59, 59).timestamp()


@pytest.mark.parametrize("text", ["", "Feb 31 08:03:05", "2026-13-28 08:03:05", "28.11. 08:03"])
def test_another_form_of_time_is_not_guessed(text: str) -> None:
    assert moment(text, NOW) is None
