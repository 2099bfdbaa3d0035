"""Grafana's dashboards as JSON: rows of panels, each with its queries.

The model is that of Grafana 10.1 and later, which "Export" of a dashboard shows: panels in 24
columns, a row's panels after the row. What a site must not have to edit is a variable: the
data source too, so that a file can be provisioned as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pack.dashboards.panels import PURPLE, Object, Panel, Query

COLUMNS = 24
SCHEMA = 39
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
# how often ipsec-metrics writes, at least; a rate is over four of them
STEP = "1m"
# of a graph over many series: Prometheus refuses to hold more than 50 million values
POINTS = 300


class Row(NamedTuple):
    """A row with a heading; once for each value of the variable ``repeat``."""

    title: str
    panels: tuple[Panel, ...]
    repeat: str | None = None
    collapsed: bool = False


class Variable(NamedTuple):
    """What is chosen at the top: values of ``label`` of the series that ``selector`` selects."""

    name: str
    label: str
    selector: str
    many: bool = True


class Dashboard(NamedTuple):
    """A dashboard; ``uid`` is its address in Grafana, ``marks`` a query that marks moments."""

    uid: str
    title: str
    about: str
    variables: tuple[Variable, ...]
    rows: tuple[Row, ...]
    marks: Query | None = None
    since: str = "now-6h"


def as_json(dashboard: Dashboard) -> Object:
    """What Grafana imports or is provisioned with."""
    return {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "description": dashboard.about,
        "tags": ["ipsec", "strongswan"],
        "editable": True,
        "graphTooltip": 1,
        "schemaVersion": SCHEMA,
        "time": {"from": dashboard.since, "to": "now"},
        "refresh": STEP,
        "timezone": "browser",
        "links": [link_to_the_others()],
        "annotations": {"list": [mark(dashboard.marks)] if dashboard.marks else []},
        "templating": {"list": [data_source(), *map(variable, dashboard.variables)]},
        "panels": list(placed(dashboard.rows)),
    }


def link_to_the_others() -> Object:
    """The other dashboards of this kind; a node of one is not to be all nodes of another."""
    return {
        "type": "dashboards",
        "title": "IPsec",
        "tags": ["ipsec"],
        "asDropdown": False,
        "includeVars": False,
        "keepTime": True,
        "targetBlank": False,
        "icon": "external link",
        "tooltip": "",
        "url": "",
    }


def mark(query: Query) -> Object:
    """Moments marked in every graph: those at which ``query`` has a value."""
    return {
        "name": query.legend,
        "datasource": SOURCE,
        "enable": True,
        "iconColor": PURPLE,
        "expr": query.expression,
        "step": STEP,
        "titleFormat": query.legend,
        "textFormat": "{{instance}}",
    }


def data_source() -> Object:
    """The variable for the data source."""
    return {"name": "datasource", "type": "datasource", "query": "prometheus", "label": "source"}


def variable(one: Variable) -> Object:
    """A variable; all of many also selects what has no such label."""
    query = f"label_values({one.selector}, {one.label})"
    found: Object = {
        "name": one.name,
        "type": "query",
        "label": one.name,
        "datasource": SOURCE,
        "query": {"query": query, "refId": f"variable-{one.name}"},
        # again whenever the time is changed; by the alphabet
        "refresh": 2,
        "sort": 5,
        "multi": one.many,
        "includeAll": one.many,
    }
    if one.many:
        found |= {"allValue": ".*", "current": {"text": "All", "value": "$__all"}}
    return found


def placed(rows: Iterable[Row]) -> Iterator[Object]:
    """Rows and panels with their places, numbered from 1."""
    y, identifier = 0, 1
    for row in rows:
        panels = list(arranged(row.panels, y + 1, identifier + 1))
        head: Object = {
            "type": "row",
            "id": identifier,
            "title": row.title,
            "collapsed": row.collapsed,
            "gridPos": {"x": 0, "y": y, "w": COLUMNS, "h": 1},
            "panels": panels if row.collapsed else [],
        }
        yield {**head, "repeat": row.repeat} if row.repeat else head
        yield from () if row.collapsed else panels
        y = max(one["gridPos"]["y"] + one["gridPos"]["h"] for one in panels)
        identifier += 1 + len(panels)


def arranged(panels: Iterable[Panel], y: int, identifier: int) -> Iterator[Object]:
    """Panels from left to right; the next line begins below the highest."""
    x = highest = 0
    for number, panel in enumerate(panels, identifier):
        if x + panel.width > COLUMNS:
            x, y, highest = 0, y + highest, 0
        yield panel_object(panel, number, {"x": x, "y": y, "w": panel.width, "h": panel.height})
        x, highest = x + panel.width, max(highest, panel.height)


def panel_object(panel: Panel, identifier: int, place: Object) -> Object:
    """A panel at its place."""
    return {
        "id": identifier,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.about,
        "datasource": SOURCE,
        "gridPos": place,
        "maxDataPoints": POINTS,
        "targets": [target(panel, *one) for one in zip("ABCDEFG", panel.queries)],
        "fieldConfig": {"defaults": panel.defaults, "overrides": list(panel.overrides)},
        "options": panel.options,
        "transformations": list(panel.transformations),
    }


def target(panel: Panel, letter: str, query: Query) -> Object:
    """A query of a panel; a table takes labels as columns, others as the name of a series."""
    found = {
        "refId": letter,
        "datasource": SOURCE,
        "expr": query.expression,
        "instant": query.instant,
        "range": not query.instant,
        "format": "table" if panel.kind == "table" else "time_series",
        "interval": STEP,
        "editorMode": "code",
    }
    return {**found, "legendFormat": query.legend} if query.legend else found
