"""The dashboard of a fleet: which site, which nodes, how bad, since when."""

from __future__ import annotations

from collections.abc import Iterator

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
    coloured,
    lines,
    linked,
    matrix,
    named_values,
    names,
    number,
    table,
    timeline,
)
from pack.dashboards.queries import (
    BYTES,
    COLOURS,
    CONNECTIONS,
    FRESH,
    IN_CLEAR,
    REASONS,
    REFUSED,
    UNLIKE,
    UNWELL,
    VALUES,
    happened,
    label,
    least,
    most,
    of_nodes,
)

NODES = 'instance=~"$node"'
WHERE = f'{NODES}, site=~"$site"'
# which days are bad: the defaults of check_ipsec_certs
DAYS = above({7: ORANGE, 30: GREEN}, RED)
ANY = above({1: RED})
TO_THE_NODE = "/d/ipsec-node?var-datasource=${datasource}&${__url_time_range}&var-node="
DOWN = f'state=~"{"|".join((*map(label, UNWELL), "not_read"))}"'


def dashboard() -> Dashboard:
    """All of it."""
    return Dashboard(
        uid="ipsec-fleet",
        title="IPsec fleet",
        about="Nodes that run strongSwan, as ipsec-metrics reads them. Needs the recording rules "
        "that lie beside this dashboard.",
        variables=(
            Variable("site", "site", CONNECTIONS),
            Variable("node", "instance", "ipsec_reading_success"),
        ),
        rows=(
            Row("Now", tuple(now())),
            Row("Connections", tuple(connections())),
            Row("Towards $site", tuple(towards()), repeat="site"),
            Row("charon and kernel", tuple(daemons())),
            Row("Certificates", tuple(certificates())),
            Row("Reading", tuple(reading())),
        ),
    )


def now() -> Iterator[Panel]:
    """What must be seen from the other end of the room."""
    last = f"last_over_time(ipsec_reading_timestamp_seconds{{{NODES}}}[1d])"
    yield number("Nodes not read", "Nodes that were read within a day, and whose last good reading "
                 f"is older than {FRESH} s: nothing is known of their connections.",
                 f"sum(abs(time() - {last}) > bool {FRESH})", above({1: PURPLE}))  # fmt: skip
    yield number("charon down", "Nodes on which charon does not run or does not answer.",
                 f"sum(ipsec_charon_up{{{NODES}}} == bool 0)", ANY)  # fmt: skip
    yield number("In clear text", "Connections whose next packet would leave unencrypted. Those "
                 "of which the kernel could not be asked are not among them: they are unverified.",
                 f"sum({IN_CLEAR}{{{WHERE}}})", above({1: PURPLE}))  # fmt: skip
    yield number("Not connected", "Connections that must be established and are not.",
                 f'sum({CONNECTIONS}{{state="not_connected", {WHERE}}})', ANY)  # fmt: skip
    yield number("Unlike ipsec.conf", "Connections that charon has loaded or negotiated otherwise "
                 "than the file has them now.",
                 f"sum({UNLIKE}{{{WHERE}}})", above({1: YELLOW}))  # fmt: skip
    yield number("Days of the first certificate", "Until the first certificate, authority or "
                 "list of revoked certificates ends.", f"min({days(NODES)})", DAYS)  # fmt: skip


def days(where: str) -> str:
    """Days that certificates have left."""
    return f"(ipsec_certificate_not_after_timestamp_seconds{{{where}}} - time()) / 86400"


def connections() -> Iterator[Panel]:
    """All of them, wherever they lead."""
    yield by_state("All connections by state", WHERE)
    yield matrix("Not as they should be: from, to", "Connections that are not connected, "
                 "connecting, unverified or not read: a row for each site of nodes (the label "
                 "node_site of the target), a column for each site of peers. A dead site is a "
                 "column, a site cut off a row too.",
                 f"sum by (node_site, site) ({CONNECTIONS}{{{DOWN}, {WHERE}}})",
                 "node_site", "site", ANY)  # fmt: skip
    yield linked(
        table("Nodes with the most of them", "The same by node: one node whose connections are "
              "all down is that node.",
              f"topk(20, sum by (instance) ({CONNECTIONS}{{{DOWN}, {WHERE}}}) > 0)",
              {"instance": "node", "Value": "connections"}, ANY),
        "this node", f"{TO_THE_NODE}${{__data.fields.instance}}",
    )  # fmt: skip
    yield lines("Reasons", "Why connections are not as they should be; the runbook has a section "
                "for each reason.",
                Query(f"sum by (reason) ({REASONS}{{{WHERE}}})", "{{reason}}"),
                stacked=True)  # fmt: skip


def by_state(title: str, where: str) -> Panel:
    """How many are in each state."""
    shown = lines(title, "A node that was not read keeps its connections, as not_read.",
                  Query(f"sum by (state) ({CONNECTIONS}{{{where}}})", "{{state}}"),
                  stacked=True)  # fmt: skip
    return coloured(shown, COLOURS)


def towards() -> Iterator[Panel]:
    """A site of peers; Grafana has the variable stand for one at a time."""
    yield linked(
        timeline("Nodes towards $site", "The worst that is true of a node's connections towards "
                 "this site: the 20 nodes with the most trouble in the time that is shown.",
                 Query(of_nodes(WHERE, 20), "{{instance}}"), named_values(VALUES)),
        "this node", f"{TO_THE_NODE}${{__field.labels.instance}}",
    )  # fmt: skip
    yield by_state("States", WHERE).sized(8)
    yield both_ways("Traffic", "What the SAs have carried: in above the axis, out below it.",
                    Query(f'8 * sum({BYTES}{{direction="in", {WHERE}}})', "in"),
                    Query(f'8 * sum({BYTES}{{direction="out", {WHERE}}})', "out"),
                    "bps").sized(8)  # fmt: skip
    yield lines("Refused packets", "Seen before (replayed), too old for the replay window (late), "
                "not what their sender had made of them (integrity).",
                Query(f"sum by (error) ({REFUSED}{{{WHERE}}})", "{{error}}"),
                unit="pps").sized(8)  # fmt: skip


def daemons() -> Iterator[Panel]:
    """charon and the kernel, on whichever node they are worst."""
    yield names("strongSwan", "Nodes by release.",
                f"count by (version) (ipsec_charon_info{{{NODES}}})", "version")  # fmt: skip
    yield lines("Fewest idle threads", "charon answers nobody when it has none left.",
                Query(least(5, f'ipsec_charon_threads{{state="idle", {NODES}}}'),
                      "{{instance}}")).sized(10)  # fmt: skip
    yield lines("Most half-open IKE_SAs", "Begun by peers and not authenticated: a flood, or "
                "peers that are refused.",
                Query(most(5, f"ipsec_half_open_ike_sas{{{NODES}}}"), "{{instance}}"),
                ).sized(10)  # fmt: skip
    yield lines("Most memory", "Resident memory of charon.",
                Query(most(5, f"ipsec_charon_resident_memory_bytes{{{NODES}}}"), "{{instance}}"),
                unit="bytes").sized(8)  # fmt: skip
    yield lines("What the kernel drops", "/proc/net/xfrm_stat, over all nodes; errors that did "
                "not happen in the time that is shown are left out.",
                Query(happened(f"ipsec_xfrm_errors_total{{{NODES}}}", "error"), "{{error}}"),
                unit="pps").sized(8)  # fmt: skip
    yield lines("IKE", "What charon counts, over all nodes: a storm of rekeying or of requests "
                "without responses is seen here first.",
                Query(happened(f"ipsec_ike_events_total{{{NODES}}}", "event", 60), "{{event}}"),
                unit="cpm").sized(8)  # fmt: skip


def certificates() -> Iterator[Panel]:
    """What ends first, on however many nodes."""
    yield table("What ends first", "Certificates, authorities and lists of revoked certificates, "
                "at most 50, each where it ends first.",
                f"bottomk(50, min by (certificate, kind) ({days(NODES)}))",
                {"certificate": "certificate", "kind": "kind", "Value": "days left"},
                DAYS, is_rising=True).sized(24, 10)  # fmt: skip


def reading() -> Iterator[Panel]:
    """Whether all of this is to be believed."""
    age = f"(time() - ipsec_reading_timestamp_seconds{{{NODES}}})"
    yield lines("Oldest readings", f"Since the last good reading; beyond {FRESH} s a node's "
                "connections are not_read.",
                Query(f"{age}\nand topk(5, max_over_time({age}[$__range:1m] @ end()))",
                      "{{instance}}"), unit="s").sized(6)  # fmt: skip
    failed = f"ipsec_reading_success{{{NODES}}} == bool 0"
    yield coloured(
        lines("Readings that failed", "Nodes by the last attempt; `journalctl -u "
              "'ipsec-metrics*'` of the node says why.",
              Query(f"sum({failed})", "failed"),
              Query(f"sum(ipsec_reading_success{{{NODES}}})", "went through"),
              stacked=True),
        {"failed": RED, "went through": BLUE},
    ).sized(6)  # fmt: skip
    yield lines("Texts that could not be read", "On how many nodes: without xfrm-policy or "
                "xfrm-state their connections are unverified.",
                Query(f"sum by (source) (ipsec_source_success{{{NODES}}} == bool 0)",
                      "{{source}}")).sized(6)  # fmt: skip
    yield lines("Time of a reading", "The slowest nodes.",
                Query(most(5, f"ipsec_reading_duration_seconds{{{NODES}}}"), "{{instance}}"),
                unit="s").sized(6)  # fmt: skip
