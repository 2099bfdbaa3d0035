"""How much of what a connection asks for is protected, and whether the rest leaves in clear.

What a connection asks for are the selectors that charon has loaded of it. IKEv2 peers may
agree to a part of them (RFC 7296, 2.9); an IKEv1 CHILD_SA has one pair only, and charon asks
for the first of the list (stroke_config.c; quick_mode.c, get_ts).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from check_ipsec.configuration.expectation import Expectation
from check_ipsec.truth.facts import Facts, configured_pair, loaded_selectors
from check_ipsec.truth.kernel import Choice
from check_ipsec.truth.outbound import packet
from check_ipsec.truth.sa import encrypts, is_encrypting
from check_ipsec.truth.selectors import Flow, flows

PROTECTED = (Expectation.REQUIRED, Expectation.ON_DEMAND)


def in_clear(facts: Facts, usable: bool) -> bool | None:
    """Whether traffic of a required or on-demand connection leaves unencrypted.

    ``usable``: the kernel protects what one of its SAs is for. None where the kernel is not
    known, or no selector says addresses.
    """
    kernel = facts.kernel
    if facts.expectation not in PROTECTED or kernel is None or not facts.policies:
        return None
    if usable and len(facts.carrying) == 1 and not facts.traps and not has_one_pair(facts):
        return False
    known = False
    for flow, reqid, host in protected_flows(facts):
        if flow is None:
            continue
        known = True
        choice = kernel.sends(packet(facts, kernel, flow, reqid, host, "out"))
        if choice.fate.in_clear and not kernel.policies.may_hide(flow, "out"):
            return True
        if choice.states and is_readable(facts, choice):
            return True
    return False if known else None


def is_readable(facts: Facts, choice: Choice) -> bool:
    """Whether the kernel does not encrypt what charon says is encrypted."""
    agreed = any(encrypts(child) for _, child in facts.carrying)
    return agreed and not any(map(is_encrypting, choice.states))


def protected_flows(facts: Facts) -> Iterator[tuple[Flow | None, int, str]]:
    """The flows that are to be protected now, each with a reqid and the host of its SA.

    Those of its SAs and traps; those that are asked for where there are none, or where
    IKEv1 leaves some out.
    """
    for ike, child in facts.carrying:
        for flow in flows(child.local_ts, child.remote_ts):
            yield flow, child.reqid, ike.remote_host
    for trap in facts.traps:
        for flow in flows(trap.local_ts, trap.remote_ts):
            yield flow, trap.reqid or 0, ""
    if has_one_pair(facts) or not (facts.traps or facts.carrying):
        for flow in asked_for(facts):
            yield flow, 0, ""


def has_one_pair(facts: Facts) -> bool:
    """Whether its CHILD_SAs have one pair of selectors only."""
    return any(ike.version == "IKEv1" for ike, _ in facts.carrying)


def asked_for(facts: Facts) -> tuple[Flow | None, ...]:
    """The flows of the selectors that charon has loaded, or that the file has.

    Behind a NAT nobody can foretell which address a ``dynamic`` one becomes.
    """
    behind_nat = any(child.udp_encapsulation for _, child in facts.carrying)
    local, remote = loaded_selectors(facts, resolve=not behind_nat) or configured_pair(facts)
    return flows(local, remote)


def uncovered(facts: Facts) -> str:
    """What of that no SA of an established connection covers, or an empty text.

    Selectors that say no addresses cannot be compared. A client takes what its gateway
    leaves of them (``leftsourceip``), and a trap of IKEv1 waits for traffic of the rest.
    """
    if facts.expectation not in PROTECTED or facts.settings.get("leftsourceip"):
        return ""
    if facts.traps and any(ike.version == "IKEv1" for ike in facts.ike_sas):
        return ""
    pairs = [flows(child.local_ts, child.remote_ts) for _, child in facts.carrying]
    wanted = asked_for(facts)
    if wanted in pairs:
        return ""
    sas = [flow for flows_of_one in pairs for flow in flows_of_one if flow]
    asked = [flow for flow in wanted if flow and flow not in sas]
    missing = next((flow for flow in asked if not any(flow.lies_in(sa) for sa in sas)), None)
    return told(missing, sas) if missing else ""


def told(missing: Flow, sas: Iterable[Flow]) -> str:
    """What is missing of a flow: all of an end, or what the SAs leave of it."""
    within = [sa for sa in sas if sa.lies_in(missing)]
    for end in ("destination", "source"):
        asked = getattr(missing, end)
        left = dict.fromkeys(getattr(sa, end) for sa in within)
        if within and asked not in left:
            return f"of {asked} only {', '.join(left)}"
    return f"not {missing.source} to {missing.destination}"
