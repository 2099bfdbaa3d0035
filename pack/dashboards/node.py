"""The dashboard of a node: every connection, and charon."""

from __future__ import annotations

from collections.abc import Iterator

from pack.dashboards.fleet import ANY, DAYS, days
from pack.dashboards.grafana import Dashboard, Row, Variable
from pack.dashboards.panels import (
    BLUE,
    GREEN,
    ORANGE,
    PURPLE,
    RED,
    YELLOW,
    Panel,
    Query,
    above,
    both_ways,
    lines,
    named_values,
    names,
    number,
    table,
    timeline,
)
from pack.dashboards.queries import (
    ERRORS,
    FRESH,
    IS_FRESH,
    VALUES,
    busiest,
    happened,
    most,
    of_connections,
)

NODE = 'instance="$node"'
WHERE = f'{NODE}, site=~"$site", connection=~"$connection"'
NAME = "{{connection}}"


def dashboard() -> Dashboard:
    """All of it."""
    listed = 'ipsec_connection_state{state="established", instance="$node"'
    return Dashboard(
        uid="ipsec-node",
        title="IPsec node",
        about="One node that runs strongSwan, as ipsec-metrics reads it.",
        variables=(
            Variable("node", "instance", "ipsec_reading_success", many=False),
            Variable("site", "site", f"{listed}}}"),
            Variable("connection", "connection", f'{listed}, site=~"$site"}}'),
        ),
        rows=(
            Row("Now", tuple(now())),
            Row("Towards $site", tuple(towards()), repeat="site"),
            Row("Connections", tuple(connections())),
            Row("Kernel and IKE", tuple(counters())),
            Row("charon", tuple(charon())),
            Row("Certificates", tuple(certificates())),
            Row("Only with options of ipsec-metrics", tuple(optional()), collapsed=True),
        ),
        marks=Query(f"ipsec_charon_uptime_seconds{{{NODE}}} < 90", "charon started"),
        since="now-3h",
    )


def now() -> Iterator[Panel]:
    """The node at a glance."""
    yield number("Last good reading", f"Beyond {FRESH} s nothing of this is known to be true.",
                 f"time() - ipsec_reading_timestamp_seconds{{{NODE}}}",
                 above({120: ORANGE, FRESH: PURPLE}), "s")  # fmt: skip
    yield number("charon", "Up since; red where it does not run or does not answer.",
                 f"ipsec_charon_uptime_seconds{{{NODE}}} or ipsec_charon_up{{{NODE}}} == 0",
                 above({1: ORANGE, 120: GREEN}, RED), "s")  # fmt: skip
    yield names("strongSwan", "Its release.",
                f"count by (version) (ipsec_charon_info{{{NODE}}})", "version")  # fmt: skip
    yield number("In clear text", "Connections whose next packet would leave unencrypted.",
                 fresh(f"sum by (instance) (ipsec_connection_cleartext{{{WHERE}}})"),
                 above({1: PURPLE}))  # fmt: skip
    not_connected = f'ipsec_connection_state{{state="not_connected", {WHERE}}}'
    yield number("Not connected", "Connections that must be established and are not.",
                 fresh(f"sum by (instance) ({not_connected})"), ANY)  # fmt: skip
    yield number("Unlike ipsec.conf", "Connections that charon has loaded or negotiated otherwise "
                 "than the file has them now.",
                 fresh(f"sum by (instance) (ipsec_connection_stale{{{WHERE}}})"),
                 above({1: YELLOW}))  # fmt: skip


def fresh(query: str) -> str:
    """The same, as long as the reading is not old."""
    return f"{query} and on (instance) {IS_FRESH}"


def towards() -> Iterator[Panel]:
    """A site of peers; Grafana has the variable stand for one at a time."""
    yield timeline("States towards $site", "The worst that is true of each connection; "
                   "`check_ipsec -v` on the node says what is true now, with peers and SAs.",
                   Query(of_connections(WHERE), NAME), named_values(VALUES))  # fmt: skip
    yield both_ways("Traffic", "The ten connections with the most: in above the axis, out below.",
                    Query(busiest(10, carried("bytes", "in"), 8), f"{NAME} in"),
                    Query(busiest(10, carried("bytes", "out"), 8), f"{NAME} out"),
                    "bps")  # fmt: skip
    yield both_ways("Packets", "The same in packets: one that flows one way only is seen here.",
                    Query(busiest(10, carried("packets", "in")), f"{NAME} in"),
                    Query(busiest(10, carried("packets", "out")), f"{NAME} out"),
                    "pps")  # fmt: skip


def carried(what: str, direction: str) -> str:
    """What the SAs of the connections carry one way."""
    return f'ipsec_connection_{what}_total{{direction="{direction}", {WHERE}}}'


def connections() -> Iterator[Panel]:
    """What is wrong with them, now and over time."""
    yield table("Reasons", "Why a connection is not as it should be; the runbook has a section "
                "for each reason.",
                fresh(f"ipsec_connection_reason{{{WHERE}}}"),
                {"connection": "connection", "reason": "reason", "site": "site", "Value": "is"},
                )  # fmt: skip
    refused = (
        Query(busiest(10, f"{name}{{{WHERE}}}"), f"{NAME} {error}")
        for error, name in ERRORS.items()
    )
    yield lines("Refused packets", "Seen before (replayed), too old for the replay window (late), "
                "not what their sender had made of them (integrity).",
                *refused, unit="pps")  # fmt: skip
    yield lines("SAs of a connection", "The ten with the most: more than one for long are "
                "duplicates; one with an IKE_SA alone carries nothing.",
                Query(most(10, f"ipsec_connection_ike_sas{{{WHERE}}}"), f"{NAME} IKE"),
                Query(most(10, f"ipsec_connection_child_sas{{{WHERE}}}"), f"{NAME} CHILD"),
                )  # fmt: skip
    yield lines("SAs of the node", "All that charon has. Half-open: begun by peers and not "
                "authenticated. Unlisted: not in ipsec.conf, or not with this peer.",
                Query(f"ipsec_ike_sas{{{NODE}}}", "IKE"),
                Query(f"ipsec_child_sas{{{NODE}}}", "CHILD"),
                Query(f"ipsec_half_open_ike_sas{{{NODE}}}", "half-open IKE"),
                Query(f"ipsec_unlisted_connections{{{NODE}}}", "unlisted"))  # fmt: skip


def counters() -> Iterator[Panel]:
    """What the kernel and charon count."""
    yield lines("What the kernel drops", "/proc/net/xfrm_stat; errors that did not happen in the "
                "time that is shown are left out.",
                Query(happened(f"ipsec_xfrm_errors_total{{{NODE}}}", "error"), "{{error}}"),
                unit="pps")  # fmt: skip
    yield lines("IKE", "What charon counts, by `ipsec listcounters`; what did not happen in the "
                "time that is shown is left out.",
                Query(happened(f"ipsec_ike_events_total{{{NODE}}}", "event", 60), "{{event}}"),
                unit="cpm")  # fmt: skip


def charon() -> Iterator[Panel]:
    """The daemon."""
    yield lines("Threads", "What they do; charon answers nobody when none is idle.",
                Query(f"ipsec_charon_threads{{{NODE}}}", "{{state}}"), stacked=True,
                ).sized(8)  # fmt: skip
    yield lines("Jobs", "Those that wait for a thread, and those for a later time (scheduled).",
                Query(f'ipsec_charon_jobs{{state!="scheduled", {NODE}}}', "{{state}}"),
                Query(f'ipsec_charon_jobs{{state="scheduled", {NODE}}}', "scheduled"),
                ).sized(8)  # fmt: skip
    yield lines("Memory", "As the kernel has it (resident), and charon's heap.",
                Query(f"ipsec_charon_resident_memory_bytes{{{NODE}}}", "resident"),
                Query(f"ipsec_charon_heap_bytes{{{NODE}}}", "heap"),
                Query(f"ipsec_charon_heap_used_bytes{{{NODE}}}", "heap in use"),
                unit="bytes").sized(8)  # fmt: skip
    yield lines("Reading", "How long a reading takes.",
                Query(f"ipsec_reading_duration_seconds{{{NODE}}}", "seconds"), unit="s",
                ).sized(8)  # fmt: skip
    shown = timeline("Whether it went through", "The last attempt to read, and each text that is "
                     "of use and not always to be had, as its capture is called.",
                     Query(f"ipsec_reading_success{{{NODE}}}", "reading"),
                     named_values({0: ("failed", RED), 1: ("went through", BLUE)}))  # fmt: skip
    texts = Query(f"ipsec_source_success{{{NODE}}}", "{{source}}")
    yield shown._replace(queries=(*shown.queries, texts)).sized(16)


def certificates() -> Iterator[Panel]:
    """What ends when."""
    yield table("What ends first", "Certificates, authorities and lists of revoked certificates.",
                f"min by (certificate, kind) ({days(NODE)})",
                {"certificate": "certificate", "kind": "kind", "Value": "days left"},
                DAYS, is_rising=True).sized(24)  # fmt: skip


def optional() -> Iterator[Panel]:
    """What is printed only where it is asked for."""
    yield table("Route MTU: --mtu", "What the way to the peer carries.",
                f"min by (connection) (ipsec_connection_route_mtu_bytes{{{WHERE}}})",
                {"connection": "connection", "Value": "bytes"}, is_rising=True)  # fmt: skip
    events = f"ipsec_connection_ike_events_total{{{WHERE}}}"
    yield lines("IKE by connection: --ike-events-per-connection", "The ten that happen most.",
                Query(busiest(10, events, 60),
                      f"{NAME} {{{{event}}}}"), unit="cpm")  # fmt: skip
