"""Manual pages in man(7), from the same parsers as --help.

Left-adjusted and without hyphenation: an option that is broken at the end of a line
cannot be searched for.
"""

import argparse
import re
from collections.abc import Iterator
from datetime import date

from check_ipsec import __version__
from pack.commands import COMMANDS, Command, expanded

PACKAGE = "monitoring-plugins-ipsec"
DOCUMENTS = f"/usr/share/doc/{PACKAGE}"
STATUSES = (
    ("0", "OK"),
    ("1", "WARNING"),
    ("2", "CRITICAL"),
    ("3", "UNKNOWN: nothing can be said, the line on standard output says why"),
)
FILES = (
    ("/etc/ipsec.conf", "the connections"),
    (f"/etc/sudoers.d/{PACKAGE}", "what an ordinary user may ask through sudo"),
    (f"{DOCUMENTS}/runbook.md", "what each reason means, and what to do"),
    (f"{DOCUMENTS}/runbook.html", "the same as a page for a web server"),
)
ASKED = (
    "What the host is asked, as root or through sudo. Nothing is changed by it, no key is shown."
)
OTHERS = (("ipsec", 8), ("ipsec.conf", 5), ("ip-xfrm", 8))


def page(command: Command, day: date) -> str:
    """The manual page of a command as of ``day``."""
    return "\n".join(lines(command, day)) + "\n"


def lines(command: Command, day: date) -> Iterator[str]:
    """All sections."""
    parser = command.parser()
    title = f'{command.name.upper()} {command.section} {day} "{PACKAGE} {__version__}"'
    yield from (f".TH {title}", ".nh", ".ad l")
    yield from (".SH NAME", f"{escaped(command.name)} \\- {escaped(summary(parser))}")
    yield from (".SH SYNOPSIS", rf"\fB{escaped(command.name)}\fR {synopsis(parser)}")
    yield ".SH DESCRIPTION"
    yield from paragraphs(f"{parser.description}\n\n{command.about}\n\n{parser.epilog or ''}")
    yield ".SH OPTIONS"
    for action in parser._actions:
        yield from (".TP", heading(action), escaped(expanded(parser, action)))
    if command.is_plugin:
        yield ".SH EXIT STATUS"
        for status, meaning in STATUSES:
            yield from (".TP", rf"\fB{status}\fR", escaped(meaning))
    yield ".SH QUESTIONS"
    yield from paragraphs(ASKED)
    for source in command.sources:
        yield from (".TP", rf"\fB{escaped(' '.join(source.words))}\fR", escaped(source.about))
    yield ".SH FILES"
    for path, meaning in FILES:
        yield from file(path, meaning)
    yield from (".SH SEE ALSO", ", ".join(see_also(command)))


def see_also(command: Command) -> Iterator[str]:
    """The other commands of the package, and what they are about."""
    own = ((other.name, other.section) for other in COMMANDS if other is not command)
    for name, section in (*own, *OTHERS):
        yield rf"\fB{escaped(name)}\fR({section})"


def summary(parser: argparse.ArgumentParser) -> str:
    """The description as it stands behind a name: a small letter first, no full stop."""
    text = (parser.description or "").removesuffix(".")
    return text[:1].lower() + text[1:]


def synopsis(parser: argparse.ArgumentParser) -> str:
    """The usage, each bracket on one line."""
    usage = re.sub(r"\s+", " ", parser.format_usage()).removeprefix(f"usage: {parser.prog} ")
    whole = re.sub(r"\[[^]]*\]", lambda match: match[0].replace(" ", "\0"), escaped(usage.strip()))
    return whole.replace("\0", r"\~")


def heading(action: argparse.Action) -> str:
    """All ways to write an option, with the name of its value."""
    value = rf"\fI{escaped(str(action.metavar or action.dest))}\fR"
    names = ", ".join(rf"\fB{escaped(name)}\fR" for name in action.option_strings)
    return value if not names else names if action.nargs == 0 else f"{names} {value}"


def paragraphs(text: str) -> Iterator[str]:
    """Plain paragraphs."""
    for paragraph in filter(None, map(str.strip, text.split("\n\n"))):
        yield from (".PP", escaped(" ".join(paragraph.split())))


def file(path: str, meaning: str) -> Iterator[str]:
    """A file and what is in it."""
    yield from (".TP", rf"\fI{escaped(path)}\fR", escaped(meaning))


def escaped(text: str) -> str:
    """``text`` as it is, whatever roff would make of it."""
    text = text.replace("\\", r"\e").replace("-", r"\-")
    return rf"\&{text}" if text[:1] in (".", "'") else text
