"""What ipsec.conf says."""

from typing import NamedTuple, Optional

# by whether their connections have sections
FILES = {False: "ipsec.conf", True: "swanctl.conf"}


class Connection(NamedTuple):
    """A ``conn`` section of ipsec.conf, or a child of swanctl.conf, with all that it inherits.

    ``settings`` are the effective key-value pairs, sorted by key. A key that is unset
    (``key=``) does not occur; ``key=""`` is an empty value. ``file`` and ``line`` are
    where the section begins first. ``problem`` says why charon's starter would drop
    the connection (file, line and bad keyword), or is None.

    ``section`` is the connection of swanctl.conf whose child it is, and part of its name; its
    settings are put in the keywords of ipsec.conf, and ``spoken`` are those that the file
    has, by these keywords. Of ipsec.conf it is None.
    """

    name: str
    file: str
    line: int
    settings: tuple[tuple[str, str], ...]
    problem: Optional[str] = None
    section: Optional[str] = None
    spoken: tuple[tuple[str, str], ...] = ()

    def setting(self, key: str) -> Optional[str]:
        """The effective value of ``key``, or None where it is not set."""
        for name, value in self.settings:
            if name == key:
                return value
        return None

    @property
    def update(self) -> str:
        """What is to be done where charon has it otherwise than the file."""
        command = "ipsec update" if self.section is None else "swanctl --load-all"
        return f"`{command}` is due"

    @property
    def names(self) -> tuple[str, ...]:
        """What a glob may match: its name, or that of its section."""
        return (self.name,) if self.section is None else (self.name, self.section)

    def told(self, difference: str) -> str:
        """``KEY=VALUE`` or ``no KEY`` of ``settings`` in the words of the file."""
        key = difference.removeprefix("no ").partition("=")[0]
        return dict(self.spoken).get(key, difference)

    @property
    def printed_name(self) -> str:
        """The name as it can be told from the padding that charon prints before it."""
        return self.name.lstrip(" ")


class Configuration(NamedTuple):
    """ipsec.conf, swanctl.conf or both with their includes, resolved.

    ``path`` names what was asked for. ``setup`` are the pairs of ``config setup``. ``files``
    are all files read, in order, the main one first. ``over_vici``: charon is to be asked
    over VICI, not by ``ipsec stroke``.
    """

    path: str
    connections: tuple[Connection, ...]
    setup: tuple[tuple[str, str], ...] = ()
    files: tuple[str, ...] = ()
    over_vici: bool = False

    @property
    def called(self) -> str:
        """The names of the files that list connections."""
        sections = {connection.section is not None for connection in self.connections}
        return " and ".join(FILES[one] for one in sorted(sections)) or FILES[False]
