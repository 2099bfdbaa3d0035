"""The metrics by name, and series: a metric with labels and a value.

Names and units are those of Prometheus' conventions. No label holds an SPI, an id or an
address, so that a rekey makes no new series.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import NamedTuple

from check_ipsec.configuration.labels import Labels

GAUGE = "gauge"
COUNTER = "counter"
PREFIX = "ipsec_"
SUCCESS = "reading_success"


class Metric(NamedTuple):
    """A metric: its name behind ``ipsec_``, its type, its own labels, what it is."""

    name: str
    kind: str
    labels: tuple[str, ...]
    about: str


class Sample(NamedTuple):
    """One series of a metric now; ``value`` is None where it is not known.

    ``labels`` are the metric's own, in their order; ``site`` are those that options add.
    """

    name: str
    value: float | None
    labels: Labels = ()
    site: Labels = ()

    @property
    def number(self) -> float:
        """The value of a series that has one, as those of a family do."""
        if self.value is None:
            raise ValueError(f"{self.name} is not known")
        return self.value

    @property
    def all_labels(self) -> Labels:
        """Its own, then the site's."""
        return (*self.labels, *self.site)


class Family(NamedTuple):
    """A metric and all its series, each set of labels once."""

    metric: Metric
    samples: tuple[Sample, ...]


CONNECTION = ("connection",)
DIRECTED = ("connection", "direction")
METRICS = (
    Metric(SUCCESS, GAUGE, (), "Whether the last reading of the host went through."),
    Metric("reading_timestamp_seconds", GAUGE, (), "When the last good reading was begun."),
    Metric("reading_duration_seconds", GAUGE, (), "How long it took."),
    Metric("source_success", GAUGE, ("source",), "Whether a text of the host could be read."),
    Metric("charon_up", GAUGE, (), "Whether charon answers."),
    Metric("charon_info", GAUGE, ("version",), "The release of strongSwan."),
    Metric("charon_uptime_seconds", GAUGE, (), "Since charon was started."),
    Metric("charon_threads", GAUGE, ("state",), "Worker threads by what they do."),
    Metric("charon_jobs", GAUGE, ("state",), "Jobs that wait for a thread or for their time."),
    Metric("charon_heap_bytes", GAUGE, (), "The heap of charon."),
    Metric("charon_heap_used_bytes", GAUGE, (), "What of the heap is in use."),
    Metric("charon_resident_memory_bytes", GAUGE, (), "What of charon is in memory."),
    Metric("ike_sas", GAUGE, (), "IKE_SAs of the host."),
    Metric("child_sas", GAUGE, (), "CHILD_SAs of the host."),
    Metric("half_open_ike_sas", GAUGE, (), "IKE_SAs begun by peers who are not authenticated."),
    Metric("unlisted_connections", GAUGE, (),
           "What charon holds beyond the connections that are configured."),
    Metric("ike_events_total", COUNTER, ("event",), "What charon counts of IKE."),
    Metric("connection_ike_events_total", COUNTER, ("connection", "event"),
           "What charon counts of IKE for each connection."),
    Metric("xfrm_errors_total", COUNTER, ("error",), "Packets that the kernel has dropped."),
    Metric("connection_state", GAUGE, ("connection", "state"),
           "Whether a connection is in that state."),
    Metric("connection_reason", GAUGE, ("connection", "reason"),
           "Why a connection is in its state."),
    Metric("connection_cleartext", GAUGE, CONNECTION,
           "Whether its traffic leaves in clear text."),
    Metric("connection_stale", GAUGE, CONNECTION,
           "Whether it is loaded or negotiated differently than configured."),
    Metric("connection_ike_sas", GAUGE, CONNECTION, "IKE_SAs of a connection."),
    Metric("connection_child_sas", GAUGE, CONNECTION, "CHILD_SAs of a connection."),
    Metric("connection_bytes_total", COUNTER, DIRECTED, "Bytes through a connection."),
    Metric("connection_packets_total", COUNTER, DIRECTED, "Packets through a connection."),
    Metric("connection_replayed_packets_total", COUNTER, CONNECTION,
           "Packets that came a second time."),
    Metric("connection_late_packets_total", COUNTER, CONNECTION,
           "Packets that came after the replay window had passed."),
    Metric("connection_integrity_failures_total", COUNTER, CONNECTION,
           "Packets that were not what their sender had made of them."),
    Metric("connection_route_mtu_bytes", GAUGE, CONNECTION, "MTU of the route to the peer."),
    Metric("certificate_not_after_timestamp_seconds", GAUGE, ("certificate", "kind"),
           "When a certificate in use, or the list of an authority, ends."),
)  # fmt: skip


def families(samples: Iterable[Sample], without: Iterable[str] = ()) -> Iterator[Family]:
    """The metrics that have a value, in the order above, but for globs in ``without``.

    Of two series with the same labels the first counts.
    """
    left_out = tuple(without)
    found: dict[str, dict[tuple[Labels, Labels], Sample]] = {}
    for sample in samples:
        if sample.value is not None:
            found.setdefault(sample.name, {}).setdefault((sample.labels, sample.site), sample)
    for metric in METRICS:
        if metric.name in found and wanted(metric.name, left_out):
            yield Family(metric, tuple(found[metric.name].values()))


def wanted(name: str, without: Iterable[str]) -> bool:
    """Whether no glob leaves out a metric; the success of the reading always stays."""
    whole = f"{PREFIX}{name}"
    return name == SUCCESS or not any(
        fnmatchcase(name, glob) or fnmatchcase(whole, glob) for glob in without
    )
