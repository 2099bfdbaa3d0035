"""swanctl.conf with all that it includes and refers to, as ``swanctl --load-conns`` resolves it.

Upstream: strongSwan 5.7 and later, src/libstrongswan/settings/settings.c
(``find_sections_buffered``, ``section_filter``, ``kv_filter``), settings_types.c
(``settings_section_extend``), src/libstrongswan/utils/parser_helper.c (include) and
src/swanctl/commands/load_conns.c.

- Sections of one name in one section are one, at the place of the first; the last of equal
  keys counts, ``key =`` unsets it and keeps it from being inherited.
- A section has what it holds itself, then what the sections hold that it refers to, in
  their order, each with what it refers to. A reference of a section holds for its
  subsections too: ``gw : defaults`` finds the children of gw in gw and in defaults.
- A reference to what is not there says nothing.

Every child of a connection is a :class:`Connection`, ``connection/child``; a connection
without children is one by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from os.path import normpath

from check_ipsec.configuration.swanctl_keys import (
    NO_CHILDREN,
    Found,
    of_authorities,
    of_child,
    of_connection,
)
from check_ipsec.errors import ConfigurationError
from check_ipsec.grammar.of_settings.statements import Include, Section, Setting, Statement
from check_ipsec.grammar.settings import parse
from check_ipsec.host.host import Files
from check_ipsec.model.configuration import Configuration, Connection

CHILDREN = "children"
MAX_DEPTH = 100
# so many sections are looked at for one
MAX_STEPS = 10_000
Path = tuple[str, ...]


def load(path: str, files: Files) -> Configuration:
    """What the file at ``path`` configures.

    Raises ParseError or ConfigurationError where swanctl would refuse the file, or where it,
    or a file that it includes, cannot be read.
    """
    settings = read(path, files)
    return Configuration(path, tuple(connections(settings)), files=tuple(settings.paths))


class Node:
    """A section with all that the files have of it."""

    def __init__(self, file: str, line: int) -> None:
        self.file = file
        self.line = line
        self.values: dict[str, str | None] = {}
        self.sections: dict[str, Node] = {}
        self.references: dict[Path, None] = {}


class Settings:
    """The sections of all files. ``paths`` are the files, in order."""

    def __init__(self) -> None:
        self.top = Node("", 0)
        self.paths: dict[str, None] = {}
        self._steps = 0

    def found(self, path: Path) -> tuple[Node, ...]:
        """The sections that make up the one at ``path``, the first to ask first."""
        nodes: list[Node] = []
        self._steps = 0
        self._find(self.top, path, nodes, 0)
        return tuple(nodes)

    def _find(
        self, node: Node, path: Path, nodes: list[Node], depth: int, follow: bool = True
    ) -> None:
        self._steps += 1
        if depth > MAX_DEPTH or self._steps > MAX_STEPS:
            raise ConfigurationError(f"references lead back: {'.'.join(path)}")
        inner = node.sections.get(path[0])
        if inner is not None:
            if path[1:]:
                self._find(inner, path[1:], nodes, depth + 1)
            elif inner not in nodes:
                nodes.append(inner)
                for reference in inner.references:
                    self._find(self.top, reference, nodes, depth + 1)
        if follow:
            for reference in node.references:
                others: list[Node] = []
                self._find(self.top, reference, others, depth + 1)
                for other in others:
                    self._find(other, path, nodes, depth + 1, follow=False)

    def inside(self, nodes: tuple[Node, ...], path: Path) -> tuple[Node, ...]:
        """The same, where ``nodes`` make up the section around it."""
        inner = tuple([node.sections[path[-1]] for node in nodes if path[-1] in node.sections])
        return self.found(path) if any(node.references for node in inner) else inner

    def values(self, path: Path) -> dict[str, str]:
        """The effective pairs of a section, without those that are unset."""
        return values_of(self.found(path))

    def sections(self, path: Path) -> tuple[str, ...]:
        """The names of the sections in a section, in order."""
        return names_of(self.found(path))


def values_of(nodes: tuple[Node, ...]) -> dict[str, str]:
    """The pairs of what makes up a section, without those that are unset."""
    found: dict[str, str | None] = {}
    for node in reversed(nodes):
        found.update(node.values)
    return {key: value for key, value in found.items() if value is not None}


def names_of(nodes: tuple[Node, ...]) -> tuple[str, ...]:
    """The names of the sections in it."""
    return tuple(dict.fromkeys(name for node in nodes for name in node.sections))


def split(reference: str) -> Path:
    """``defaults.children`` as a path."""
    return tuple(reference.split("."))


# --- reading ------------------------------------------------------------------


def read(path: str, files: Files) -> Settings:
    """All sections of a file and of all that it includes."""
    settings = Settings()
    reader = _Reader(settings, files)
    reader.add(settings.top, path, ())
    return settings


class _Reader:
    def __init__(self, settings: Settings, files: Files) -> None:
        self._settings = settings
        self._files = files

    def add(self, node: Node, path: str, including: Path) -> None:
        """Take the statements of a file over into a section."""
        self._settings.paths[path] = None
        statements = parse(self._text(path), path)
        self._add_all(node, statements, path, (*including, normpath(path)))

    def _add_all(
        self, node: Node, statements: Iterable[Statement], path: str, including: Path
    ) -> None:
        for one in statements:
            if isinstance(one, Setting):
                node.values[one.key] = one.value
            elif isinstance(one, Section):
                inner = node.sections.setdefault(one.name, Node(path, one.line))
                inner.references.update(dict.fromkeys(map(split, one.references)))
                self._add_all(inner, one.statements, path, including)
            else:
                self._include(node, one, path, including)

    def _include(self, node: Node, include: Include, path: str, including: Path) -> None:
        for match in self._matches(include, path):
            if normpath(match) in including or len(including) >= MAX_DEPTH:
                raise ConfigurationError(f"{path}:{include.line}: include leads back to its file")
            self.add(node, match, including)

    def _text(self, path: str) -> str:
        try:
            return self._files.read(path)
        except OSError as error:
            raise _unreadable(path, error) from error

    def _matches(self, include: Include, path: str) -> Iterable[str]:
        pattern = include.pattern
        if not pattern.startswith("/"):
            pattern = path[: path.rfind("/") + 1] + pattern
        try:
            return self._files.glob(pattern) if include.pattern else ()
        except OSError as error:
            raise _unreadable(str(error.filename or pattern), error) from error


def _unreadable(path: str, error: OSError) -> ConfigurationError:
    return ConfigurationError(f"cannot read {path}: {error.strerror}")


# --- connections --------------------------------------------------------------


def connections(settings: Settings) -> Iterator[Connection]:
    """Every child of every connection."""
    elsewhere = of_authorities(
        settings.values(("authorities", name)) for name in settings.sections(("authorities",))
    )
    for name in settings.sections(("connections",)):
        path = ("connections", name)
        nodes = settings.found(path)
        inner = names_of(nodes)
        rounds = {
            section: values_of_round(settings, nodes, (*path, section))
            for section in inner
            if section.lower() != CHILDREN
        }
        common = {**of_connection(values_of(nodes), rounds), **elsewhere}
        among = settings.inside(nodes, (*path, CHILDREN))
        children = names_of(among)
        for child in children:
            own = settings.inside(among, (*path, CHILDREN, child))
            found = {**common, **of_child(values_of(own))}
            yield connection(f"{name}/{child}", name, own[0], found)
        if not children:
            yield connection(name, name, nodes[0], {**common, **NO_CHILDREN})


def values_of_round(settings: Settings, around: tuple[Node, ...], path: Path) -> dict[str, str]:
    """The pairs of a round of authentication, with the files of its ``cert`` sections."""
    nodes = settings.inside(around, path)
    values = values_of(nodes)
    files = [
        values_of(settings.inside(nodes, (*path, name))).get("file", "")
        for name in names_of(nodes)
        if name.lower().startswith("cert")
    ]
    certificates = ",".join(filter(None, (values.get("certs", ""), *files)))
    return {**values, "certs": certificates} if certificates else values


def connection(name: str, section: str, node: Node, found: dict[str, Found]) -> Connection:
    """The model of one; ``found`` are its settings and how the file says them."""
    pairs = sorted(found.items())
    return Connection(
        name=name,
        file=node.file,
        line=node.line,
        settings=tuple([(key, value) for key, (value, _) in pairs]),
        section=section,
        spoken=tuple([(key, said) for key, (_, said) in pairs]),
    )
