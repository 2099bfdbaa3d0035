"""Traps and shunts: ``swanctl --list-pols``."""

from __future__ import annotations

import re
from typing import NamedTuple

from check_ipsec.grammar.of_vici.facts import Read, facts_of
from check_ipsec.grammar.of_vici.listing import Listing
from check_ipsec.model.daemon import Shunt, Trap
from check_ipsec.model.unread import LIST_POLS

SHUNTS = ("PASS", "DROP")
POLICY_KEYS = frozenset(("child", "ike", "reqid", "mode", "label", "local-ts", "remote-ts"))


class Policy(NamedTuple):
    """A trap or a shunt, and the connection that it is of; a shunt of a plugin has none."""

    ike: str | None
    installed: Trap | Shunt


def policy(found: re.Match[str]) -> Read:
    """A trap or a shunt of its match. Raises ValueError where something is missing."""
    facts = facts_of(found["facts"], 2)
    mode, name = facts.required("mode"), facts.required("child")
    local, remote = facts.some("local-ts"), facts.some("remote-ts")
    installed: Trap | Shunt
    if mode in SHUNTS:
        installed = Shunt(name, local, remote, mode)
    else:
        installed = Trap(name, None, mode, facts.number("reqid"), local, remote)
    policy = Policy(facts.values.get("ike"), installed)
    return Read(policy, found.start(), tuple(sorted(facts.unknown(POLICY_KEYS))))


POLICIES = Listing(LIST_POLS, "list-policy", "list-policies", policy, "a policy")
