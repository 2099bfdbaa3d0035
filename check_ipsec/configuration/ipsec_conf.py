"""ipsec.conf with all that it includes and inherits, as charon's starter resolves it.

Upstream: strongSwan 5.2 and later, src/starter/parser/conf_parser.c (sections, also=),
src/libstrongswan/utils/parser_helper.c (include), src/starter/confread.c (what is
refused or dropped), starterstroke.c (``connection_name``).

- Sections of one kind with one name are one section, at the place of the first.
- The last of equal keys counts. ``key=`` unsets a key and keeps it from being
  inherited.
- A key comes from the section itself, else from the section of its last ``also``,
  then from what that one inherits, then from the ``also`` before; ``%default`` is
  the last of all.
- An ``also`` that finds no section or leads back spoils the whole file. So does a bad
  value in ``config setup``; in a ``conn`` it drops the connection only.
- ``conn %auto`` is loaded as ``conn_N``, N counting the connections that are loaded.

An include that leads back to its own file is refused here; starter follows it until
it can open no more files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from os.path import normpath

from check_ipsec.configuration.keywords import ALIASES, bad_conn_value, bad_setup_value
from check_ipsec.errors import ConfigurationError
from check_ipsec.grammar.ipsec_conf import parse
from check_ipsec.grammar.of_ipsec_conf.statements import Include, SectionHead, Setting
from check_ipsec.host.host import Files
from check_ipsec.model.configuration import Configuration, Connection

MAX_DEPTH = 100
FIREWALLS = frozenset(("leftfirewall", "rightfirewall"))
SOURCE_IPS = ("leftsourceip", "rightsourceip")
# the keywords that starter does not take as they are
DIFFERENT = {*ALIASES, *SOURCE_IPS}
Pairs = tuple[tuple[str, str], ...]


def load(path: str, files: Files) -> Configuration:
    """What the file at ``path`` configures.

    Raises ParseError or ConfigurationError where starter would refuse the file, or
    where it, or a file that it includes, cannot be read.
    """
    reader = _Reader(files)
    sections = _Sections()
    sections.add(reader.statements(path))
    _Inheritance(sections.ca).check()
    connections = tuple(_connections(sections.conn))
    return Configuration(path, connections, _setup(sections.setup), tuple(reader.paths))


class _Reader:
    def __init__(self, files: Files) -> None:
        self._files = files
        self.paths: dict[str, None] = {}

    def statements(
        self, path: str, including: tuple[str, ...] = (), indented: bool = False
    ) -> Iterator[SectionHead | Setting]:
        """The statements of a file and of all that it includes."""
        self.paths[path] = None
        including = (*including, normpath(path))
        for statement in parse(self._text(path), path, indented):
            if isinstance(statement, Include):
                yield from self._included(statement, including)
            else:
                yield statement

    def _included(
        self, include: Include, including: tuple[str, ...]
    ) -> Iterator[SectionHead | Setting]:
        indented = include.indented
        for path in self._matches(include):
            if normpath(path) in including:
                raise _refused(include, "include leads back to its file")
            if len(including) >= MAX_DEPTH:
                raise _refused(include, "include is nested too deeply")
            yield from self.statements(path, including, indented)
            indented = False

    def _text(self, path: str) -> str:
        try:
            return self._files.read(path)
        except OSError as error:
            raise _unreadable(path, error) from error

    def _matches(self, include: Include) -> Iterable[str]:
        pattern, file, *_ = include
        if not pattern.startswith("/"):
            pattern = file[: file.rfind("/") + 1] + pattern
        try:
            return self._files.glob(pattern) if include.pattern else ()
        except OSError as error:
            raise _unreadable(str(error.filename or pattern), error) from error


def _placed(place: Include | Setting, problem: str) -> str:
    return f"{place.file}:{place.line}: {problem}"


def _refused(place: Include | Setting, problem: str) -> ConfigurationError:
    return ConfigurationError(_placed(place, problem))


def _unreadable(path: str, error: OSError) -> ConfigurationError:
    return ConfigurationError(f"cannot read {path}: {error.strerror}")


class _Section:
    def __init__(self, head: SectionHead) -> None:
        self.head = head
        self.settings: dict[str, Setting] = {}
        self.also: list[Setting] = []

    def set(self, setting: Setting) -> None:
        """Take a pair over; an ``also`` without a target or for %default says nothing."""
        if setting.key != "also":
            self.settings[setting.key] = setting
        elif setting.value and setting.value != "%default":
            self.also.append(setting)

    def sort(self) -> None:
        """Bring the keys into the order in which starter reads them."""
        self.settings = dict(sorted(self.settings.items()))

    @cached_property
    def problems(self) -> dict[str, str]:
        """What starter drops a connection for, by keyword, in that order."""
        found = ((key, bad_conn_value(key, one.value)) for key, one in self.settings.items())
        return {key: _placed(self.settings[key], reason) for key, reason in found if reason}


class _Sections:
    def __init__(self) -> None:
        self.setup = _Section(SectionHead("config setup", "", "", 0))
        self.conn: dict[str, _Section] = {}
        self.ca: dict[str, _Section] = {}

    def add(self, statements: Iterable[SectionHead | Setting]) -> None:
        """Take statements over; settings before the first section go nowhere."""
        section = _Section(SectionHead("", "", "", 0))
        for statement in statements:
            if isinstance(statement, Setting):
                section.set(statement)
            else:
                section = self._section(statement)

    def _section(self, head: SectionHead) -> _Section:
        if head.kind == "config setup":
            return self.setup
        sections = self.conn if head.kind == "conn" else self.ca
        return sections.setdefault(head.name, _Section(head))


class _Inheritance:
    """What each section inherits from."""

    def __init__(self, sections: dict[str, _Section]) -> None:
        self._sections = sections
        self._default = sections.get("%default")
        self._ancestors: dict[str, list[_Section]] = {"%default": []}

    def check(self) -> None:
        """Resolve all sections. Raises ConfigurationError."""
        for section in self._sections.values():
            self.ancestors(section)

    def ancestors(self, section: _Section, heirs: tuple[str, ...] = ()) -> list[_Section]:
        """The sections that give what ``section`` lacks, the first to ask first."""
        name = section.head.name
        if name not in self._ancestors:
            self._ancestors[name] = self._resolve(section, (*heirs, name))
        return self._ancestors[name]

    def _resolve(self, section: _Section, heirs: tuple[str, ...]) -> list[_Section]:
        found: list[_Section] = []
        for also in reversed(section.also):
            parent = self._parent(also, heirs)
            found += [parent, *self.ancestors(parent, heirs)]
        if self._default and not found:
            return [self._default]
        return list(dict.fromkeys(reversed(found)))[::-1]

    def _parent(self, also: Setting, heirs: tuple[str, ...]) -> _Section:
        parent = self._sections.get(also.value or "")
        if parent is None:
            raise _refused(also, "also names no section")
        if parent.head.name in heirs:
            raise _refused(also, "also leads back to its section")
        if len(heirs) >= MAX_DEPTH:
            raise _refused(also, "also is nested too deeply")
        return parent


def _setup(section: _Section) -> Pairs:
    section.sort()
    for setting in section.settings.values():
        reason = bad_setup_value(setting.key, setting.value)
        if reason:
            raise _refused(setting, reason)
    return _pairs(section.settings)


def _connections(sections: dict[str, _Section]) -> Iterator[Connection]:
    inheritance = _Inheritance(sections)
    inheritance.check()
    for section in sections.values():
        section.sort()
    loaded = 0
    for name, section in sections.items():
        if name != "%default":
            connection = _connection(section, inheritance.ancestors(section))
            loaded += _is_loaded(connection)
            yield _numbered(connection, loaded)


def _connection(section: _Section, ancestors: Iterable[_Section]) -> Connection:
    sections = (section, *ancestors)
    settings = _effective(sections)
    problem = _problem(settings, sections)
    if not problem and not DIFFERENT.isdisjoint(settings):
        settings = _canonical(settings)
    _, name, file, line = section.head
    return Connection(name, file, line, _pairs(settings), problem)


def _effective(sections: Iterable[_Section]) -> dict[str, Setting]:
    """All keys in the order in which starter reads them: own first, each sorted."""
    found: dict[str, Setting] = {}
    for section in sections:
        found = {**found, **section.settings, **found}
    return found


def _problem(settings: dict[str, Setting], sections: Iterable[_Section]) -> str | None:
    for section in sections:
        for key, problem in section.problems.items():
            if settings[key] is section.settings[key]:
                return problem
    if FIREWALLS.isdisjoint(settings):
        return None
    for end in ("left", "right"):
        firewall, updown = settings.get(f"{end}firewall"), settings.get(f"{end}updown")
        if firewall and firewall.value == "yes" and updown and updown.value is not None:
            return _placed(firewall, f"{firewall.key} and {updown.key} exclude each other")
    return None


def _canonical(settings: dict[str, Setting]) -> dict[str, Setting]:
    """One name for each keyword, and the mode that starter ends with.

    Of two names the one that is read last counts, and reading a source address
    makes a tunnel of what was read before (confread.c, ``kw_end``).
    """
    found: dict[str, Setting] = {}
    for key, setting in settings.items():
        if setting.value is not None:
            found[ALIASES.get(key, key)] = setting
            if key in SOURCE_IPS and "type" in found:
                found["type"] = found["type"]._replace(value="tunnel")
    return found


def _pairs(settings: dict[str, Setting]) -> Pairs:
    return tuple(
        sorted(
            (key, setting.value) for key, setting in settings.items() if setting.value is not None
        )
    )


def _is_loaded(connection: Connection) -> bool:
    return not connection.problem and connection.setting("auto") not in (None, "ignore")


def _numbered(connection: Connection, number: int) -> Connection:
    if connection.name != "%auto" or not _is_loaded(connection):
        return connection
    return connection._replace(name=f"conn_{number}")
