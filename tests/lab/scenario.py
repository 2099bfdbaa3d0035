"""A scenario and the hosts it plays on."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from lab.certificates import certify
from lab.hosts import Host, add_network, remove_network

NETWORK = "lan"
LAST_OCTET = {"alice": 1, "bob": 2, "carol": 3, "dave": 4}
SECONDS = 150


def v4(name: str) -> str:
    return f"10.1.0.{LAST_OCTET[name]}"


def v6(name: str) -> str:
    return f"fd00:1::{LAST_OCTET[name]}"


class Look(NamedTuple):
    """What is expected of a host, and how it is looked at: see :meth:`Lab.expect`."""

    line: str
    arguments: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    user: str | None = None
    plugin: str = "check_ipsec"
    between: Callable[[], object] = lambda: None
    statistics: bool = False
    again: bool = False


class Witness(Protocol):
    """Who looks at a host when a scenario has come to its point.

    One asks the plugin and compares, another keeps the host as a fixture.
    """

    def look(self, host: Host, look: Look) -> None:
        """Raises LabError where the host is not as expected."""


class Lab:
    """The hosts of one scenario; all are gone after ``destroy``.

    ``layers`` are the folders that a host's root is put together from; what is kept
    lies in ``folder``. ``also`` are options that the plugin is asked with besides.
    """

    def __init__(
        self, layers: Sequence[str], folder: Path, witness: Witness, also: tuple[str, ...] = ()
    ) -> None:
        self.hosts: list[Host] = []
        self.folder = folder
        self._layers = layers
        self._witness = witness
        self._also = also
        self._networks: list[str] = []
        self.add_network(NETWORK)

    def add_network(self, name: str) -> None:
        add_network(name)
        self._networks.append(name)

    def unlinked_host(self, name: str) -> Host:
        host = Host(name, self._layers)
        host.also = self._also
        self.hosts.append(host)
        return host

    def host(self, name: str) -> Host:
        """A host with its address of either family on the network that all share."""
        host = self.unlinked_host(name)
        host.link(NETWORK, "eth0", f"{v4(name)}/24", f"{v6(name)}/64")
        known = "".join(f"{v4(other)} {other}.example\n" for other in LAST_OCTET)
        host.write("/etc/hosts", host.read("/etc/hosts").decode() + known)
        return host

    def certified_host(self, name: str, subject: str | None = None) -> Host:
        host = self.host(name)
        certify(host, subject)
        return host

    def expect(self, host: Host, line: str, **how: Any) -> None:
        """check_ipsec says ``line`` of ``host``: its first line without name and perfdata.

        ``arguments`` are more options for it; each text of ``said`` stands in what ``-v``
        adds, however it is broken into lines. ``user`` runs it, by default the one that
        does in production. ``plugin`` is the command, by default check_ipsec.

        Where the host becomes a fixture: ``between`` is called after charon has
        answered, before the kernel is asked; ``statistics`` asks the kernel with ``-s``;
        ``again`` reads all a second time.
        """
        self._witness.look(host, Look(line, **how))

    def note(self, text: str) -> None:
        """A line for whoever reads the results."""
        with (self.folder / "notes").open("a") as notes:
            notes.write(f"{text}\n")

    def destroy(self) -> None:
        for host in self.hosts:
            host.destroy()
        for network in self._networks:
            remove_network(network)


class Scenario(NamedTuple):
    """What happens on a lab, up to what is expected of it.

    An ``every_release`` scenario is played with, and kept of, other releases too. A
    ``live`` one is more, or less, than one moment: it is no fixture. An ``ikev1`` one
    needs a charon that speaks it. A ``stroke`` one is of what stroke says and VICI does not, or
    says otherwise. ``seconds`` are what it may take.
    """

    name: str
    about: str
    play: Callable[[Lab], None]
    every_release: bool
    live: bool
    ikev1: bool
    stroke: bool
    seconds: float


SCENARIOS: dict[str, Scenario] = {}


def scenario(
    *,
    every_release: bool = False,
    live: bool = False,
    ikev1: bool = False,
    stroke: bool = False,
    seconds: float = SECONDS,
) -> Callable[[Callable[[Lab], None]], Callable[[Lab], None]]:
    """Registers a function as the scenario of its name, its docstring as ``about``."""

    def register(play: Callable[[Lab], None]) -> Callable[[Lab], None]:
        name = play.__name__.replace("_", "-")
        about = " ".join((play.__doc__ or "").split())
        assert name not in SCENARIOS, f"two scenarios are named {name}"
        SCENARIOS[name] = Scenario(name, about, play, every_release, live, ikev1, stroke, seconds)
        return play

    return register
