"""A configuration as one file that includes, inherits and refers to nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from check_ipsec.configuration.swanctl_conf import Settings
from check_ipsec.model.configuration import Configuration


def render(configuration: Configuration) -> str:
    """The configuration as one ipsec.conf that includes and inherits nothing."""
    setup = _rendered("config setup", configuration.setup)
    connections = (
        _rendered(f"conn {_quoted(connection.name)}", connection.settings)
        for connection in configuration.connections
        if connection.section is None
    )
    return "\n".join((setup, *connections))


def _rendered(head: str, settings: Iterable[tuple[str, str]]) -> str:
    lines = (f"\t{_quoted(key)}={_quoted(value)}\n" for key, value in settings)
    return f"{head}\n{''.join(lines)}"


def _quoted(text: str) -> str:
    if re.fullmatch(r"(?!version|include)[A-Za-z0-9_.:,/%@!*+-]+", text):
        return text
    return f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    return re.sub(r'["\\\n\r\t]', lambda match: _ESCAPES[match[0]], text)


_ESCAPES = {'"': r"\"", "\\": r"\\", "\n": r"\n", "\r": r"\r", "\t": r"\t"}


def render_swanctl(settings: Settings) -> str:
    """The connections of swanctl.conf, and nothing of its secrets, without references."""
    return "".join(_section(settings, ("connections",), ""))


def _section(settings: Settings, path: tuple[str, ...], indent: str) -> Iterator[str]:
    yield f"{indent}{path[-1]} {{\n"
    for key, value in settings.values(path).items():
        yield f'{indent}  {key} = "{_escaped(value)}"\n'
    for name in settings.sections(path):
        yield from _section(settings, (*path, name), f"{indent}  ")
    yield f"{indent}}}\n"
