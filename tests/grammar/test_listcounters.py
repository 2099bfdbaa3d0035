"""``ipsec listcounters``, valid, newer and damaged."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from check_ipsec.errors import ParseError
from check_ipsec.grammar import listcounters
from check_ipsec.model.counters import CounterLists
from tests.pairs import FIXTURES

VALID = FIXTURES / "listcounters/valid"
TEXTS = sorted(VALID.glob("*.txt"))
RELEASES = ("5.9.1", "5.9.8", "6.0.1", "6.1.0")
LIST = "\nList of IKE counters for 'bob':\n\nikeInitRekey                  3\n\n"


def parse(text: str) -> CounterLists:
    return listcounters.parse(text, "counters")


@pytest.mark.parametrize("release", RELEASES)
def test_every_release_prints_the_same_21(release: str) -> None:
    (whole,) = parse((VALID / f"release-{release}.txt").read_text()).lists
    (of_bob,) = parse((VALID / f"release-{release}-all.txt").read_text()).lists
    assert (whole.name, of_bob.name, len(whole.values)) == (None, "bob", 21)
    assert dict(whole.values) == dict(of_bob.values)
    assert dict(whole.values)["ikeChildSaRekey"] > 0


@pytest.mark.parametrize("text", ["", "\n", "No IKE counters found for 'a'\n"])
def test_no_list_is_none(text: str) -> None:
    assert parse(text) == CounterLists((), True, ())


def test_without_the_plugin_there_are_none() -> None:
    assert parse("\nNo counters available (plugin missing?)\n\n") == CounterLists((), False, ())


@pytest.mark.parametrize("name", ["a", "it's", "a b", "a:", "caf\udce9", "'", "x' for 'y"])
def test_any_name_is_read_as_it_is(name: str) -> None:
    assert parse(LIST.replace("bob", name)).lists[0].name == name


@pytest.mark.parametrize(
    "line", ["ikeRatio 3/4", "ikeLess -1", "new words:", "List of other counters:", "7", "a\r"]
)
def test_an_unknown_line_is_kept_and_hides_nothing(line: str) -> None:
    found = parse(LIST + f"{line}\n" + LIST)
    assert [one.text for one in found.unread] == [line]
    assert found.unread[0].line == LIST.count("\n") + 1
    assert found.lists == parse(LIST + LIST).lists


def test_an_unknown_counter_is_one() -> None:
    (found,) = parse(LIST.replace("\n\n", "\nikeNews 9\n\n").replace(":\nikeNews 9\n", ":\n")).lists
    assert dict(found.values) == {"ikeInitRekey": 3, "ikeNews": 9}


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_cut_at_every_byte(path: Path) -> None:
    text = path.read_text()
    whole = [dict(one.values) for one in parse(text).lists]
    for place in range(1, len(text)):
        if text[place - 1] != "\n":
            with pytest.raises(ParseError, match=r"counters:\d+: the text ends in the middle"):
                parse(text[:place])
            continue
        for some, all_of_it in zip(parse(text[:place]).lists, whole, strict=False):
            assert dict(some.values).items() <= all_of_it.items()


@given(st.lists(st.text(st.characters(blacklist_characters="\n"), max_size=20), max_size=8))
def test_any_lines_are_read_or_unread(lines: list[str]) -> None:
    found = parse("".join(f"{line}\n" for line in lines))
    assert len(found.unread) <= len(lines)
