"""The grammar of one ipsec.conf file: statements, lines, messages, cost."""

import inspect
import re
import textwrap
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyparsing import ParserElement

from check_ipsec.errors import ParseError
from check_ipsec.grammar import ipsec_conf
from check_ipsec.grammar.ipsec_conf import parse
from check_ipsec.grammar.of_ipsec_conf.productions import PROBLEMS
from check_ipsec.grammar.of_ipsec_conf.statements import Include, SectionHead, Setting
from tests.ipsec_conf import files

CHARACTERS = '"\\#= \t\n\r\0\x0b\x85ü\udcff'
WORDS = ("conn", "ca", "config setup", "include", "version", "key", "\n\t", "\nconn x\n\t", "@#")
SOUP = st.lists(st.sampled_from((*CHARACTERS, *WORDS)), max_size=40).map("".join)


def test_the_sample_in_the_docstring() -> None:
    sample = re.search(r"Sample::\n\n(.*?)\n\nEBNF", inspect.getdoc(ipsec_conf) or "", re.DOTALL)
    assert sample
    assert parse(textwrap.dedent(sample[1]), "f") == (
        SectionHead("config setup", "", "f", 1),
        Setting("uniqueids", "never", "f", 2),
        SectionHead("conn", "%default", "f", 3),
        Setting("ike", "aes128gcm16-prfsha384-ecp384bp!", "f", 4),
        Include("conf.d/*.conf", "f", 5, indented=False),
        SectionHead("conn", "alice", "f", 6),
        Setting("leftid", 'C=CH, CN="alice"', "f", 7),
        Setting("leftsubnet", "10.1.0.0/16, 10.2.0.0/16", "f", 8),
        Setting("rightid", "@#0102", "f", 9),
        Setting("also", None, "f", 10),
        Setting("auto", "start", "f", 11),
    )


@pytest.mark.parametrize(
    ("text", "pattern", "indented"),
    [
        ("include a", "a", False),
        ("\t include \t a#b", "a", True),
        ('include "a b" # c', "a b", False),
        (r"include a\ b\"c\#d\}\e\*", r'a b"c#d}\e\*', False),
        ('include a"b\\tc"', "ab\tc", False),
        ("include x=y", "x=y", False),
        ("include \n", "", False),
        ("include a\0b", "a", False),
    ],
)
def test_include_patterns(text: str, pattern: str, indented: bool) -> None:
    assert parse(text, "f") == (Include(pattern, "f", 1, indented),)


def test_an_include_may_follow_anything_on_a_line() -> None:
    assert parse("conn a include x include y\n  left=b\tinclude z\n\n  right=c", "f") == (
        SectionHead("conn", "a", "f", 1),
        Include("x", "f", 1, indented=False),
        Include("y", "f", 1, indented=False),
        Setting("left", "b", "f", 2),
        Include("z", "f", 2, indented=False),
        Setting("right", "c", "f", 4),
    )


@pytest.mark.parametrize("text", ["  include=x", "  include =x", "  xinclude=x"])
def test_not_every_include_is_one(text: str) -> None:
    assert parse(text, "f") == (Setting(text.split("=")[0].strip(), "x", "f", 1),)


def test_a_file_may_begin_behind_the_blanks_of_an_include() -> None:
    assert parse("left=a\n right=b", "f", indented=True) == (
        Setting("left", "a", "f", 1),
        Setting("right", "b", "f", 2),
    )


@pytest.mark.parametrize("text", ["conn=a", "ca =a", 'conn"a"=b', "config setup=a", "=a", "a"])
def test_which_beginnings_the_blanks_of_an_include_do_not_help(text: str) -> None:
    with pytest.raises(ParseError):
        parse(text, "f", indented=True)


def test_a_section_head_needs_no_blanks_of_an_include() -> None:
    assert parse("conn a", "f", indented=True) == (SectionHead("conn", "a", "f", 1),)


def test_every_message_has_an_example_file() -> None:
    messages = {path.with_suffix(".error").read_text().strip() for path in files("invalid")}
    for _, problem in PROBLEMS:
        assert any(message.endswith(f": {problem}") for message in messages), problem


@given(SOUP)
@settings(max_examples=500)
def test_any_text_gives_statements_or_one_of_the_messages(text: str) -> None:
    lines, problems = outcome(text)
    assert problems <= {problem for _, problem in PROBLEMS}
    assert lines == sorted(lines)
    assert all(1 <= line <= text.count("\n") + 1 for line in lines)


def outcome(text: str) -> tuple[list[int], set[str]]:
    """The lines of the statements, or the line of the error and its message."""
    try:
        return [statement.line for statement in parse(text, "f")], set()
    except ParseError as error:
        return [error.line], {error.problem}


@given(SOUP, st.integers(0, 3))
@settings(max_examples=200)
def test_empty_lines_before_a_text_move_its_lines_and_nothing_else(text: str, count: int) -> None:
    try:
        statements = parse(text, "f")
    except ParseError:
        return
    moved = parse("\n" * count + text, "f")
    assert moved == tuple(
        statement._replace(line=statement.line + count) for statement in statements
    )


@pytest.mark.parametrize(
    ("before", "repeated", "after"),
    [
        ("conn a\n\tb=", "c ", "=\n"),
        ("conn a\n\tb=", '"c"', '"\n'),
        ('conn a\n\tb="', "\\c", "\n"),
        ("conn a\n", "\tb=c # d\n", "e"),
        ("conn a\n", "\n# b\n \t\n", "e"),
        ("", "conn a\n\tb=c\n", '"'),
        ("include ", "\\ a", ' b"'),
        ("conn a\n\tb=", "include c ", "="),
        ("conn a\n\t", "b" * 10, ""),
        ("conn a\n\tb=", "@#", ""),
        ("", " ", "x"),
    ],
)
def test_the_time_grows_with_the_size_only(before: str, repeated: str, after: str) -> None:
    text = before + repeated * (400_000 // len(repeated)) + after
    start = process_time()
    outcome(text)
    assert process_time() - start < 5  # quadratic would be minutes


def test_pyparsing_is_left_as_it_was_found() -> None:
    assert ParserElement.DEFAULT_WHITE_CHARS == " \n\t\r"
