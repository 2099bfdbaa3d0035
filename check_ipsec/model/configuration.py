"""What ipsec.conf says."""

from typing import NamedTuple, Optional


class Connection(NamedTuple):
    """A ``conn`` section of ipsec.conf with all that it inherits.

    ``settings`` are the effective key-value pairs, sorted by key. A key that is unset
    (``key=``) does not occur; ``key=""`` is an empty value. ``file`` and ``line`` are
    where the section begins first. ``problem`` says why charon's starter would drop
    the connection (file, line and bad keyword), or is None.
    """

    name: str
    file: str
    line: int
    settings: tuple[tuple[str, str], ...]
    problem: Optional[str] = None

    def setting(self, key: str) -> Optional[str]:
        """The effective value of ``key``, or None where it is not set."""
        for name, value in self.settings:
            if name == key:
                return value
        return None

    @property
    def printed_name(self) -> str:
        """The name as it can be told from the padding that charon prints before it."""
        return self.name.lstrip(" ")


class Configuration(NamedTuple):
    """ipsec.conf with its includes, resolved.

    ``setup`` are the pairs of ``config setup``. ``files`` are all files read, in
    order, the main one first.
    """

    path: str
    connections: tuple[Connection, ...]
    setup: tuple[tuple[str, str], ...] = ()
    files: tuple[str, ...] = ()
