"""IKE_SAs and their CHILD_SAs: ``swanctl --list-sas``."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from check_ipsec.grammar.of_vici.facts import (
    Read,
    facts_of,
    filled,
    in_order,
    items_of,
    joined,
    number,
    sections_of,
    state_of,
)
from check_ipsec.grammar.of_vici.listing import Listing
from check_ipsec.grammar.records import Record
from check_ipsec.model.daemon import ChildSa, ChildState, IkeSa, IkeState, Traffic
from check_ipsec.model.unread import LIST_SAS

ALGORITHMS = (
    *("encr-alg", "encr-keysize", "integ-alg", "integ-keysize", "prf-alg", "dh-group"),
    *(f"ake{number}" for number in range(1, 8)),
)
IKE_KEYS = frozenset(
    (
        *("uniqueid", "version", "state", "local-host", "local-port", "local-id"),
        *("remote-host", "remote-port", "remote-id", "remote-xauth-id", "remote-eap-id"),
        *("initiator", "initiator-spi", "responder-spi", "nat-local", "nat-remote", "nat-fake"),
        *("nat-any", "if-id-in", "if-id-out", *ALGORITHMS, "ppk", "established", "rekey-time"),
        *("reauth-time", "local-vips", "remote-vips", "tasks-queued", "tasks-active"),
        *("tasks-passive", "child-sas"),
    )
)
CHILD_KEYS = frozenset(
    (
        *("name", "uniqueid", "reqid", "state", "mode", "label", "protocol", "encap"),
        *("spi-in", "spi-out", "cpi-in", "cpi-out", "mark-in", "mark-mask-in", "mark-out"),
        *("mark-mask-out", "if-id-in", "if-id-out", "per-cpu-sas", "cpu", *ALGORITHMS, "esn"),
        *("bytes-in", "packets-in", "use-in", "bytes-out", "packets-out", "use-out"),
        *("rekey-time", "life-time", "install-time", "local-ts", "remote-ts"),
    )
)


# nearly all are up, have one CHILD_SA that is in use, and no tasks
PLAIN_IKE = (
    *("uniqueid", "version", "state = ESTABLISHED", "local-host", "local-port = 4?500"),
    *("local-id", "remote-host", "remote-port = 4?500", "remote-id", "initiator?"),
    *("initiator-spi", "responder-spi", "*nat-(?:local|remote|fake|any) = yes"),
    *("encr-alg", "encr-keysize?", "integ-alg?", "prf-alg?", "dh-group?"),
    *("established?", "rekey-time?", "reauth-time?"),
)
PLAIN_CHILD = (
    *("name", "uniqueid", "reqid", "state = INSTALLED", "mode", "protocol", "encap?"),
    *("spi-in", "spi-out"),
    *("encr-alg", "encr-keysize?", "integ-alg?", "dh-group?"),
    *("bytes-in", "packets-in", "use-in?", "bytes-out", "packets-out", "use-out?"),
    *("rekey-time?", r"life-time = \d+", r"install-time = \d+"),
)
PLAIN_SA = (
    r"list-sa event \{\n  ([^\n]*) \{\n"
    + in_order(2, PLAIN_IKE)
    + r"    child-sas \{\n      [^\n]* \{\n"
    + in_order(4, PLAIN_CHILD)
    + filled(4, "local-ts")
    + filled(4, "remote-ts")
    + r"      \}\n    \}\n  \}\n\}\n"
)


def plain_sa(found: re.Match[str]) -> Read:
    """A plain IKE_SA with its CHILD_SA of their match."""
    name, *ike = found.groups()[:10]
    encr, size, integ, *more = found.groups()[10:15]
    times = found.groups()[15:18]
    child = _plain_child(*found.groups()[18:])
    proposal = _proposal(encr, size, integ, None, *more)
    read = _ike_sa_of(name, *ike, *times, proposal=proposal, child_sas=(child,))
    return Read(read, found.start(), ())


def _plain_child(
    name: str, unique_id: str, reqid: str, mode: str, protocol: str, encap: str | None,
    spi_in: str, spi_out: str, encr: str, size: str | None, integ: str | None, group: str | None,
    *more: Any,
) -> ChildSa:  # fmt: skip
    *counted, rekey_in, local_ts, remote_ts = more
    proposal = _proposal(encr, size, integ, None, None, group)
    selectors = items_of(local_ts, 10), items_of(remote_ts, 10)
    ids = name, unique_id, reqid, mode, protocol, encap, spi_in, spi_out
    return _child_sa_of(*ids, *counted, rekey_in, proposal=proposal, selectors=selectors)


def ike_sa(found: re.Match[str]) -> Read:
    """An IKE_SA of its match. Raises ValueError where something is missing."""
    facts = facts_of(found["facts"], 2)
    state = state_of(IkeState, facts.required("state"))
    additions = facts.unknown(IKE_KEYS)
    children = []
    for _, text in sections_of(facts.sections.get("child-sas", ""), 3):
        child, unknown = _child_sa(text)
        children.append(child)
        additions |= unknown
    values = facts.values
    plain: list[Any] = [
        *map(facts.required, ("uniqueid", "version", *IKE_ENDS)),
        values.get("initiator"),
        *map(facts.required, ("initiator-spi", "responder-spi")),
        *map(values.get, ("established", "rekey-time", "reauth-time")),
    ]
    ike = _ike_sa_of(
        found["name"], *plain, proposal=_proposal_in(values), child_sas=tuple(children)
    )._replace(
        state=state,
        remote_eap_id=values.get("remote-eap-id", values.get("remote-xauth-id")),
        tasks_queued=facts.lists.get("tasks-queued", ()),
        tasks_active=facts.lists.get("tasks-active", ()),
        tasks_passive=facts.lists.get("tasks-passive", ()),
        understood=state is not IkeState.UNKNOWN,
    )
    return Read(ike, found.start(), tuple(sorted(additions)))


IKE_ENDS = ("local-host", "local-id", "remote-host", "remote-id")


def _ike_sa_of(
    name: str, unique_id: str, version: str, local_host: str, local_id: str, remote_host: str,
    remote_id: str, initiator: str | None, initiator_spi: str, responder_spi: str,
    age: str | None, rekey_in: str | None, reauth_in: str | None,
    *, proposal: str | None, child_sas: tuple[ChildSa, ...],
) -> IkeSa:  # fmt: skip
    """One that is up and has no tasks; what others have is put in its place."""
    return IkeSa(
        name=name,
        unique_id=int(unique_id),
        state=IkeState.ESTABLISHED,
        age=number(age),
        local_host=local_host,
        local_id=local_id,
        remote_host=remote_host,
        remote_id=remote_id,
        remote_eap_id=None,
        version=f"IKEv{version}",
        initiator_spi=initiator_spi,
        responder_spi=responder_spi,
        initiator=initiator is not None,
        rekey_in=_left(rekey_in),
        reauth_in=_left(reauth_in),
        proposal=proposal,
        tasks_queued=(),
        tasks_active=(),
        tasks_passive=(),
        child_sas=child_sas,
        understood=True,
    )


def _child_sa(text: str) -> tuple[ChildSa, set[str]]:
    """A CHILD_SA, and the keys of it that are not known.

    What stroke tells of one that is INSTALLED only is taken of such a one only: in other
    states one of its two states in the kernel may be gone.
    """
    facts = facts_of(text, 4)
    state = state_of(ChildState, facts.required("state"))
    installed = state is ChildState.INSTALLED
    used = facts.values if installed else {}
    listed = facts.some if installed else lambda key: facts.lists.get(key, ())
    plain: list[Any] = [
        *map(facts.required, ("name", "uniqueid", "reqid", "mode")),
        *(used.get("protocol"), facts.values.get("encap")),
        *map(used.get, ("spi-in", "spi-out", *COUNTED, "rekey-time")),
    ]
    child = _child_sa_of(
        *plain,
        proposal=_proposal_in(used),
        selectors=(listed("local-ts"), listed("remote-ts")),
    )._replace(
        state=state,
        cpi_in=number(used.get("cpi-in"), 16),
        cpi_out=number(used.get("cpi-out"), 16),
        expires_in=None if installed else _left(facts.values.get("life-time")),
        understood=state is not ChildState.UNKNOWN,
    )
    return child, facts.unknown(CHILD_KEYS)


COUNTED = ("bytes-in", "packets-in", "use-in", "bytes-out", "packets-out", "use-out")


def _child_sa_of(
    name: str, unique_id: str, reqid: str, mode: str, protocol: str | None, encap: str | None,
    spi_in: str | None, spi_out: str | None, *more: str | None, proposal: str | None,
    selectors: tuple[tuple[str, ...], tuple[str, ...]],
) -> ChildSa:  # fmt: skip
    """One that is in use; what others have, or have not, is put in its place."""
    *counted, rekey_in = more
    left = number(rekey_in)
    return ChildSa(
        name=name,
        unique_id=int(unique_id),
        state=ChildState.INSTALLED,
        mode=mode,
        reqid=int(reqid),
        protocol=protocol,
        udp_encapsulation=encap is not None,
        spi_in=number(spi_in, 16),
        spi_out=number(spi_out, 16),
        cpi_in=None,
        cpi_out=None,
        expires_in=None,
        proposal=proposal,
        inbound=_traffic(*counted[:3]),
        outbound=_traffic(*counted[3:]),
        rekey_in=None if left is None else max(0, left),
        rekeying_due=left is not None and left < 0,
        local_ts=selectors[0],
        remote_ts=selectors[1],
        understood=True,
    )


def _proposal_in(values: dict[str, str]) -> str | None:
    said = map(values.get, ALGORITHMS[:6])
    others = tuple(f"KE{key[3:]}_{values[key]}" for key in ALGORITHMS[6:] if key in values)
    return _proposal(*said, *others, *(("ESN",) if "esn" in values else ()))


@cache
def _proposal(
    encr: str | None, encr_size: str | None, integ: str | None, integ_size: str | None,
    *more: str | None,
) -> str | None:  # fmt: skip
    """What was negotiated, as ``ipsec statusall`` prints it (proposal_printf_hook)."""
    words = (joined(encr, encr_size), joined(integ, integ_size), *more)
    return "/".join(filter(None, words)) or None


def _left(seconds: str | None) -> int | None:
    """The seconds until something; what is overdue is due now."""
    return None if seconds is None else max(0, int(seconds))


def _traffic(octets: str | None, packets: str | None, use: str | None) -> Traffic | None:
    return None if octets is None else Traffic(int(octets), number(packets), number(use))


SAS = Listing(
    LIST_SAS,
    "list-sa",
    "list-sas",
    ike_sa,
    "an IKE_SA",
    Record(PLAIN_SA, plain_sa, "a plain IKE_SA"),
)
