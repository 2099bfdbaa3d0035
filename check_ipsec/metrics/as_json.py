"""All series as one JSON object, for programs."""

from __future__ import annotations

from collections.abc import Iterable

from check_ipsec.metrics.series import PREFIX, Family
from check_ipsec.report.as_json import dumps


def render(families: Iterable[Family], now: float) -> str:
    """The object: ``time`` in seconds since 1970, and the metrics with their series."""
    metrics = [
        {
            "name": f"{PREFIX}{family.metric.name}",
            "type": family.metric.kind,
            "help": family.metric.about,
            "series": [
                {"labels": dict(sample.all_labels), "value": sample.value}
                for sample in family.samples
            ],
        }
        for family in families
    ]
    return dumps({"time": now, "metrics": metrics}) + "\n"
