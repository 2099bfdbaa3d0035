"""The same facts for programs: one object, ASCII only, numbers as numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from check_ipsec.model.daemon import ChildSa, IkeSa, Traffic
from check_ipsec.model.unread import UnreadLine
from check_ipsec.report.severity import Counts, Severity
from check_ipsec.truth.observe import Observation
from check_ipsec.truth.verdict import Verdict


def dumps(document: dict[str, Any]) -> str:
    """``document`` on one line; undecodable bytes are lone surrogates, escaped."""
    return json.dumps(document, ensure_ascii=True, allow_nan=False)


def failure(message: str) -> dict[str, Any]:
    """An error as the same kind of object."""
    return {
        "status": Severity.UNKNOWN.name,
        "summary": message,
        "counts": None,
        "daemon": None,
        "connections": [],
    }


def document(
    observation: Observation, counts: Counts, severity: Severity, summary: str
) -> dict[str, Any]:
    """Everything that is known of the host, as an object."""
    return {
        "status": severity.name,
        "summary": summary,
        "counts": {
            "not_established": counts.not_established,
            **counts._asdict(),
        },
        "daemon": daemon(observation),
        "kernel": kernel(observation),
        "connections": [connection(verdict) for verdict in observation.verdicts],
        "groups": list(in_common(observation)),
        "unlisted": unlisted(observation),
        "log": list(observation.log),
        "not_understood": [line._asdict() for line in unread(observation)],
    }


def in_common(observation: Observation) -> Iterator[dict[str, Any]]:
    """Connections that are down for one reason, and what else they have in common."""
    from check_ipsec.truth.common import groups

    for group in groups(observation.verdicts, observation.labels):
        names = [verdict.connection.name for verdict in group.verdicts]
        yield {"reason": group.reason, "traits": list(group.traits), "connections": names}


def unread(observation: Observation) -> tuple[UnreadLine, ...]:
    """The lines of charon and of the kernel that no production takes."""
    of_charon = observation.status.unread if observation.status else ()
    return of_charon + (observation.kernel.lines if observation.kernel else ())


def daemon(observation: Observation) -> dict[str, Any]:
    """charon: whether it answers, and what it says of itself."""
    facts: dict[str, Any] = {"running": observation.daemon_error is None}
    facts["error"] = str(observation.daemon_error) if observation.daemon_error else None
    facts["partial"] = observation.partial
    if observation.status:
        known = observation.status.daemon
        facts.update(known._asdict())
        facts["threads"] = known.threads and known.threads._asdict()
        facts["memory"] = known.memory and known.memory._asdict()
    return facts


def kernel(observation: Observation) -> dict[str, Any]:
    """Whether the kernel was asked, and why it is not known."""
    error = observation.kernel_error
    return {"asked": observation.kernel_asked, "error": str(error) if error else None}


def connection(verdict: Verdict) -> dict[str, Any]:
    """One connection; ``reason`` is null where there is nothing to explain."""
    return {
        "name": verdict.connection.name,
        "file": verdict.connection.file,
        "line": verdict.connection.line,
        "expectation": verdict.expectation.value,
        "state": verdict.state.value,
        "reason": verdict.reason_text or None,
        "cause": verdict.why and verdict.why._asdict(),
        "verified": verdict.verified,
        "cleartext": verdict.cleartext,
        "stale": verdict.stale,
        "notes": list(verdict.notes),
        "ike_sas": [ike_sa(ike) for ike in verdict.ike_sas],
        "child_sas": [child_sa(ike, child) for ike, child in verdict.sas],
    }


def ike_sa(ike: IkeSa) -> dict[str, Any]:
    """An IKE_SA without its CHILD_SAs, which may be another connection's."""
    facts = ike._asdict()
    del facts["child_sas"]
    facts["state"] = ike.state.value
    return facts


def child_sa(ike: IkeSa, child: ChildSa) -> dict[str, Any]:
    """A CHILD_SA and the number of its IKE_SA; SPIs and CPIs as 0x... texts."""
    facts = child._asdict()
    facts["state"] = child.state.value
    facts["ike_sa"] = ike.unique_id
    facts["inbound"] = traffic(child.inbound)
    facts["outbound"] = traffic(child.outbound)
    for field, digits in (("spi_in", 8), ("spi_out", 8), ("cpi_in", 4), ("cpi_out", 4)):
        if facts[field] is not None:
            facts[field] = f"0x{facts[field]:0{digits}x}"
    return facts


def traffic(one: Traffic | None) -> dict[str, Any] | None:
    """One direction of a CHILD_SA."""
    return None if one is None else one._asdict()


def unlisted(observation: Observation) -> dict[str, Any]:
    """What charon holds although ipsec.conf does not name it."""
    found = observation.unlisted
    return {
        "loaded": list(found.loaded),
        "ike_sas": [ike_sa(ike) for ike in found.ike_sas],
        "child_sas": [child_sa(ike, child) for ike, child in found.sas],
        "traps": [trap.name for trap in found.traps],
        "superseded": [child_sa(ike, child) for ike, child in found.superseded],
    }
