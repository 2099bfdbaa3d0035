"""Writes the dashboards and their rules into the checkout."""

import json
from collections.abc import Iterator
from pathlib import Path

from pack.dashboards import fleet, node
from pack.dashboards.grafana import as_json
from pack.dashboards.queries import recorded, rules

FOLDER = Path(__file__).resolve().parent.parent.parent / "dashboards"
RULES = "ipsec-recording-rules.yml"


def files() -> Iterator[tuple[str, str]]:
    """Names and contents."""
    for dashboard in (fleet.dashboard(), node.dashboard()):
        text = json.dumps(as_json(dashboard), indent=2, ensure_ascii=False)
        yield f"{dashboard.uid}.json", f"{text}\n"
    yield RULES, rules(recorded())


def write(folder: Path = FOLDER) -> None:
    """Write everything that is made."""
    for name, text in files():
        (folder / name).write_text(text)


if __name__ == "__main__":
    write()
