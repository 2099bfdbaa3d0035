"""Certificates in words: first line and JSON; the table is in certificates_table.py."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from check_ipsec.model.certificates import Certificate
from check_ipsec.moment.answer import Daemon
from check_ipsec.report.headline import connections, shortened
from check_ipsec.report.severity import Severity
from check_ipsec.truth.certificate_items import Item
from check_ipsec.truth.certificates import Observation
from check_ipsec.truth.flaws import Flaw, span
from check_ipsec.truth.rounds import Loaded
from check_ipsec.truth.uses import Users
from check_ipsec.untrusted import plain

# bytes of a name on the first line
NAME = 100
PLURALS = {"ends": "end", "starts": "start", "is": "are", "has": "have", "does": "do"}
SECRETS = "/etc/ipsec.secrets"
COMMON_NAME = re.compile(r"(?:^|, )CN=([^,]+)")


class Complaint(NamedTuple):
    """A flaw that counts, and how bad that is."""

    severity: Severity
    flaw: Flaw
    text: str


class Judged(NamedTuple):
    """An item by its name, with what is wrong with it, the worst first."""

    name: str
    item: Item
    complaints: tuple[Complaint, ...]

    @property
    def severity(self) -> Severity:
        """The worst."""
        return max((one.severity for one in self.complaints), default=Severity.OK)


class Report(NamedTuple):
    """All that is to be said; the worst items first."""

    observation: Observation
    judged: tuple[Judged, ...]
    severity: Severity

    @property
    def wrong(self) -> tuple[Judged, ...]:
        """Those with something wrong."""
        return tuple(one for one in self.judged if one.complaints)

    @property
    def first(self) -> Judged | None:
        """The certificate in use that ends first."""
        ending = [one for one in self.judged if one.item.days is not None]
        return min(ending, key=lambda one: one.item.days or 0, default=None)


# --- names -------------------------------------------------------------------------


def names(items: Iterable[Item]) -> list[str]:
    """A short name for each: its common name where only one has it, else all that is needed."""
    listed = list(items)
    short = [common_name(item.subject) for item in listed]
    shared = Counter((item.noun, name) for item, name in zip(listed, short))
    whole = Counter((item.noun, item.subject) for item in listed)
    found = []
    for item, name in zip(listed, short):
        if shared[item.noun, name] == 1:
            found.append(name)
        elif whole[item.noun, item.subject] == 1 or item.certificate is None:
            found.append(item.subject)
        else:
            found.append(f"{name} {item.certificate.serial}")
    return found


def common_name(subject: str) -> str:
    """The last common name in a subject, else the whole; of a file the name alone."""
    found = COMMON_NAME.findall(subject)
    return found[-1] if found else subject.rpartition("/")[2] or subject


# --- first line ---------------------------------------------------------------------


def headline(report: Report, room: int) -> str:
    """One line of at most ``room`` bytes; names stay whole, fewer are shown instead."""
    seen = report.observation
    if seen.silence:
        total = f"{seen.silence}; on disk {how_many(report)}" if report.wrong else str(seen.silence)
        return shortened(plain(total), [named(one, told(one)) for one in report.wrong], "", room)
    if not seen.configuration.connections:
        return f"no connection in {plain(seen.configuration.path)}"
    tail = "".join(f"; {plain(text)}" for text in remarks(report))
    wrong = report.wrong
    if not wrong:
        return shortened(healthy(report), [], tail, room)
    texts = {told(one) for one in wrong}
    if len(texts) == 1:
        total = f"{how_many(report)} {agreed(texts.pop(), len(wrong))}"
        return shortened(total, [named(one, "") for one in wrong], tail, room)
    total = f"{how_many(report)} not as {'it' if len(wrong) == 1 else 'they'} should be"
    return shortened(total, [named(one, told(one)) for one in wrong], tail, room)


def told(one: Judged) -> str:
    """What is wrong with an item, in one text."""
    return " and ".join(plain(complaint.text) for complaint in one.complaints[:2])


def agreed(text: str, number: int) -> str:
    """A text with its verbs in the number of its subject."""
    if number == 1:
        return text
    parts = (part.partition(" ") for part in text.split(" and "))
    return " and ".join(f"{PLURALS.get(verb, verb)} {rest}" for verb, _, rest in parts)


def how_many(report: Report) -> str:
    """``1 of 3 certificates``: of those that are of the same kind as the wrong ones."""
    nouns = sorted({one.item.noun for one in report.wrong}, reverse=True)
    whole = sum(one.item.noun in nouns for one in report.judged)
    plurals = " and ".join(f"{noun}{'s' * (whole != 1)}" for noun in nouns)
    return f"{len(report.wrong)} of {whole} {plurals}"


def named(one: Judged, text: str) -> str:
    """An item with what is wrong, and the number of connections that it hits."""
    name = plain(one.name)
    if len(name) > NAME:
        name = f"{name[:NAME]}..."
    inner = ", ".join(filter(None, (text, hit(one.item.users))))
    return f"{name} ({inner})" if inner else name


def hit(who: Users) -> str:
    """How many connections are hit."""
    number = len(who.connections)
    if not number:
        return ""
    told = connections(number)
    return f"up to {told}" if who.maybe or not who.exact else told


def healthy(report: Report) -> str:
    """What there is where nothing is wrong."""
    seen, first = report.observation, report.first
    if first is None:
        return without(seen)
    number = sum(one.item.noun == "certificate" for one in report.judged)
    which = "the first" if number > 1 else "it"
    days = (first.item.days or 0) * 86400
    total = f"{number} certificate{'s' * (number != 1)} in use"
    ends = f"ends in {span(days)}" if days >= 0 else f"ended {span(-days)} ago"
    return f"{total}, {which} {ends}: {named(first, '')}"


def without(seen: Observation) -> str:
    """What connections have instead of certificates."""
    number = len(seen.asked_for)
    methods = set(methods_of(seen))
    if methods == {"pre-shared key authentication"}:
        return f"no certificate in use, {connections(number)} with pre-shared keys only"
    return f"no certificate in use, {connections(number)}"


def methods_of(seen: Observation) -> Iterator[str]:
    """How the connections authenticate."""
    daemon = seen.held.daemon
    if not isinstance(daemon, Daemon):
        return
    loaded = Loaded(daemon.status)
    for connection in seen.asked_for:
        for peer in loaded.peers(connection):
            yield from (one.method for one in (*peer.local_rounds, *peer.remote_rounds))


def remarks(report: Report) -> Iterator[str]:
    """What else is to be known of the answer."""
    seen = report.observation
    if seen.unloaded:
        yield f"{connections(len(seen.unloaded))} not loaded"
    yield from seen.doubts
    if seen.missing_keys and any(item_lacks_key(one) for one in report.judged):
        yield f"ipsec.secrets names {', '.join(seen.missing_keys)}, which is not there"
    # that is root's alone, and no certificate is in it
    if number := sum(SECRETS not in text for text in seen.unreadable):
        yield f"{number} file{'s' * (number != 1)} not readable"
    if number := len(seen.unread):
        yield f"{number} line{'s' * (number != 1)} of charon's answer not understood"


def item_lacks_key(one: Judged) -> bool:
    """Whether it has no private key."""
    return any(complaint.flaw is Flaw.NO_KEY for complaint in one.complaints)


# --- JSON ---------------------------------------------------------------------------


def document(report: Report, line: str) -> dict[str, Any]:
    """Everything that is known, as an object; what is not known is null."""
    seen = report.observation
    return {
        "status": report.severity.name,
        "summary": line,
        "time": seen.now.isoformat(timespec="seconds"),
        "daemon": {"running": seen.silence is None, "error": seen.silence and str(seen.silence)},
        "items": [item(one) for one in report.judged],
        "unused": [certificate(one) for one in seen.unused],
        "not_loaded": list(seen.unloaded),
        "peer_not_known": list(seen.unknown),
        "notes": [*seen.doubts, *seen.unreadable],
        "not_understood": [one._asdict() for one in seen.unread],
    }


def item(one: Judged) -> dict[str, Any]:
    """An item, with what is wrong and who is hit."""
    who = one.item.users
    crl = one.item.crl
    return {
        "name": one.name,
        "kind": one.item.noun,
        "status": one.severity.name,
        "flaws": [
            {"status": flaw.severity.name, "flaw": flaw.flaw.value, "text": flaw.text}
            for flaw in one.complaints
        ],
        "days": one.item.days,
        "own_of": sorted(who.own),
        "peer_of": sorted(who.peers),
        "exact": who.exact and not who.maybe,
        "certificate": certificate(one.item.certificate) if one.item.certificate else None,
        "crl": {
            "issuer": crl.issuer,
            "this_update": moment(crl.this_update),
            "next_update": moment(crl.next_update),
            "revoked": len(crl.revoked),
        } if crl else None,
    }  # fmt: skip


def certificate(one: Certificate) -> Mapping[str, Any]:
    """A certificate with its times as ISO 8601 has them."""
    return {
        **one._asdict(),
        "kind": one.kind.value,
        "key": one.key and one.key._asdict(),
        "not_before": moment(one.not_before),
        "not_after": moment(one.not_after),
    }


def moment(time: datetime | None) -> str | None:
    """A time, or null."""
    return time.isoformat(timespec="seconds") if time else None
