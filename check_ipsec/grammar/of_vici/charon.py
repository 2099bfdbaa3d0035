"""charon itself: ``swanctl --stats`` and ``swanctl --version --daemon``."""

from __future__ import annotations

import re
from typing import NamedTuple

from check_ipsec.grammar.of_vici.facts import Facts, facts_of, indented
from check_ipsec.grammar.records import Record
from check_ipsec.model.daemon import Daemon, Memory, Threads

PRIORITIES = ("critical", "high", "medium", "low")
SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}


class Stats(NamedTuple):
    """charon itself, and how many IKE_SAs it counts, half-open ones among them or not."""

    daemon: Daemon
    ike_sas: int
    half_open: int


def stats(found: re.Match[str]) -> Stats:
    """What the reply says. Raises ValueError where a number is missing."""
    facts = facts_of(found["facts"], 1)
    inner = {key: facts_of(text, 2) for key, text in facts.sections.items()}
    empty = Facts({}, {}, {})
    counts = inner.get("ikesas", empty)
    running = inner.get("uptime", empty).values
    daemon = Daemon(
        version=None,
        system=None,
        uptime=_uptime(running.get("running", "")),
        since=running.get("since"),
        memory=_memory(inner.get("mallinfo", empty)),
        threads=_threads(facts, inner),
        plugins=facts.lists.get("plugins", ()),
    )
    return Stats(daemon, int(counts.required("total")), int(counts.required("half-open")))


def _uptime(text: str) -> int | None:
    found = re.fullmatch(r"(\d+) (second|minute|hour|day)s?", text)
    return int(found[1]) * SECONDS[found[2]] if found else None


def _memory(facts: Facts) -> Memory | None:
    sizes = [facts.number(key) for key in Memory._fields]
    return Memory(*(size for size in sizes if size is not None)) if None not in sizes else None


def _threads(facts: Facts, inner: dict[str, Facts]) -> Threads | None:
    workers, queues = inner.get("workers"), inner.get("queues")
    if not workers or not queues:
        return None
    active = facts_of(workers.sections.get("active", ""), 3)
    return Threads(
        idle=int(workers.required("idle")),
        total=int(workers.required("total")),
        working=_four(active),
        queued=_four(queues),
        scheduled=int(facts.required("scheduled")),
    )


def _four(facts: Facts) -> tuple[int, int, int, int]:
    critical, high, medium, low = (int(facts.required(priority)) for priority in PRIORITIES)
    return critical, high, medium, low


STATS = Record(rf"stats reply \{{\n(?P<facts>{indented(1)})\}}\n", stats, "'stats reply'")
VERSION = Record(
    rf"version reply \{{\n(?P<facts>{indented(1)})\}}\n",
    lambda found: facts_of(found["facts"], 1),
    "'version reply'",
)
