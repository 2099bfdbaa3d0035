"""The series of one reading."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from check_ipsec.configuration.labels import Label, Labels, labels_of
from check_ipsec.metrics.reading import Reading
from check_ipsec.metrics.series import SUCCESS, Sample
from check_ipsec.metrics.totals import ALL, IKE, KERNEL
from check_ipsec.model.certificates import Kind
from check_ipsec.truth.certificate_items import Item
from check_ipsec.truth.charon import PRIORITIES, of_status
from check_ipsec.truth.traffic import Carried
from check_ipsec.truth.verdict import State, Verdict
from check_ipsec.untrusted import plain

# charon's name of an event over VICI, by that in `ipsec listcounters` (counters_query.c,
# stroke_counter.c)
REQUESTS = {"Init": "ike-init", "Auth": "ike-auth", "CrChild": "create-child", "Info": "info"}
EVENTS = {
    "ikeInitRekey": "ike-rekey-init",
    "ikeRspRekey": "ike-rekey-resp",
    "ikeChildSaRekey": "child-rekey",
    "ikeInInvalid": "invalid",
    "ikeInInvalidSpi": "invalid-spi",
    **{
        f"ike{way}{kind}{short}": f"{name}-{way.lower()}-{long}"
        for kind, name in REQUESTS.items()
        for way in ("In", "Out")
        for short, long in (("Req", "req"), ("Rsp", "resp"))
    },
}
STATES = {state: state.value.replace(" ", "_") for state in State}
CRL = "CRL"
KINDS = {Kind.AUTHORITY: "CA"}
END_ENTITY = "end entity"


def failed() -> Sample:
    """The one thing that a reading says that did not go through."""
    return Sample(SUCCESS, 0)


def samples(reading: Reading, labels: Iterable[Label]) -> Iterator[Sample]:
    """All that a reading says; ``labels`` are those of the site's own."""
    names = [one.connection.name for one in reading.observation.verdicts]
    sites = labels_of(names, labels)
    traffic = reading.traffic.judged if reading.traffic.adds_up else ()
    carried = {one.carried.name: one.carried for one in traffic}
    yield from of_reading(reading)
    yield from of_charon(reading)
    yield from of_counters(reading, sites)
    for verdict in reading.observation.verdicts:
        name = verdict.connection.name
        yield from of_connection(verdict, reading, sites[name])
        if name in carried:
            yield from of_traffic(carried[name], sites[name])
    yield from of_certificates(reading.certificates or ())


def of_reading(reading: Reading) -> Iterator[Sample]:
    """The reading itself."""
    yield Sample(SUCCESS, 1)
    yield Sample("reading_timestamp_seconds", reading.begin.timestamp())
    yield Sample("reading_duration_seconds", round(reading.seconds, 6))
    for source, had in reading.had.items():
        yield Sample("source_success", int(had), (("source", source.file),))
    yield Sample("source_success", int(reading.traffic.adds_up), (("source", "memory"),))


def of_charon(reading: Reading) -> Iterator[Sample]:
    """charon as a whole; of one that does not answer, that alone."""
    status = reading.charon.status
    yield Sample("charon_up", int(status is not None))
    if status is None:
        return
    measures = of_status(reading.charon)
    if status.daemon.version:
        yield Sample("charon_info", 1, (("version", plain(status.daemon.version)),))
    for name, measure in (
        ("charon_uptime_seconds", "uptime"),
        ("charon_heap_bytes", "heap"),
        ("charon_heap_used_bytes", "heap_used"),
        ("charon_resident_memory_bytes", "resident"),
        ("ike_sas", "ike_sas"),
        ("child_sas", "child_sas"),
        ("half_open_ike_sas", "half_open"),
    ):
        yield Sample(name, measures[measure])
    yield Sample("unlisted_connections", reading.observation.unlisted.number())
    threads = [("idle", "threads_idle"), *((f"working_{one}",) * 2 for one in PRIORITIES)]
    jobs = [*((f"queued_{one}", f"queue_{one}") for one in PRIORITIES), ("scheduled",) * 2]
    for name, rows in (("charon_threads", threads), ("charon_jobs", jobs)):
        yield from (Sample(name, measures[measure], (("state", state),)) for state, measure in rows)


def of_counters(reading: Reading, sites: dict[str, Labels]) -> Iterator[Sample]:
    """What charon and the kernel count."""
    for (kind, name, key), total in reading.counters.items():
        if kind == KERNEL:
            yield Sample("xfrm_errors_total", total, (("error", plain(key)),))
        elif kind == IKE and name == ALL:
            yield Sample("ike_events_total", total, (("event", event(key)),))
        elif name in sites:
            labels = (("connection", plain(name)), ("event", event(key)))
            yield Sample("connection_ike_events_total", total, labels, sites[name])


def event(key: str) -> str:
    """The name of an event; of one that no known release counts, as it is printed."""
    return EVENTS.get(key, key)


def of_connection(verdict: Verdict, reading: Reading, site: Labels) -> Iterator[Sample]:
    """What is true of a connection."""
    own = (("connection", plain(verdict.connection.name)),)
    for state, word in STATES.items():
        yield Sample("connection_state", int(verdict.state is state), (*own, ("state", word)), site)
    if verdict.reason:
        labels = (*own, ("reason", verdict.reason.value))
        yield Sample("connection_reason", 1, labels, site)
    cleartext = None if verdict.cleartext is None else int(verdict.cleartext)
    yield Sample("connection_cleartext", cleartext, own, site)
    if reading.observation.status is not None:
        yield Sample("connection_stale", int(verdict.stale), own, site)
        yield Sample("connection_ike_sas", len(verdict.ike_sas), own, site)
        yield Sample("connection_child_sas", len(verdict.sas), own, site)


def of_traffic(carried: Carried, site: Labels) -> Iterator[Sample]:
    """What has gone through a connection."""
    own = (("connection", plain(carried.name)),)
    total = carried.track.total
    for direction, amount in (("in", total.inbound), ("out", total.outbound)):
        labels = (*own, ("direction", direction))
        yield Sample("connection_bytes_total", amount.octets, labels, site)
        yield Sample("connection_packets_total", amount.packets, labels, site)
    refused = total.refused
    yield Sample("connection_replayed_packets_total", refused.replayed, own, site)
    yield Sample("connection_late_packets_total", refused.late, own, site)
    yield Sample("connection_integrity_failures_total", refused.failed, own, site)
    if isinstance(carried.mtu, int):
        yield Sample("connection_route_mtu_bytes", carried.mtu, own, site)


def of_certificates(items: Iterable[Item]) -> Iterator[Sample]:
    """When what connections use ends; of several with the same subject, the first that does."""
    ends: dict[Labels, float] = {}
    for item in items:
        one, crl = item.certificate, item.crl
        moment = one.not_after if one else crl and crl.next_update
        if moment is not None:
            kind = KINDS.get(one.kind, END_ENTITY) if one else CRL
            labels: Labels = (("certificate", plain(item.subject)), ("kind", kind))
            end = moment.timestamp()
            ends[labels] = min(end, ends.get(labels, end))
    for labels, end in ends.items():
        yield Sample("certificate_not_after_timestamp_seconds", end, labels)
