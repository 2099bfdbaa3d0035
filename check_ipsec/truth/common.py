"""What connections that are down have in common, by rules that can be checked by hand.

A trait is named where all that are down have it and none of those that are up:

- network: the longest of some usual prefixes that holds all their peers and no other's; with
  peers of both families one of each
- family: IPv4 or IPv6, where connections of the other one are up
- certificate: the same leftcert=, rightcert= or rightca=, which is not set so elsewhere
- time: charon has said why of all of them within five minutes
- label: the same of the site's own (``--label``)

Reason and cause are what groups are made of. A peer whose address is not known has no network
and no family.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import NamedTuple, Union

from check_ipsec.configuration.labels import Labels
from check_ipsec.truth.verdict import State, Verdict

DOWN = (State.NOT_CONNECTED, State.CONNECTING)
UP = (State.ESTABLISHED, State.ON_DEMAND)
PREFIXES = {4: (32, 24, 16), 6: (128, 112, 96, 64, 56, 48, 32)}
CERTIFICATES = (
    ("leftcert", "with our certificate"),
    ("rightcert", "with the peer's certificate"),
    ("rightca", "with peers of"),
)
TOGETHER = 300
Address = Union[IPv4Address, IPv6Address]
Network = Union[IPv4Network, IPv6Network]


class Group(NamedTuple):
    """Connections that are down for the same reason and cause, and their traits in words."""

    verdicts: tuple[Verdict, ...]
    traits: tuple[str, ...]

    @property
    def reason(self) -> str:
        """Reason and cause of all of them."""
        first = self.verdicts[0]
        return f"{first.reason_text}: {first.why.words}" if first.why else first.reason_text


def groups(verdicts: Iterable[Verdict], labels: Mapping[str, Labels]) -> tuple[Group, ...]:
    """The groups of those that are down, the largest first; ``labels`` are those of each name."""
    down, up = [], []
    for verdict in verdicts:
        if verdict.state in DOWN:
            down.append(verdict)
        elif verdict.state in UP:
            up.append(verdict)
    alike = defaultdict(list)
    for verdict in down:
        alike[verdict.reason_text, verdict.why and verdict.why.words].append(verdict)
    found = (
        Group(tuple(own), (*shared(own, up, labels), *traits(own, up))) for own in alike.values()
    )
    return tuple(sorted(found, key=lambda group: -len(group.verdicts)))


def shared(
    down: Sequence[Verdict], up: Sequence[Verdict], labels: Mapping[str, Labels]
) -> Iterator[str]:
    """The site's own labels that all that are down have, and none of those that are up."""
    own, others = (
        [set(labels.get(one.connection.name, ())) for one in some] for some in (down, up)
    )
    for key, value in sorted(set.intersection(*own).difference(*others)):
        yield f"of {key} {value}"


def traits(down: Sequence[Verdict], up: Sequence[Verdict]) -> Iterator[str]:
    """What all that are down have, and none of those that are up."""
    peers, others = [peer_of(one) for one in down], [peer_of(one) for one in up]
    known = [peer for peer in peers if peer]
    if len(known) == len(peers):
        networks = network_of(known, [other for other in others if other])
        if networks:
            yield f"to {' and '.join(map(shown, networks))}"
        families = {peer.version for peer in known}
        well = {other.version for other in others if other}
        if len(families) == 1 and well and not families & well:
            yield f"over IPv{families.pop()}"
    for key, words in CERTIFICATES:
        values = {one.connection.setting(key) for one in down}
        value = values.pop()
        if value and not values and all(one.connection.setting(key) != value for one in up) and up:
            yield f"{words} {value}"
    ages = [one.why.age for one in down if one.why and one.why.age is not None]
    if len(ages) == len(down) and max(ages) - min(ages) <= TOGETHER <= max(ages):
        yield f"since {max(ages) // 60} min"


def network_of(peers: Sequence[Address], others: Sequence[Address]) -> list[Network]:
    """One network for the peers of each family, or none at all."""
    found: list[Network] = []
    for version, prefixes in PREFIXES.items():
        own = [peer for peer in peers if peer.version == version]
        if not own:
            continue
        around = (ip_network((own[0], prefix), strict=False) for prefix in prefixes)
        network = next((one for one in around if all(peer in one for peer in own)), None)
        if network is None or any(other in network for other in others):
            return []
        found.append(network)
    return found


def shown(network: Network) -> str:
    """A network of one address as that."""
    single = network.prefixlen == network.max_prefixlen
    return str(network.network_address if single else network)


def peer_of(verdict: Verdict) -> Address | None:
    """The peer's address, as it is now, as loaded, or as configured."""
    texts = [ike.remote_host for ike in verdict.ike_sas]
    texts += [peer.remote for peer in verdict.peers]
    texts.append(verdict.connection.setting("right") or "")
    return next((found for found in map(address, texts) if found), None)


def address(text: str) -> Address | None:
    """A literal address, without its zone."""
    try:
        return ip_address(text.partition("%")[0])
    except ValueError:
        return None
