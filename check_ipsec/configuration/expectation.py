"""What the configuration asks of a connection: the first table of the contract.

=========================================== ============ =========================
configuration                               expectation  healthy when
=========================================== ============ =========================
``auto=`` absent or ``ignore``              IGNORED      not judged
``auto=`` other than add, route, start, or  REQUIRED     never: charon's starter
a section that starter drops                             does not load it
``type=passthrough`` or ``drop``,           SHUNT        listed under Shunted
``auto=route``                                           Connections
``type=passthrough`` or ``drop`` otherwise  LOADED       loaded
``auto=route`` to any address in another    CLIENTS      loaded: charon installs no
mode than transport                                      trap (trap_manager.c, install)
``auto=route`` otherwise                    ON_DEMAND    established, or its trap
                                                         is in daemon and kernel
no single peer                              CLIENTS      loaded
else (``auto=start``, ``auto=add``)         REQUIRED     established
no children in swanctl.conf                 LOADED       loaded
=========================================== ============ =========================

swanctl.conf is put in these words first (swanctl_keys.py): ``start_action`` none is
``auto=add``, trap is route, start is start, and so is ``trap|start``, whose trap must be in
place too. A side that only answers, and need not be up, looks like any other: what it must
be is said with ``--expect``.

The first row that matches decides. The peer is the remote address of the loaded
connection, where charon has put the local end first, else ``right=``.
"""

import re
from collections.abc import Iterable
from enum import Enum
from fnmatch import fnmatchcase
from ipaddress import ip_address
from typing import NamedTuple

from check_ipsec.errors import UsageError
from check_ipsec.model.configuration import Connection
from check_ipsec.model.daemon import Peer

SHUNT_TYPES = {"passthrough", "pass", "drop", "reject"}
ANY_HOST = {"", "%any", "%any4", "%any6", "%defaultroute", "%group"}


class Expectation(Enum):
    """What a healthy connection looks like."""

    IGNORED = "ignored"
    REQUIRED = "required"
    SHUNT = "shunt"
    LOADED = "loaded"
    ON_DEMAND = "on demand"
    CLIENTS = "clients"


class Override(NamedTuple):
    """An expectation given by hand for all names that match a glob."""

    pattern: str
    expectation: Expectation


def parse_override(text: str) -> Override:
    """``GLOB=EXPECTATION``, split at the last ``=``; :class:`UsageError` otherwise."""
    pattern, divided, word = text.rpartition("=")
    for expectation in Expectation:
        if divided and expectation.value == re.sub("[-_]", " ", word):
            return Override(pattern, expectation)
    known = ", ".join(expectation.value for expectation in Expectation)
    raise UsageError(f"the expectation after the last '=' must be one of {known}")


def expectation(
    connection: Connection, loaded: Iterable[Peer] = (), overrides: Iterable[Override] = ()
) -> Expectation:
    """What ``connection`` must be; the first override that matches its name wins."""
    for override in overrides:
        if any(fnmatchcase(name, override.pattern) for name in connection.names):
            return override.expectation
    return configured_expectation(connection, loaded)


def configured_expectation(connection: Connection, loaded: Iterable[Peer]) -> Expectation:
    """The table above."""
    auto = connection.setting("auto")
    if auto in (None, "ignore"):
        return Expectation.IGNORED
    if connection.problem or auto not in ("add", "route", "start"):
        return Expectation.REQUIRED
    if connection.section is not None and connection.setting("children") == "none":
        return Expectation.LOADED
    if connection.setting("type") in SHUNT_TYPES:
        return Expectation.SHUNT if auto == "route" else Expectation.LOADED
    remotes = [peer.remote for peer in loaded] or [connection.setting("right") or ""]
    if auto == "route":
        in_transport = (connection.setting("type") or "").startswith("transport")
        anybody = not in_transport and all(map(is_anybody, remotes))
        return Expectation.CLIENTS if anybody else Expectation.ON_DEMAND
    return Expectation.REQUIRED if any(map(names_a_peer, remotes)) else Expectation.CLIENTS


def names_a_peer(addresses: str) -> bool:
    """Whether a host or a literal address stands anywhere in the list.

    ``%host`` is a host that other addresses may take the place of. Subnets and
    ranges name no single peer (ike_cfg.c, allow_any and parse_addresses).
    """
    return True in map(is_single_host, map(str.strip, addresses.split(",")))


def is_anybody(addresses: str) -> bool:
    """Whether any address will do, and nothing else stands in the list."""
    listed = [address.strip() for address in addresses.split(",")]
    return all(address in ANY_HOST or is_unspecified(address) for address in listed)


def is_single_host(address: str) -> bool:
    """Whether ``address`` is one host, by name or by number."""
    if address in ANY_HOST or "/" in address or is_range(address):
        return False
    return not is_unspecified(address)


def is_range(address: str) -> bool:
    """Whether ``address`` is ``FIRST-LAST`` of one family; host names may hold a ``-``."""
    first, dash, last = address.partition("-")
    return bool(dash) and is_address(first) and is_address(last)


def is_address(text: str) -> bool:
    """Whether ``text`` is a literal address."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def is_unspecified(text: str) -> bool:
    """Whether ``text`` is a literal address that stands for any, however it is written."""
    return not text.strip("0.:") and is_address(text)
