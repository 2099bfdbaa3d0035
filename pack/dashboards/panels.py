"""The kinds of panels that the dashboards have, in Grafana's terms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

Object = dict[str, Any]

GREEN, BLUE, GREY = "#37872d", "#3274d9", "#8e8e8e"
YELLOW, ORANGE, RED, PURPLE = "#e0b400", "#fa6400", "#c4162a", "#8f3bb8"


class Query(NamedTuple):
    """An expression of PromQL, and how its series are called.

    ``instant``: as of now instead of over time.
    """

    expression: str
    legend: str = ""
    instant: bool = False


class Panel(NamedTuple):
    """A panel of so many columns and of so many lines of 30 pixels.

    ``about`` is shown at its corner; ``defaults``, ``overrides``, ``options`` and
    ``transformations`` are Grafana's.
    """

    kind: str
    title: str
    about: str
    queries: tuple[Query, ...]
    width: int
    height: int
    defaults: Object
    options: Object
    overrides: tuple[Object, ...] = ()
    transformations: tuple[Object, ...] = ()

    def sized(self, width: int, height: int = 8) -> Panel:
        """The same with another width and height."""
        return self._replace(width=width, height=height)


def number(title: str, about: str, query: str, steps: Object, unit: str = "short") -> Panel:
    """One number as of now, on a background of the colour that ``steps`` give."""
    options = {
        "colorMode": "background",
        "graphMode": "none",
        "justifyMode": "auto",
        "orientation": "auto",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "textMode": "value",
    }
    defaults = {"unit": unit, "thresholds": steps, "color": {"mode": "thresholds"}}
    return Panel("stat", title, about, (Query(query, instant=True),), 4, 4, defaults, options)


def names(title: str, about: str, query: str, label: str) -> Panel:
    """A label's values, with how many have each."""
    shown = number(title, about, query, above({}, BLUE))
    queries = (Query(query, f"{{{{{label}}}}}", instant=True),)
    return shown._replace(queries=queries, options={**shown.options, "textMode": "value_and_name"})


def lines(
    title: str, about: str, *queries: Query, unit: str = "short", stacked: bool = False
) -> Panel:
    """Lines over time, or areas on top of each other."""
    custom: Object = {
        "drawStyle": "line",
        "lineWidth": 1,
        "showPoints": "never",
        "spanNulls": False,
    }
    if stacked:
        custom |= {"fillOpacity": 60, "stacking": {"mode": "normal", "group": "A"}}
    options = {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    defaults = {"unit": unit, "min": 0, "custom": custom}
    return Panel("timeseries", title, about, queries, 12, 8, defaults, options)


def both_ways(title: str, about: str, incoming: Query, outgoing: Query, unit: str) -> Panel:
    """Lines for what comes in above the axis, for what goes out below it."""
    shown = lines(title, about, incoming, outgoing, unit=unit)
    shown.defaults.pop("min")
    below = override("byFrameRefID", "B", "custom.transform", "negative-Y")
    return shown._replace(overrides=(below,))


def timeline(title: str, about: str, query: Query, mappings: Iterable[Object]) -> Panel:
    """A line for each series, in the colour and with the name of its value."""
    options = {
        "alignValue": "left",
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        "mergeValues": True,
        "rowHeight": 0.9,
        "showValue": "never",
        "tooltip": {"mode": "single", "sort": "none"},
    }
    custom = {"fillOpacity": 80, "lineWidth": 0}
    defaults = {"custom": custom, "mappings": list(mappings), "color": {"mode": "thresholds"}}
    return Panel("state-timeline", title, about, (query,), 24, 10, defaults, options)


def table(
    title: str,
    about: str,
    query: str,
    columns: Mapping[str, str],
    steps: Object | None = None,
    decimals: int = 0,
    is_rising: bool = False,
) -> Panel:
    """A table as of now, the worst first: labels and ``Value``, with the heading of each."""
    order = {"indexByName": dict(zip(columns, range(len(columns)))), "renameByName": dict(columns)}
    shown = {"include": {"names": list(columns)}}
    transformations = (
        {"id": "filterFieldsByName", "options": shown},
        {"id": "organize", "options": order},
    )
    value = columns["Value"]
    options = {
        "cellHeight": "sm",
        "showHeader": True,
        "sortBy": [{"displayName": value, "desc": not is_rising}],
    }
    colours = [
        override("byName", value, "thresholds", steps),
        override("byName", value, "custom.cellOptions", {"type": "color-text"}),
    ]
    defaults = {"custom": {"align": "left", "filterable": True}, "decimals": decimals}
    return Panel("table", title, about, (Query(query, instant=True),), 12, 8, defaults, options,
                 tuple(colours) if steps else (), transformations)  # fmt: skip


def matrix(title: str, about: str, query: str, row: str, column: str, steps: Object) -> Panel:
    """A number for each pair of values of two labels, as of now; "-" is for having none."""
    for label in (row, column):
        query = f'label_replace({query}, "{label}", "-", "{label}", "")'
    fields = {"rowField": row, "columnField": column, "valueField": "Value"}
    cells = {"type": "color-background", "mode": "basic"}
    defaults = {
        "custom": {"align": "center", "cellOptions": cells},
        "thresholds": steps,
        "color": {"mode": "thresholds"},
        "decimals": 0,
    }
    return Panel("table", title, about, (Query(query, instant=True),), 12, 8, defaults,
                 {"cellHeight": "sm", "showHeader": True},
                 transformations=({"id": "groupingToMatrix", "options": fields},))  # fmt: skip


def above(steps: Mapping[float, str], base: str = GREEN) -> Object:
    """Colours from so much on; ``base`` below the first."""
    found: list[Object] = [{"value": None, "color": base}]
    found += ({"value": value, "color": color} for value, color in steps.items())
    return {"mode": "absolute", "steps": found}


def named_values(values: Mapping[int, tuple[str, str]]) -> Iterator[Object]:
    """Name and colour of each value."""
    found = {
        str(value): {"text": text, "color": color, "index": index}
        for index, (value, (text, color)) in enumerate(values.items())
    }
    yield {"type": "value", "options": found}


def override(matcher: str, which: str, field: str, value: object) -> Object:
    """Another value of an option for some of the series."""
    return {
        "matcher": {"id": matcher, "options": which},
        "properties": [{"id": field, "value": value}],
    }


def coloured(panel: Panel, colours: Mapping[str, str]) -> Panel:
    """The same with a fixed colour for each name of a series."""
    fixed = (
        override("byName", name, "color", {"mode": "fixed", "fixedColor": color})
        for name, color in colours.items()
    )
    return panel._replace(overrides=(*panel.overrides, *fixed))


def linked(panel: Panel, title: str, url: str) -> Panel:
    """The same, whose values lead to ``url``."""
    return panel._replace(defaults={**panel.defaults, "links": [{"title": title, "url": url}]})
