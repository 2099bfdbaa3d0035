"""The loaded connections, and those of them that are shunts."""

import re
from typing import Optional

from check_ipsec.grammar.of_statusall.wording import (
    HEADINGS,
    NO_HEADING,
    Known,
    Wording,
    compiled,
    heading,
    number,
    selectors,
)
from check_ipsec.grammar.records import Record, unnamed
from check_ipsec.model.daemon import AuthRound, ChildConfig, Peer, Shunt

Constraints = list[tuple[str, str]]

ENDS_OF_PEER = r"[^\s:][^\n]*?\.\.\.[^\n]*?  IKEv"
ENDS_AND_VERSION = (
    r"(?P<local>[^\n]*?)\.\.\.(?P<remote>[^\n]*?)"
    r"  (?P<version>IKEv1/2|IKEv1|IKEv2)(?P<aggressive> Aggressive)?"
    r"(?:, dpddelay=(?P<dpd_delay>\d+)s)?"
)
DETAIL = (
    r" *([^\n]*):   (?:(local: |remote:) (?:\[([^\n]*)\] )?"
    r"uses ([^\n]*authentication(?: with [^\n]*'|: [^\n]*)?)"
    r"| (ca|im-ca|cert|ocsp|crl|group): +([^\n]*)"
    r"|child:  ({0}) ?=== ({0}) ?({1})(?:, dpdaction=(\w+(?: \| \w+)*))?)"
)


# texts in which nothing looks like a tag, nor like the end of an identity
PLAIN = r"[^\n:]*(?::(?! )[^\n:]*)*"
IDENTITY = r"[^\n:\]]*(?::(?! )[^\n:\]]*)*"
ROUND = (
    rf"(?:\[({IDENTITY})\] )?uses ([^\n:]*authentication)\n"
    rf"(?: *(?P=name):    (cert): +({PLAIN})\n)?"
)
# one round at each end, of which no more than the certificate is asked, and one child
PLAIN_PEER = (
    r" *(?P<name>[^\n:]*):  (\S*?)\.\.\.(\S*)  (IKEv1/2|IKEv1|IKEv2)(?:, dpddelay=(\d+)s)?\n"
    rf" *(?P=name):   local:  {ROUND} *(?P=name):   remote: {ROUND}"
    r" *(?P=name):   child:  ([^\n]*?) ?=== ([^\n]*?) ?(TUNNEL|TRANSPORT)(?:, dpdaction=(\w+))?\n"
    rf"(?![^\n]*:   )(?=[^\n]*:  \S|{HEADINGS}|\Z)"
)


def peer_pattern(_: Wording) -> str:
    """A peer; its rounds and children are read one by one."""
    return (
        rf" *(?P<name>[^\n]*):  {ENDS_AND_VERSION}\n(?P<details>(?:(?=[^\n]*:   )[^\n]*\n)*)"
        rf"(?![^\n]*:   )(?=[^\n]*:  \S|{HEADINGS}|\Z)"
    )


def detail(wording: Wording) -> str:
    """A line of a peer but the first: a round, a constraint of the round above, a child."""
    return DETAIL.format(wording.selectors, wording.mode)


def peer_line(wording: Wording) -> str:
    """Any line of a peer."""
    return rf"(?:[^\n]*:  {unnamed(ENDS_AND_VERSION)}|{detail(wording)})"


def plain_peer(match: re.Match[str]) -> Peer:
    """A plain peer of its match. Raises ValueError where a selector is of no known kind."""
    name, local, remote, version, delay, *rounds = match.groups()[:13]
    ours, theirs, mode, action = match.groups()[13:17]
    return Peer(
        name=name,
        local=local,
        remote=remote,
        version=version,
        aggressive=False,
        dpd_delay=number(delay),
        local_rounds=(_plain_round(*rounds[:4]),),
        remote_rounds=(_plain_round(*rounds[4:]),),
        children=(ChildConfig(name, selectors(ours), selectors(theirs), mode, action),),
    )


def _plain_round(identity: Optional[str], method: str, keyword: str, text: str) -> AuthRound:
    return AuthRound(identity, method, ((keyword, text),) if keyword else ())


def peer(match: re.Match[str], wording: Wording = Known) -> Peer:
    """A peer of its match. Raises ValueError where a line is none that this wording has."""
    name, local, remote, version, aggressive, delay, details = match.groups()
    rounds: dict[str, list[tuple[AuthRound, Constraints]]] = {"local: ": [], "remote:": []}
    children: list[ChildConfig] = []
    constraints: Constraints = []
    place = 0
    pattern = compiled(rf"{detail(wording)}\n")
    while found := pattern.match(details, place):
        tag, side, identity, method, keyword, text, ours, theirs, mode, action = found.groups()
        if tag != name and not mode:
            break
        place = found.end()
        if side:
            constraints = []
            rounds[side].append((AuthRound(identity, method, ()), constraints))
        elif keyword:
            constraints.append((keyword, text))
        else:
            children.append(ChildConfig(tag, selectors(ours), selectors(theirs), mode, action))
    if place != len(details) or not all(rounds.values()):
        raise ValueError("a connection")
    local_rounds, remote_rounds = (
        tuple(one._replace(constraints=tuple(found)) for one, found in rounds[side])
        for side in rounds
    )
    return Peer(
        name=name,
        local=local,
        remote=remote,
        version=version,
        aggressive=aggressive is not None,
        dpd_delay=number(delay),
        local_rounds=local_rounds,
        remote_rounds=remote_rounds,
        children=tuple(children),
    )


CONNECTIONS = heading("Connections")
PLAIN_CONNECTION = Record(PLAIN_PEER, plain_peer, "a plain connection")
CONNECTION = Record(NO_HEADING + peer_pattern(Known), peer, "a connection")

# --- shunts -------------------------------------------------------------------


def shunt_pattern(wording: Wording) -> str:
    """A shunt: name, selectors, action."""
    return rf"{shunt_line(wording)}\n"


def shunt_line(wording: Wording) -> str:
    """The line of a shunt."""
    return (
        rf" *(?P<name>[^\n]*):  (?P<local>{wording.selectors}) ?=== "
        rf"(?P<remote>{wording.selectors}) ?(?P<action>{wording.action})"
    )


def shunt(match: re.Match[str]) -> Shunt:
    """A shunt of its match. Raises ValueError as :func:`plain_peer`."""
    name, local, remote, action = match.groups()
    return Shunt(name, selectors(local), selectors(remote), action)


SHUNTS = heading("Shunted Connections")
SHUNT = Record(shunt_pattern(Known), shunt, "a shunt")
