"""What was agreed on, against policy: first line, table and JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from check_ipsec.report.headline import connections, shortened
from check_ipsec.report.layout import LEAST_WIDTH, columns, folded, row
from check_ipsec.report.severity import Severity
from check_ipsec.truth.concerns import Concern
from check_ipsec.truth.observe_crypto import Agreement, Agreements
from check_ipsec.untrusted import plain

HEADINGS = ("connection", "SA", "agreed on")
WIDTHS = (13, 6, 50)
NOTHING = "-"
# names of connections for which the same is to be said
NAMES = 3
RUNBOOK = "/usr/share/doc/monitoring-plugins-ipsec/runbook.md"


class Complaint(NamedTuple):
    """A concern and how bad it is; ``about`` and ``text`` as of the concern."""

    severity: Severity
    concern: Concern
    about: str
    text: str


class Judged(NamedTuple):
    """A connection and what is against policy, the worst first."""

    agreement: Agreement
    complaints: tuple[Complaint, ...]

    @property
    def severity(self) -> Severity:
        """The worst."""
        return max((one.severity for one in self.complaints), default=Severity.OK)


class Report(NamedTuple):
    """All that is to be said."""

    agreements: Agreements
    judged: tuple[Judged, ...]

    @property
    def against(self) -> list[Judged]:
        """The connections that are against policy, the worst first, then by name."""
        found = [one for one in self.judged if one.complaints]
        return sorted(found, key=lambda one: (-one.severity, one.agreement.name))


def severity(report: Report) -> Severity:
    """How bad it is; a kernel that was asked in vain is a warning, as in check_ipsec."""
    agreements = report.agreements
    if not says_something(agreements):
        return Severity.CRITICAL
    found = {one.severity for one in report.judged} | {Severity.OK}
    if agreements.kernel_error or agreements.unread:
        found.add(Severity.WARNING)
    return Severity.CRITICAL if Severity.CRITICAL in found else max(found)


# --- the first line -----------------------------------------------------------------


def first_line(report: Report, room: int) -> str:
    """One line of at most ``room`` bytes; names stay whole, fewer are shown instead."""
    tail = "".join(f"; {plain(text)}" for text in remarks(report))
    names = list(groups(report.against)) if says_something(report.agreements) else []
    return shortened(total(report), names, tail, room)


def says_something(agreements: Agreements) -> bool:
    """Whether charon answers, and the file has anything switched on."""
    return agreements.silence is None and agreements.switched_on


def total(report: Report) -> str:
    """What there is, or how much of it is against policy."""
    if report.agreements.silence:
        return plain(str(report.agreements.silence))
    path = plain(report.agreements.configuration.path)
    if not report.agreements.switched_on:
        any_there = report.agreements.configuration.connections
        return f"no connection in {path}{' is switched on' if any_there else ''}"
    if not report.judged:
        return f"no connection in {path} encrypts"
    if against := report.against:
        return f"{len(against)} of {connections(len(report.judged))} against policy"
    without = sum(not one.agreement.has_sa for one in report.judged)
    beside = f", {without} of them without an SA" if without else ""
    return f"{connections(len(report.judged))} as policy has it{beside}"


def groups(against: Iterable[Judged]) -> Iterator[str]:
    """The connections with what is against policy; those with the same words together."""
    found: dict[str, list[str]] = {}
    for one in against:
        found.setdefault(words(one.complaints), []).append(plain(one.agreement.name))
    for text, names in found.items():
        more = f" + {len(names) - NAMES} more" if len(names) > NAMES else ""
        yield f"{', '.join(names[:NAMES])}{more} ({text})"


def words(complaints: Iterable[Complaint]) -> str:
    """What is against policy, each once: ``IKE: 3DES_CBC, MODP_1024; IKEv1``."""
    found: dict[str, dict[str, None]] = {}
    for one in complaints:
        if one.about:
            found.setdefault(one.about, {})[one.text] = None
        else:
            found[one.text] = {}
    return "; ".join(
        plain(f"{about}: {', '.join(texts)}" if texts else about) for about, texts in found.items()
    )


def remarks(report: Report) -> Iterator[str]:
    """What stands in the way of a full answer."""
    agreements = report.agreements
    if agreements.kernel_error:
        yield str(agreements.kernel_error)
    if agreements.partial:
        yield "charon's answer is partial"
    if number := len(agreements.unread):
        yield f"{number} line{'s' * (number != 1)} not understood"


# --- the table ----------------------------------------------------------------------


def table(report: Report, width: int, details: bool) -> Iterator[str]:
    """What each connection has agreed on, those against policy first.

    What all together have agreed on stands below, counted; ``details`` adds what the file has.
    """
    width = max(width, LEAST_WIDTH)
    if report.agreements.silence is None:
        yield row(HEADINGS, WIDTHS).rstrip()
        well = [one for one in report.judged if not one.complaints]
        for one in (*report.against, *well):
            yield from lines(one, width, details)
        yield from counted(report.judged, width)
    for line in report.agreements.unread:
        yield from folded(
            f"not understood, {line.section}, line {line.line}: {plain(line.text)}", width, 0
        )
    shown = {complaint.concern for one in report.judged for complaint in one.complaints}
    if shown:
        anchors = " ".join(f"#{concern.anchor}" for concern in Concern if concern in shown)
        yield from folded(f"see {RUNBOOK} {anchors}", width, 0)


def lines(one: Judged, width: int, details: bool) -> Iterator[str]:
    """One connection: its SAs, and what is against policy."""
    name, agreement = plain(one.agreement.name), one.agreement
    agreed = list(dict.fromkeys(proposals(agreement))) or [("", "no SA")]
    if columns(name) > WIDTHS[0]:
        yield name
        name = ""
    for version, proposal in agreed:
        yield row((name, version, plain(proposal)), WIDTHS).rstrip()
        name = ""
    for complaint in one.complaints:
        about = f"{complaint.about}: " if complaint.about else ""
        said = f"{complaint.severity.name}: {plain(about + complaint.text)}"
        explained = "" if complaint.concern.value in said else f" ({complaint.concern.value})"
        yield from folded(f"{said}{explained}", width, 2)
    for key in ("ike", "esp", "ah") if details and agreement.settings else ():
        if agreement.settings and key in agreement.settings:
            yield from folded(plain(f"{key}={agreement.settings[key]}"), width, 2)
    if details and agreement.settings is None:
        yield "  not in ipsec.conf"


def proposals(agreement: Agreement) -> Iterator[tuple[str, str]]:
    """Version of IKE, or protocol, and proposal."""
    for ike in agreement.ike_sas:
        yield ike.version, ike.proposal or NOTHING
    for _, child in agreement.sas:
        if child.proposal:
            yield child.protocol or NOTHING, child.proposal


def counted(judged: Iterable[Judged], width: int) -> Iterator[str]:
    """How many connections have agreed on what."""
    found = Counter[tuple[str, str]]()
    for one in judged:
        found.update(list(dict.fromkeys(proposals(one.agreement))))
    for (version, proposal), number in found.most_common():
        yield from folded(f"{connections(number)}: {version} {plain(proposal)}", width, 0)


# --- JSON ---------------------------------------------------------------------------


def document(report: Report, summary: str) -> dict[str, Any]:
    """Everything that is known, as an object."""
    agreements = report.agreements
    silence, kernel_error = agreements.silence, agreements.kernel_error
    return {
        "status": severity(report).name,
        "summary": summary,
        "connections": [as_object(one) for one in report.judged],
        "daemon": {"running": silence is None, "error": str(silence) if silence else None},
        "kernel": {
            "asked": agreements.states is not None or kernel_error is not None,
            "error": str(kernel_error) if kernel_error else None,
        },
        "not_understood": [line._asdict() for line in agreements.unread],
    }


def as_object(one: Judged) -> dict[str, Any]:
    """One connection."""
    agreement = one.agreement
    settings = agreement.settings
    return {
        "name": agreement.name,
        "listed": settings is not None,
        "settings": settings and {key: settings.get(key) for key in ("ike", "esp", "ah", "type")},
        "ike_sas": [
            {"unique_id": ike.unique_id, "version": ike.version, "proposal": ike.proposal}
            for ike in agreement.ike_sas
        ],
        "child_sas": [
            {
                "unique_id": child.unique_id,
                "protocol": child.protocol,
                "mode": child.mode,
                "proposal": child.proposal,
            }
            for _, child in agreement.sas
        ],
        "against_policy": [
            {
                "status": found.severity.name,
                "reason": found.concern.value,
                "about": found.about or None,
                "text": found.text,
            }
            for found in one.complaints
        ],
    }
