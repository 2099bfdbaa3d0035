"""What is read without pyparsing is read as the whole grammar reads it.

Every captured text, and what becomes of it where a line or a character of it is another one,
is read both ways: the same model, or the same error.
"""

import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest

from check_ipsec.errors import ParseError
from check_ipsec.grammar import (
    counters,
    ipsec_conf,
    listcounters,
    settings,
    statusall,
    vici,
    xfrm,
    xfrm_policy,
    xfrm_state,
    xfrm_statistics,
)
from check_ipsec.grammar.of_vici import listing
from tests.pairs import FIXTURES

ROOT = FIXTURES.parent
MOST_TEXTS = 150
CHANGES = 6


class Grammar(NamedTuple):
    """The files that hold its texts, how they are read, and where that begins."""

    file: str
    parse: Callable[[str, str], Any]
    begin: ModuleType


GRAMMARS = (
    Grammar("statusall", statusall.parse, statusall),
    Grammar("xfrm-state", xfrm_state.parse, xfrm),
    Grammar("xfrm-policy", xfrm_policy.parse, xfrm),
    Grammar("xfrm-statistics", xfrm_statistics.parse, xfrm),
    Grammar("ipsec.conf", ipsec_conf.parse, ipsec_conf),
    Grammar("swanctl.conf", settings.parse, settings),
    Grammar("list-sas", vici.parse_sas, vici),
    Grammar("list-conns", vici.parse_conns, vici),
    Grammar("list-pols", vici.parse_policies, vici),
    Grammar("stats", vici.parse_stats, listing),
    Grammar("counters", counters.parse, listing),
    Grammar("listcounters", listcounters.parse, listcounters),
)


def captured(file: str) -> list[str]:
    """The texts of files of this name, each once; of very many some."""
    paths = [*FIXTURES.rglob(file), *FIXTURES.glob(f"{file}/*/*.txt")]
    texts = {
        path.read_bytes().decode("utf-8", "surrogateescape") for path in paths if path.is_file()
    }
    return random.Random(file).sample(sorted(texts), min(len(texts), MOST_TEXTS))


def changed(text: str, chance: random.Random) -> Iterator[str]:
    """The text, and some that are another one in one place."""
    yield text
    lines = text.splitlines(keepends=True)
    for _ in range(CHANGES if lines else 0):
        place = chance.randrange(len(lines))
        line, other = lines[place], chance.choice(lines)
        at = chance.randrange(len(line))
        new = chance.choice(
            ("", line * 2, other, other + line, line[:at] + line[at + 1 :],
             line[:at] + chance.choice(" \t:{}[]#=\"a0,.\n") + line[at:])
        )  # fmt: skip
        yield "".join([*lines[:place], new, *lines[place + 1 :]])


def outcome(grammar: Grammar, text: str) -> object:
    """The model, or the error."""
    try:
        return grammar.parse(text, "text")
    except ParseError as error:
        return str(error)


@pytest.mark.parametrize("grammar", GRAMMARS, ids=lambda grammar: grammar.file)
def test_both_ways(grammar: Grammar, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(grammar.file)
    plainly = grammar.begin.plainly
    plain: list[bool] = []

    def counting(*arguments: Any) -> Any:
        found = plainly(*arguments)
        plain.append(found is not None)
        return found

    for whole in captured(grammar.file):
        for text in changed(whole, chance):
            monkeypatch.setattr(grammar.begin, "plainly", counting)
            found = outcome(grammar, text)
            monkeypatch.setattr(grammar.begin, "plainly", lambda *_: None)
            assert found == outcome(grammar, text), text
    assert True in plain
    assert False in plain


def test_a_heading_that_is_none_is_an_unread_line() -> None:
    """As the whole grammar has it; without a heading there are no SAs."""
    text = next(text for text in captured("statusall") if " connecting):\n" in text)
    damaged = text.replace(" connecting):\n", " connecting):  \n")
    with pytest.raises(ParseError, match="expected 'Security Associations"):
        statusall.parse(damaged, "text")


@pytest.mark.parametrize(
    ("check", "host"),
    [
        ("ipsec", "hosts/mesh-all-up"),
        ("ipsec", "hosts/ike-rekeying"),
        ("ipsec", "hosts/swanctl-up"),
        ("traffic", "traffic/traffic-replayed/3"),
        ("daemon", "daemon/idle"),
    ],
)
def test_known_releases_need_no_pyparsing(check: str, host: str, tmp_path: Path) -> None:
    program = (
        "import sys\n"
        f"from check_ipsec.checks.{check} import main\n"
        "main(sys.argv[1:])\n"
        "print(sorted({'pyparsing', 'nagiosplugin'} & sys.modules.keys()))\n"
    )
    command = [sys.executable, "-c", program, "--captured", str(FIXTURES / host)]
    if check != "ipsec":
        command += ["--state", str(tmp_path / "state")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert " UNKNOWN - " not in done.stdout
    assert done.stdout.splitlines()[-1] == "['nagiosplugin']"
