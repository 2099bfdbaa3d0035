"""The dashboards show what ipsec-metrics prints: a real Prometheus answers each query of each
panel from the text that is printed of captured hosts.

There is no Grafana in Debian, so none loads them here: they are read with Grafana's own model
of a dashboard (grafana-foundation-sdk, made from the schemas of Grafana 11.6), which has to
know every field and to give all of them back.
"""

import enum
import json
import re
import shutil
import sys
import typing
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from check_ipsec.truth.verdict import State
from pack.dashboards import queries
from pack.dashboards.__main__ import FOLDER, RULES, files, write
from tests.hosts import ROOT
from tests.metrics.saying import HOSTS, OPTIONS, READING, say
from tests.pack import prometheus
from tests.pack.prometheus import MOMENTS, Sample, Series, filled_in, grown, now, over_time, read
from tests.test_readme import README, section

PROVISIONING = "grafana-provisioning.yml"
MADE = dict(files())
DASHBOARDS = {name: json.loads(text) for name, text in MADE.items() if name.endswith(".json")}
EACH = pytest.mark.parametrize("dashboard", DASHBOARDS.values(), ids=DASHBOARDS)
# b is read no more: what there is of it is twenty minutes old at the end
NODES = {
    "a": READING,
    "b": READING,
    "c": HOSTS / "one-peer-silent",
    "d": HOSTS / "identity-changed",
}
SITES = ("--label", "*_v4=site:ams", "--label", "*=site:fra")
LABELS_OF_A_TARGET = {"instance", "job", "node_site"}
# what the data source Prometheus reads of a mark; the model has only what all sources have
OF_THE_SOURCE = ("step", "titleFormat", "textFormat")


def test_they_are_as_they_are_made() -> None:
    kept = {path.name: path.read_text() for path in FOLDER.iterdir()}
    assert kept == {**MADE, PROVISIONING: kept[PROVISIONING]}


def test_grafana_is_told_where_the_package_has_them() -> None:
    (path,) = re.findall(r"(?m)^      path: /(\S+)$", (FOLDER / PROVISIONING).read_text())
    install = (ROOT / "debian/monitoring-plugins-ipsec.install").read_text().splitlines()
    assert f"dashboards/* {path}" in install
    assert f"`/{path}`" in README


def test_the_readme_names_every_file_and_dashboard() -> None:
    text = section("Dashboards")
    assert {path.name for path in FOLDER.iterdir()} == set(re.findall(r"`([\w-]+\.\w+)`", text))
    assert all(f"*{one['title']}*" in text for one in DASHBOARDS.values())
    assert f"{queries.FRESH} s" in text


def test_all_are_written(tmp_path: Path) -> None:
    write(tmp_path)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == MADE


@cache
def printed(node: str) -> list[Sample]:
    """What is printed of the captured host that a node is."""
    more = OPTIONS if NODES[node] == READING else ()
    said = say("--captured", str(NODES[node]), *more, *SITES)
    assert said.exit == 0, said.complaints
    return list(read(said.text))


def all_printed() -> list[Sample]:
    """What is printed of any of them."""
    return [sample for node in NODES for sample in printed(node)]


def panels(dashboard: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All panels but the rows, those in collapsed rows too."""
    for panel in dashboard["panels"]:
        if panel["type"] == "row":
            yield from panel["panels"]
        else:
            yield panel


PANELS = [
    pytest.param(panel, id=f"{dashboard['uid']}-{panel['title']}")
    for dashboard in DASHBOARDS.values()
    for panel in panels(dashboard)
]


def expressions(dashboard: dict[str, Any]) -> Iterator[str]:
    """Everything that is asked."""
    for panel in panels(dashboard):
        yield from (target["expr"] for target in panel["targets"])
    yield from (mark["expr"] for mark in dashboard["annotations"]["list"])
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["query"]["query"].removeprefix("label_values(").rpartition(",")[0]


# --- names and labels --------------------------------------------------------------------


def known() -> dict[str, set[str]]:
    """The labels of each metric: those that are printed, and those that are recorded of them."""
    found: dict[str, set[str]] = {}
    for sample in all_printed():
        labels = set(re.findall(r'(\w+)="', sample.labels))
        found.setdefault(sample.name, set(LABELS_OF_A_TARGET)).update(labels)
    for one in queries.recorded():
        (grouped,) = set(re.findall(r"sum by \((.*?)\)", one.expression))
        labels = {*grouped.split(", "), *(["error"] if one.error else [])}
        assert labels - {"error"} <= set().union(*(found[name] for name in named(one.expression)))
        found[one.name] = labels
    return found


NAME = re.compile(r"\b(?:instance_\w+:)?ipsec_\w+(?::\w+)?")


def named(expression: str) -> set[str]:
    """The metrics in a query."""
    return set(NAME.findall(expression))


def used(expression: str) -> Iterator[tuple[str, str]]:
    """Metrics with the labels that select of them."""
    for name, selected in re.findall(rf"({NAME.pattern})\{{(.*?)\}}", expression):
        for label in re.findall(r'(\w+)(?:=~|!=|=)"', selected):
            yield name, label


@EACH
def test_every_metric_and_every_label_is_one_that_is_printed(dashboard: dict[str, Any]) -> None:
    has = known()
    for expression in expressions(dashboard):
        names = named(expression)
        assert names, expression
        assert names <= has.keys(), expression
        for name, label in used(expression):
            assert label in has[name], f"{name} has no {label}: {expression}"
        for labels in re.findall(r"(?:by|on) \((.*?)\)", expression):
            assert set(labels.split(", ")) <= set().union(*(has[name] for name in names))


def test_every_metric_that_is_printed_is_shown() -> None:
    asked = {
        name for one in DASHBOARDS.values() for text in expressions(one) for name in named(text)
    }
    asked |= {name for one in queries.recorded() for name in named(one.expression)}
    assert {sample.name for sample in all_printed()} <= asked


def test_every_state_has_a_number_of_its_own() -> None:
    assert queries.STATES.keys() == set(State)
    assert len(queries.VALUES) == len(queries.ALL)


# --- asked of a real Prometheus ----------------------------------------------------------


def lines() -> Iterator[str]:
    """An hour of all nodes."""
    for node in NODES:
        end = prometheus.END - 1200 * (node == "b")
        target = f'job="node",instance="{node}",node_site="zrh"'
        for sample in printed(node):
            for moment in MOMENTS:
                line = grown(sample, min(moment, end), target)
                yield f"{line.rpartition(' ')[0]} {moment}"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Prometheus with both nodes."""
    if not (shutil.which("prometheus") and shutil.which("promtool")):
        pytest.skip("needs Debian's package prometheus")
    folder = tmp_path_factory.mktemp("prometheus")
    with prometheus.running(folder, lines(), FOLDER / RULES) as address:
        yield address


def asked(address: str, target: dict[str, Any]) -> list[Series]:
    """What a panel is given for one of its queries."""
    return (now if target["instant"] else over_time)(address, target["expr"])


def labels_shown(panel: dict[str, Any], target: dict[str, Any]) -> set[str]:
    """The labels that a panel shows of its series."""
    shown = set(re.findall(r"\{\{(\w+)\}\}", target.get("legendFormat", "")))
    for transformation in panel["transformations"]:
        options = transformation["options"]
        shown |= {options[key] for key in ("rowField", "columnField") if key in options}
        shown |= set(options.get("include", {}).get("names", ()))
    return shown - {"Value"}


@pytest.mark.parametrize("panel", PANELS)
def test_every_panel_shows_what_prometheus_answers(address: str, panel: dict[str, Any]) -> None:
    for target in panel["targets"]:
        series = asked(address, target)
        assert series, target["expr"]
        for one in series:
            assert labels_shown(panel, target) <= one["metric"].keys(), target["expr"]


@EACH
def test_a_variable_has_values(address: str, dashboard: dict[str, Any]) -> None:
    for variable in dashboard["templating"]["list"][1:]:
        selector, label = variable["query"]["query"][len("label_values(") : -1].rsplit(", ", 1)
        assert all(one["metric"][label] for one in now(address, selector, node="a"))


def timeline(address: str, moment: int, node: str) -> dict[str, str]:
    """What the timeline of a node says of each connection."""
    series = now(address, queries.of_connections(f'instance="{node}"'), moment)
    return {one["metric"]["connection"]: queries.VALUES[int(one["value"][1])][0] for one in series}


WELL = {"bob_v4": "established", "bob_v6": "established"}
SILENT = {"carol_v4": "in clear text", "carol_v6": "in clear text"}


def test_a_timeline_shows_the_worst_that_is_true(address: str) -> None:
    assert timeline(address, prometheus.END, "c") == {**WELL, **SILENT}
    assert timeline(address, prometheus.END, "d") == {"bob": "unlike ipsec.conf"}


def test_what_was_read_too_long_ago_is_not_shown_as_true(address: str) -> None:
    before = timeline(address, prometheus.END - 1200, "b")
    assert set(before.values()) == {"established"}
    assert timeline(address, prometheus.END, "a") == before
    assert timeline(address, prometheus.END, "b") == dict.fromkeys(before, "not read")


def test_the_nodes_with_the_most_trouble_come_first(address: str) -> None:
    def shown(most: int) -> dict[str, str]:
        series = now(address, queries.of_nodes('site=~".*"', most))
        return {
            one["metric"]["instance"]: queries.VALUES[int(one["value"][1])][0] for one in series
        }

    assert shown(2) == {"b": "not read", "c": "in clear text"}
    assert shown(9) == {**shown(2), "a": "established", "d": "unlike ipsec.conf"}


def states(address: str, node: str, moment: int = prometheus.END) -> dict[str, float]:
    """How many connections of a node are recorded in each state, where any are."""
    expression = f'sum by (state) ({queries.CONNECTIONS}{{instance="{node}"}}) > 0'
    series = now(address, expression, moment)
    return {one["metric"]["state"]: float(one["value"][1]) for one in series}


def test_what_is_recorded_of_a_node_is_all_its_connections(address: str) -> None:
    assert states(address, "a") == {"established": 2}
    assert states(address, "b") == {"not_read": 2}
    assert states(address, "b", prometheus.END - 1200) == {"established": 2}
    assert states(address, "c") == {"established": 2, "connecting": 2}


def test_what_is_not_known_is_not_recorded_as_none(address: str) -> None:
    for name in (queries.IN_CLEAR, queries.UNLIKE, queries.BYTES, queries.REFUSED):
        assert now(address, f'{name}{{instance="a"}}')
        assert not now(address, f'{name}{{instance="b"}}')


def test_a_rate_is_recorded_in_what_it_counts(address: str) -> None:
    # a counter grows by one for each letter of its labels, and one
    (one,) = now(address, f'{queries.BYTES}{{instance="a", direction="in", site="ams"}}')
    labels = (sample.labels for sample in printed("a")
              if sample.name == "ipsec_connection_bytes_total"
              and {'direction="in"', 'site="ams"'} <= set(sample.labels.split(",")))  # fmt: skip
    assert float(one["value"][1]) == pytest.approx(sum(1 + len(one) for one in labels))


# --- read as Grafana reads it ------------------------------------------------------------


@EACH
def test_panels_do_not_overlap_and_fill_24_columns(dashboard: dict[str, Any]) -> None:
    for placed in (dashboard["panels"], *(one.get("panels", []) for one in dashboard["panels"])):
        cells = [
            (x, y)
            for place in (one["gridPos"] for one in placed)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        ]
        assert len(cells) == len(set(cells))
        assert all(x < 24 for x, _ in cells)
    everything = [*dashboard["panels"], *(one for one in panels(dashboard))]
    identifiers = {one["id"] for one in everything}
    assert len(identifiers) == len({id(one) for one in everything})


@pytest.fixture
def grafana() -> Any:
    """Grafana's model of a dashboard."""
    if sys.version_info < (3, 11):
        pytest.skip("grafana-foundation-sdk needs Python 3.11")
    pytest.importorskip("grafana_foundation_sdk", reason="needs grafana-foundation-sdk")
    from grafana_foundation_sdk.cog import encoder, plugins
    from grafana_foundation_sdk.models import dashboard

    plugins.register_default_plugins()
    return encoder, dashboard


@EACH
def test_grafanas_model_knows_every_field(grafana: Any, dashboard: dict[str, Any]) -> None:
    encoder, model = grafana
    held = model.Dashboard.from_json(dashboard)
    again = json.loads(encoder.JSONEncoder(sort_keys=True).encode(held))
    assert list(lost(dashboard, again)) == []
    assert list(unfit(held)) == []


def lost(given: Any, again: Any, place: str = "") -> Iterator[str]:
    """What does not come back; what is added is Grafana's default."""
    if isinstance(given, dict) and isinstance(again, dict):
        for key, value in given.items():
            if key in OF_THE_SOURCE and place.startswith(".annotations"):
                continue
            if key in again:
                yield from lost(value, again[key], f"{place}.{key}")
            else:
                yield f"{place}.{key}"
    elif isinstance(given, list) and isinstance(again, list) and len(given) == len(again):
        for index, (one, other) in enumerate(zip(given, again)):
            yield from lost(one, other, f"{place}[{index}]")
    elif given != again:
        yield f"{place}: {given!r}, {again!r}"


def unfit(held: Any) -> Iterator[str]:
    """Values that are not of their type: no words of a list, text where a number is wanted."""
    hints = typing.get_type_hints(type(held).__init__) if hasattr(held, "to_json") else {}
    for name, value in vars(held).items() if hints else ():
        if not fits(value, hints.get(name, Any)):
            yield f"{type(held).__name__}.{name} = {value!r}"
        for one in value if isinstance(value, list) else [value]:
            yield from unfit(one)


def fits(value: Any, hint: Any) -> bool:
    """Whether a value is of a type, as JSON has it."""
    if typing.get_origin(hint) is typing.Union:
        return any(fits(value, one) for one in typing.get_args(hint))
    if typing.get_origin(hint) is list:
        return isinstance(value, list) and all(fits(one, *typing.get_args(hint)) for one in value)
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return value in [one.value for one in hint]
    if isinstance(value, dict) and hasattr(hint, "from_json"):
        # the model leaves some objects as they are
        held = hint.from_json(value)
        return value.keys() <= held.to_json().keys() and not list(unfit(held))
    if hint in (int, float):
        return isinstance(value, (int, hint)) and not isinstance(value, bool)
    return hint in (Any, object) or not isinstance(hint, type) or isinstance(value, hint)


@EACH
def test_the_model_tells_what_is_misspelt(grafana: Any, dashboard: dict[str, Any]) -> None:
    encoder, model = grafana
    broken = json.loads(json.dumps(dashboard))
    next(panels(broken))["fieldConfig"]["defaults"]["custome"] = {}
    broken["graphTooltip"] = "1"
    broken["links"][0]["type"] = "dashboard"
    held = model.Dashboard.from_json(broken)
    again = json.loads(encoder.JSONEncoder(sort_keys=True).encode(held))
    assert [one.rpartition(".")[2] for one in lost(broken, again)] == ["custome"]
    assert sorted(unfit(held)) == [
        "Dashboard.graph_tooltip = '1'",
        "DashboardLink.type_val = 'dashboard'",
    ]


def test_a_query_without_a_value_for_a_variable_is_refused() -> None:
    with pytest.raises(AssertionError, match=r"\$other"):
        filled_in("up{a='$other'}")
