"""Pictures of what the commands print: a terminal of 80 columns as SVG, from captured hosts.

``python3 -m pack.pictures`` writes them into the checkout; a test holds them equal.
"""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "doc/pictures"
COLUMNS = 80
WIDE, HIGH, MARGIN = 8.4, 19, 14

PICTURE = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" \
width="{width:g}" height="{height:g}" role="img" font-size="14" fill="#d6d6d6" \
font-family="ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace">
<title>{title}</title>
<rect width="100%" height="100%" rx="6" fill="#16191d"/>
{lines}
</svg>
"""
LINE = """\
<text x="{x}" y="{y:g}" textLength="{length:g}" lengthAdjust="spacingAndGlyphs" \
xml:space="preserve">{text}</text>"""


class Picture(NamedTuple):
    """A picture: its file, and the command whose first ``lines`` it shows."""

    name: str
    command: str
    lines: int


PICTURES = (
    Picture("check_ipsec.svg", "check_ipsec -v --captured fixtures/hosts/fleet-130-three-down", 19),
)


def files() -> Iterator[tuple[str, str]]:
    """Names and contents."""
    for one in PICTURES:
        typed = f"{one.command} | head -n {one.lines}"
        shown = [f"$ {typed}", *said(one.command).splitlines()[: one.lines]]
        yield one.name, drawn(typed, [row for line in shown for row in rows(line)])


def said(command: str) -> str:
    """What a command of this checkout prints in so many columns."""
    program, *words = shlex.split(command)
    run = f"import check_ipsec.__main__ as commands; commands.{program}()"
    environment = {**os.environ, "COLUMNS": str(COLUMNS), "LC_ALL": "C.UTF-8"}
    return subprocess.run([sys.executable, "-c", run, *words], cwd=ROOT, env=environment,
                          stdout=subprocess.PIPE, text=True).stdout  # fmt: skip


def rows(line: str) -> Iterator[str]:
    """A line as a terminal has it: what is too long goes on in the next row."""
    for begin in range(0, max(len(line), 1), COLUMNS):
        yield line[begin : begin + COLUMNS]


def drawn(title: str, shown: list[str]) -> str:
    """The picture of some rows."""
    texts = (
        LINE.format(x=MARGIN, y=MARGIN + HIGH * (number - 0.25), length=WIDE * len(row),
                    text=escape(row, quote=False))
        for number, row in enumerate(shown, 1)
        if row
    )  # fmt: skip
    return PICTURE.format(title=escape(title, quote=False), lines="\n".join(texts),
                          width=2 * MARGIN + WIDE * COLUMNS,
                          height=2 * MARGIN + HIGH * len(shown))  # fmt: skip


def write(folder: Path = FOLDER) -> None:
    """Write all pictures."""
    for name, text in files():
        (folder / name).write_text(text)


if __name__ == "__main__":
    write()
