"""A scenario and the hosts it plays on."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from lab.capturing import capture, capture_again
from lab.certificates import certify
from lab.hosts import Host, add_network, remove_network

NETWORK = "lan"
LIVE = "live.json"
PLUGIN = os.environ.get("LAB_PLUGIN", "").split()
LAST_OCTET = {"alice": 1, "bob": 2, "carol": 3, "dave": 4}


def v4(name: str) -> str:
    return f"10.1.0.{LAST_OCTET[name]}"


def v6(name: str) -> str:
    return f"fd00:1::{LAST_OCTET[name]}"


class Lab:
    """The hosts of one scenario; all are gone after ``destroy``.

    What is captured goes to ``folder``.
    """

    def __init__(self, suite_root: str, folder: Path) -> None:
        self.folder = folder
        self.hosts: list[Host] = []
        self._suite_root = suite_root
        self._networks: list[str] = []
        self.add_network(NETWORK)

    def add_network(self, name: str) -> None:
        add_network(name)
        self._networks.append(name)

    def unlinked_host(self, name: str) -> Host:
        host = Host(name, self._suite_root)
        self.hosts.append(host)
        return host

    def host(self, name: str) -> Host:
        """A host with its address of either family on the network that all share."""
        host = self.unlinked_host(name)
        host.link(NETWORK, "eth0", f"{v4(name)}/24", f"{v6(name)}/64")
        return host

    def certified_host(self, name: str, subject: str | None = None) -> Host:
        host = self.host(name)
        certify(host, subject)
        return host

    def capture(self, host: Host, **how: Any) -> None:
        """Capture a host; what the plugin says of it, live, where that is asked for."""
        capture(host, self.folder, **how)
        if PLUGIN:
            (self.folder / LIVE).write_text(host.run(*PLUGIN, check=False).stdout)

    def capture_again(self, host: Host, user: str | None = None) -> None:
        capture_again(host, self.folder, user)

    def destroy(self) -> None:
        for host in self.hosts:
            host.destroy()
        for network in self._networks:
            remove_network(network)


class Scenario(NamedTuple):
    """What happens on a lab, up to its capture.

    ``arguments`` are options of check_ipsec to judge the capture with;
    ``every_release`` scenarios are captured from other releases too.
    """

    name: str
    about: str
    play: Callable[[Lab], None]
    arguments: tuple[str, ...]
    every_release: bool


SCENARIOS: dict[str, Scenario] = {}


def scenario(
    *arguments: str, every_release: bool = False
) -> Callable[[Callable[[Lab], None]], Callable[[Lab], None]]:
    """Registers a function as the scenario of its name, its docstring as ``about``."""

    def register(play: Callable[[Lab], None]) -> Callable[[Lab], None]:
        name = play.__name__.replace("_", "-")
        about = " ".join((play.__doc__ or "").split())
        SCENARIOS[name] = Scenario(name, about, play, arguments, every_release)
        return play

    return register
