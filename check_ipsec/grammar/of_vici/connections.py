"""The loaded connections: ``swanctl --list-conns``."""

from __future__ import annotations

import re
from functools import cache

from check_ipsec.grammar.of_vici.facts import (
    KEY,
    Read,
    facts_of,
    filled,
    in_order,
    items_of,
    joined,
    number,
    section,
    sections_of,
    skipped,
)
from check_ipsec.grammar.of_vici.listing import Listing
from check_ipsec.grammar.records import Record
from check_ipsec.model.daemon import AuthRound, ChildConfig, Peer
from check_ipsec.model.unread import LIST_CONNS

PEER_KEYS = frozenset(
    (
        *("local_addrs", "remote_addrs", "local_port", "remote_port", "version", "reauth_time"),
        *("rekey_time", "unique", "dpd_delay", "dpd_timeout", "ppk_id", "ppk_required"),
        *("proposals", "children"),
    )
)
CONFIG_KEYS = frozenset(
    (
        *("mode", "label", "rekey_time", "rekey_bytes", "rekey_packets", "dpd_action"),
        *("close_action", "esp_proposals", "ah_proposals", "local-ts", "remote-ts"),
        *("interface", "priority"),
    )
)
ROUND = re.compile(r"(local|remote)-\d+")
CONSTRAINTS = (("cacerts", "ca"), ("certs", "cert"), ("groups", "group"))


# nearly all have one round of authentication on each side and one child
PLAIN_PEER = (
    r"list-conn event \{\n  ([^\n]*) \{\n"
    + filled(2, "local_addrs")
    + filled(2, "remote_addrs")
    + in_order(2, (r"*(?:local|remote)_port = [^\n]*", "version"))
    + in_order(2, (r"*(?:reauth_time|rekey_time|unique) = [^\n]*", "dpd_delay?"))
    + in_order(2, (r"*dpd_timeout = [^\n]*",))
    + skipped(2, "proposals")
    + section(2, "local-1")
    + section(2, "remote-1")
    + r"    children \{\n      ([^\n]*) \{\n"
    + rf"((?:        {KEY} = [^\[\n][^\n]*\n)*)"
    + skipped(4, "(?:ah|esp)_proposals")
    + filled(4, "local-ts")
    + filled(4, "remote-ts")
    + r"      \}\n    \}\n  \}\n\}\n"
)


def plain_peer(found: re.Match[str]) -> Read:
    """A plain connection of its match."""
    name, local, remote, version, dpd_delay, local_round, remote_round, *child = found.groups()
    child_name, head, local_ts, remote_ts = child
    mode, dpd_action, additions = _child_head(head)
    selectors = items_of(local_ts, 10), items_of(remote_ts, 10)
    peer = _peer_of(
        *(name, items_of(local, 6), items_of(remote, 6), version, number(dpd_delay)),
        rounds=((_round(local_round),), (_round(remote_round),)),
        children=(ChildConfig(child_name, *selectors, mode, dpd_action),),
    )
    return Read(peer, found.start(), additions)


def _peer_of(
    name: str, local: tuple[str, ...], remote: tuple[str, ...], version: str,
    dpd_delay: int | None,
    *, rounds: tuple[tuple[AuthRound, ...], tuple[AuthRound, ...]],
    children: tuple[ChildConfig, ...],
) -> Peer:  # fmt: skip
    return Peer(
        name=name,
        local=",".join(local),
        remote=",".join(remote),
        version=version,
        aggressive=False,
        dpd_delay=dpd_delay,
        local_rounds=rounds[0],
        remote_rounds=rounds[1],
        children=children,
    )


@cache
def _child_head(text: str) -> tuple[str, str | None, tuple[str, ...]]:
    """What many children have in common: mode, dpd_action, and the keys that are not known."""
    facts = facts_of(text, 4)
    mode = facts.required("mode").removesuffix("_PROXY")
    return mode, facts.values.get("dpd_action"), tuple(sorted(facts.unknown(CONFIG_KEYS)))


def peer(found: re.Match[str]) -> Read:
    """A connection of its match. Raises ValueError where something is missing."""
    facts = facts_of(found["facts"], 2)
    rounds: dict[str, list[AuthRound]] = {"local": [], "remote": []}
    for key, text in facts.sections.items():
        if end := ROUND.fullmatch(key):
            rounds[end[1]].append(_round(text))
    additions = {key for key in facts.unknown(PEER_KEYS) if not ROUND.fullmatch(key)}
    children = []
    for name, text in sections_of(facts.sections.get("children", ""), 3):
        child, unknown = _child_config(name, text)
        children.append(child)
        additions |= unknown
    peer = _peer_of(
        *(found["name"], facts.some("local_addrs"), facts.some("remote_addrs")),
        *(facts.required("version"), facts.number("dpd_delay")),
        rounds=(tuple(rounds["local"]), tuple(rounds["remote"])),
        children=tuple(children),
    )
    return Read(peer, found.start(), tuple(sorted(additions)))


ID = re.compile(r"^      id = ([^\n]*)\n", re.MULTILINE)


def _round(text: str) -> AuthRound:
    """A round of authentication, in the words of ``ipsec statusall`` (log_auth_cfgs)."""
    found = ID.search(text)
    if found is None:
        return _others(text)
    return _others(text[: found.start()] + text[found.end() :])._replace(identity=found[1])


@cache
def _others(text: str) -> AuthRound:
    """What many rounds have in common: all but the identity."""
    facts = facts_of(text, 3)
    constraints = [(word, text) for key, word in CONSTRAINTS for text in facts.lists.get(key, ())]
    return AuthRound(None, _method(facts.values), tuple(constraints))


def _method(values: dict[str, str]) -> str:
    name = values.get("class", "any")
    if name == "EAP":
        kind = joined(values.get("eap-type", "EAP"))
        identity = values.get("eap_id")
        said = f" with EAP identity '{identity}'" if identity else ""
        return f"{kind} authentication{said}"
    if name == "XAuth":
        identity = values.get("xauth_id")
        said = f" with XAuth identity '{identity}'" if identity else ""
        return f"XAuth authentication: {values.get('xauth', 'any')}{said}"
    return f"{name} authentication"


def _child_config(name: str, text: str) -> tuple[ChildConfig, set[str]]:
    """A child, and the keys of it that are not known.

    ``ipsec statusall`` does not tell proxy mode of what is loaded.
    """
    facts = facts_of(text, 4)
    child = ChildConfig(
        name=name,
        local_ts=facts.some("local-ts"),
        remote_ts=facts.some("remote-ts"),
        mode=facts.required("mode").removesuffix("_PROXY"),
        dpd_action=facts.values.get("dpd_action"),
    )
    return child, facts.unknown(CONFIG_KEYS)


CONNS = Listing(
    LIST_CONNS,
    "list-conn",
    "list-conns",
    peer,
    "a connection",
    Record(PLAIN_PEER, plain_peer, "a plain connection"),
)
