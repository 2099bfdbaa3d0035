"""Texts in columns of a terminal, and numbers that fit into them."""

from collections.abc import Iterable
from textwrap import wrap

LEAST_WIDTH = 40
AGES = ((86400, "d"), (3600, "h"), (60, "m"))
SIZES = ((10**12, "T"), (10**9, "G"), (10**6, "M"), (10**3, "k"))


class Marked(str):
    """A line that stands out on a terminal, in the colour of an exit status."""

    __slots__ = ("mark",)

    def __new__(cls, text: str, mark: int) -> "Marked":
        """``text``, with the exit status that it is marked with."""
        line = super().__new__(cls, text)
        line.mark = mark
        return line

    mark: int


def row(cells: Iterable[str], widths: Iterable[int]) -> str:
    """Cells in columns; one that is too long pushes the others to the right."""
    return " ".join(cell + " " * (width - columns(cell)) for cell, width in zip(cells, widths))


def columns(text: str) -> int:
    """The columns that a terminal shows a text in: wide characters take two, marks none."""
    if text.isascii():
        return len(text)
    from unicodedata import category, east_asian_width

    shown = (character for character in text if category(character) not in ("Mn", "Me", "Cf"))
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in shown)


def folded(text: str, width: int, indent: int) -> list[str]:
    """``text`` in lines of ``width`` columns; words stay whole."""
    return wrap(
        text,
        width,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + 2),
        break_long_words=False,
        break_on_hyphens=False,
    )


def age(seconds: int) -> str:
    """Seconds in the largest unit that charon would name too."""
    for unit, letter in AGES:
        if seconds >= 2 * unit:
            return f"{seconds // unit}{letter}"
    return f"{seconds}s"


def size(number: int) -> str:
    """Octets with three digits at most and a decimal prefix."""
    for unit, letter in SIZES:
        if number >= unit:
            return (
                f"{number / unit:.1f}{letter}"
                if number < 10 * unit
                else f"{number // unit}{letter}"
            )
    return str(number)
