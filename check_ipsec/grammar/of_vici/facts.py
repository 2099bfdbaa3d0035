"""The lines that stand in a section, and what they say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import Enum
from functools import cache
from typing import Any, NamedTuple, TypeVar

KEY = r"[a-z][a-z0-9_-]*"

State = TypeVar("State", bound=Enum)


class Facts(NamedTuple):
    """What stands in a section: values by key, lists by key, the text of sections by key."""

    values: dict[str, str]
    lists: dict[str, tuple[str, ...]]
    sections: dict[str, str]

    def number(self, key: str) -> int | None:
        """A value as a number, None where it does not stand there. Raises ValueError."""
        return number(self.values.get(key))

    def required(self, key: str) -> str:
        """A value that every release prints. Raises ValueError."""
        if key not in self.values:
            raise ValueError(f"'{key} ='")
        return self.values[key]

    def some(self, key: str) -> tuple[str, ...]:
        """A list of which charon always prints an item. Raises ValueError."""
        if not self.lists.get(key):
            raise ValueError(f"an item of '{key} = ['")
        return self.lists[key]

    def unknown(self, known: frozenset[str]) -> set[str]:
        """The keys that are not among ``known``."""
        return {*self.values, *self.lists, *self.sections} - known


class Read(NamedTuple):
    """A token: a fact of the model, and the keys of it that are not known."""

    fact: Any
    place: int
    additions: tuple[str, ...]


# --- lines --------------------------------------------------------------------


def indented(depth: int) -> str:
    """The lines that stand at least so deep."""
    return rf"(?:{'  ' * depth}[^\n]*\n)*"


def fact(depth: int) -> str:
    """A fact at this depth: its key, then what it is with its items, value or section."""
    pad, inner = "  " * depth, indented(depth + 1)
    return rf"{pad}({KEY}) (?:(= \[\n)({inner}){pad}\]|(= )([^\n]*)|\{{\n({inner}){pad}\}})\n"


def event(label: str) -> str:
    """An event with a name, and what stands in that section."""
    return rf"{label} event \{{\n  (?P<name>[^\n]*) \{{\n(?P<facts>{indented(2)})  \}}\n\}}\n"


def in_order(depth: int, keys: Iterable[str]) -> str:
    """Values in this order. One with a question mark behind its key may be missing.

    What is written with its value is not kept; after a star there may be none, or several.
    """
    pad, lines = "  " * depth, []
    for key in keys:
        if key.startswith("*"):
            lines.append(rf"(?:{pad}{key[1:]}\n)*")
        elif " = " in key:
            lines.append(rf"{pad}{key}\n")
        elif key.endswith("?"):
            lines.append(rf"(?:{pad}{key[:-1]} = ([^\n]*)\n)?")
        else:
            lines.append(rf"{pad}{key} = ([^\n]*)\n")
    return "".join(lines)


def filled(depth: int, key: str) -> str:
    """A list with an item at least."""
    pad = "  " * depth
    return rf"{pad}{key} = \[\n((?:{pad}  [^\n]*\n)+){pad}\]\n"


def section(depth: int, key: str) -> str:
    """A section, and what stands in it."""
    pad = "  " * depth
    return rf"{pad}{key} \{{\n({indented(depth + 1)}){pad}\}}\n"


def skipped(depth: int, key: str) -> str:
    """A section that may be there, and is not kept."""
    pad = "  " * depth
    return rf"(?:{pad}{key} \{{\n{indented(depth + 1)}{pad}\}}\n)?"


@cache
def _pattern_of_fact(depth: int) -> re.Pattern[str]:
    return re.compile(f"({fact(depth)})", re.ASCII)


@cache
def _pattern_of_section(depth: int) -> re.Pattern[str]:
    pad = "  " * depth
    return re.compile(rf"{pad}([^\n]*) \{{\n({indented(depth + 1)}){pad}\}}\n")


def facts_of(text: str, depth: int) -> Facts:
    """The facts that ``text`` is made of. Raises ValueError where it holds anything else."""
    values: dict[str, str] = {}
    lists: dict[str, tuple[str, ...]] = {}
    sections: dict[str, str] = {}
    cut, read = 2 * depth + 2, 0
    found = _pattern_of_fact(depth).findall(text)
    for whole, key, is_list, items, is_value, value, section in found:
        read += len(whole)
        if is_value:
            values[key] = value
        elif is_list:
            lists[key] = items_of(items, cut)
        else:
            sections[key] = section
    if read != len(text):
        raise ValueError("a key")
    return Facts(values, lists, sections)


def items_of(lines: str, cut: int) -> tuple[str, ...]:
    """The items of a list, without the blanks before them."""
    return tuple([item[cut:] for item in lines.split("\n")[:-1]])


def sections_of(text: str, depth: int) -> Iterator[tuple[str, str]]:
    """The named sections that ``text`` is made of. Raises ValueError as :func:`facts_of`."""
    pattern, place = _pattern_of_section(depth), 0
    while place < len(text):
        found = pattern.match(text, place)
        if found is None:
            raise ValueError("a name")
        place = found.end()
        yield found[1], found[2]


def number(text: str | None, base: int = 10) -> int | None:
    """A value as a number, None where there is none. Raises ValueError."""
    return None if text is None else int(text, base)


def state_of(kind: type[State], text: str) -> State:
    """The state of this name."""
    try:
        return kind(text)
    except ValueError:
        return kind("(unknown)")


def joined(*parts: str | None) -> str:
    """The parts that there are, in one word."""
    return "_".join(filter(None, parts))
