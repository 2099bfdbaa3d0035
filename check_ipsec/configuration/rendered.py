"""A configuration as one ipsec.conf that includes and inherits nothing."""

import re
from collections.abc import Iterable

from check_ipsec.model.configuration import Configuration


def render(configuration: Configuration) -> str:
    """The configuration as one ipsec.conf that includes and inherits nothing."""
    setup = _rendered("config setup", configuration.setup)
    connections = (
        _rendered(f"conn {_quoted(connection.name)}", connection.settings)
        for connection in configuration.connections
    )
    return "\n".join((setup, *connections))


def _rendered(head: str, settings: Iterable[tuple[str, str]]) -> str:
    lines = (f"\t{_quoted(key)}={_quoted(value)}\n" for key, value in settings)
    return f"{head}\n{''.join(lines)}"


def _quoted(text: str) -> str:
    if re.fullmatch(r"(?!version|include)[A-Za-z0-9_.:,/%@!*+-]+", text):
        return text
    return '"' + re.sub(r'["\\\n\r\t]', lambda match: _ESCAPES[match[0]], text) + '"'


_ESCAPES = {'"': r"\"", "\\": r"\\", "\n": r"\n", "\r": r"\r", "\t": r"\t"}
