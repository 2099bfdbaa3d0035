"""The files of this host, as this user may read them."""
# A name is bytes, which pathlib does not take.
# ruff: noqa: PTH118, PTH123

import os
import re
import string
from collections.abc import Callable, Iterable
from errno import ELOOP, ENAMETOOLONG, ENOENT, ENOTDIR
from fnmatch import fnmatchcase
from stat import S_ISREG
from typing import TypeVar

T = TypeVar("T")


class DiskFiles:
    """Files by path. Texts and names are bytes, decoded with surrogateescape.

    Those that match a glob of ``secrets`` hold nothing else, and count as empty.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets = tuple(secrets)

    def read(self, path: str) -> str:
        """The text of a file, its line ends untouched. Raises OSError."""
        if any(fnmatchcase(path, glob) for glob in self._secrets):
            return ""
        with open(encoded(path), "rb") as file:
            return decoded(file.read())

    def glob(self, pattern: str) -> list[str]:
        """What root would find: the regular files that match, sorted by their bytes.

        Raises OSError, with the name of what this user may not look into.
        """
        try:
            return [decoded(path) for path in sorted(matching_files(encoded(pattern)))]
        except OSError as error:
            name = decoded(error.filename)
            raise OSError(error.errno, error.strerror, name) from None


def encoded(text: str) -> bytes:
    """The bytes that a text was decoded from."""
    return text.encode("utf-8", "surrogateescape")


def decoded(data: bytes) -> str:
    """A text in which bytes that are not UTF-8 are surrogates."""
    return data.decode("utf-8", "surrogateescape")


# --- glob(3) ------------------------------------------------------------------

ABSENT = (ENOENT, ENOTDIR, ELOOP, ENAMETOOLONG)
MAGIC = re.compile(rb"[*?]|\[.*\]", re.DOTALL)
LISTED = rb"(?:\[:\w+:\]|\[\..*?\.\]|\\.|[^\]\\])"
BRACKET = rb"\[([!^]|(?![!^]))((?:\]|" + LISTED + rb")" + LISTED + rb"*)\]"
LEADING = re.compile(rb"\*[*?]*\?[*?]*(\[.*)", re.DOTALL)
PART = re.compile(rb"(\*+)|(\?)|" + BRACKET + rb"|\\?(.)", re.DOTALL)
MEMBER = re.compile(rb"\[:(\w+):\]|(?:\[\.(.)\.\]|\\?(.))(?:-\\?(.))?", re.DOTALL)
# a symbol of no byte, or one that does not end
NO_SYMBOL = re.compile(rb"(?<!\\)\[\.(?!.\.\])", re.DOTALL)
CLASSES = {
    b"alnum": string.ascii_letters + string.digits,
    b"alpha": string.ascii_letters,
    b"digit": string.digits,
    b"lower": string.ascii_lowercase,
    b"upper": string.ascii_uppercase,
    b"xdigit": string.hexdigits,
}


def matching_files(pattern: bytes) -> Iterable[bytes]:
    """The regular files that match, unsorted. Raises OSError."""
    paths = [b"/" if pattern.startswith(b"/") else b""]
    for component in filter(None, pattern.split(b"/")):
        paths = [os.path.join(path, name) for path in paths for name in names(path, component)]
    return () if pattern.endswith(b"/") else filter(is_file, paths)


def names(directory: bytes, component: bytes) -> Iterable[bytes]:
    """The names in a directory that match one component of a pattern."""
    if not MAGIC.search(component):
        return [re.sub(rb"\\(.)", rb"\1", component)]
    return filter(re.compile(expression(component)).fullmatch, listing(directory))


def listing(directory: bytes) -> list[bytes]:
    """All names in a directory, none where there is no such directory."""
    return unless_absent(os.listdir, directory or b".", [])


def is_file(path: bytes) -> bool:
    """Whether it is a regular file, or a link to one."""
    status = unless_absent(os.stat, path, None)
    return status is not None and S_ISREG(status.st_mode)


def unless_absent(ask: Callable[[bytes], T], path: bytes, absent: T) -> T:
    """What ``ask`` says of a path, or ``absent`` where root would find nothing either."""
    try:
        return ask(path)
    except OSError as error:
        if error.errno in ABSENT:
            return absent
        raise


def expression(component: bytes) -> bytes:
    """The regular expression of a component; a hidden name is only matched by a dot.

    For glibc (posix/fnmatch_loop.c) the first byte that a bracket may have behind a leading
    star and question marks is still a first one, and no dot.
    """
    hidden = b"" if component.lstrip(b"\\").startswith(b".") else rb"(?!\.)"
    if not (found := LEADING.match(component)):
        return b"(?s)" + hidden + parts_expression(component)
    skipped = component[: found.start(1)].count(b"?")
    still = rb"(?!(?<=\A.{%d})\.)" % skipped
    return b"(?s)" + hidden + b".*" + b"." * skipped + still + parts_expression(found[1])


def parts_expression(parts: bytes) -> bytes:
    """The regular expression of what a component is made of."""
    return b"".join(map(part_expression, PART.finditer(parts)))


def part_expression(part: re.Match[bytes]) -> bytes:
    """The regular expression of ``*``, ``?``, a bracket or a byte."""
    star, question, negation, members, literal = part.groups()
    if star or question:
        return b".*" if star else b"."
    if literal:
        return re.escape(literal)
    if NO_SYMBOL.search(members):
        return b"(?!)"
    return one_of(set(range(256)) - bracket(members) if negation else bracket(members))


def bracket(text: bytes) -> set[int]:
    """The bytes that a bracket lists."""
    members: set[int] = set()
    for name, symbol, byte, last in MEMBER.findall(text):
        if name:
            members |= set(CLASSES.get(name, "").encode())
        else:
            first = symbol or byte
            members |= set(range(first[0], (last or first)[0] + 1))
    return members


def one_of(members: set[int]) -> bytes:
    """The regular expression of a set of bytes."""
    listed = b"".join(b"\\x%02x" % member for member in sorted(members))
    return b"[" + listed + b"]" if listed else b"(?!)"
