"""Texts with their expected models or messages, side by side in fixtures/.

``python3 -m tests.pairs`` writes what is expected again.
"""

import json
from collections.abc import Callable
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any

from check_ipsec.errors import ParseError
from check_ipsec.grammar import (
    counters,
    listcerts,
    listcounters,
    statusall,
    vici,
    xfrm_policy,
    xfrm_state,
)

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"
PARSERS: dict[str, Callable[[str, str], Any]] = {
    "counters": counters.parse,
    "list-conns": vici.parse_conns,
    "list-pols": vici.parse_policies,
    "list-sas": vici.parse_sas,
    "listcerts": listcerts.parse,
    "listcounters": listcounters.parse,
    "stats": vici.parse_stats,
    "statusall": statusall.parse,
    "xfrm-policy": xfrm_policy.parse,
    "xfrm-state": xfrm_state.parse,
}


def texts(kind: str) -> list[Path]:
    """All texts of a kind, which is ``valid`` or ``invalid``."""
    found = sorted(path for name in PARSERS for path in (FIXTURES / name / kind).glob("*.txt"))
    assert found, f"no {kind} texts"
    return found


def parse(path: Path) -> Any:
    """The model of a text."""
    text = path.read_bytes().decode("utf-8", "surrogateescape")
    return PARSERS[path.parent.parent.name](text, path.name)


def as_facts(model: Any) -> Any:
    """A model as JSON has it: named tuples are objects, enums their values."""
    if isinstance(model, Enum):
        return model.value
    if hasattr(model, "_asdict"):
        return {field: as_facts(value) for field, value in model._asdict().items()}
    if isinstance(model, datetime):
        return model.isoformat()
    if isinstance(model, frozenset):
        return sorted(model)
    if isinstance(model, tuple):
        return [as_facts(item) for item in model]
    return model


def message(path: Path) -> str:
    """The message of a text that does not parse."""
    try:
        parse(path)
    except ParseError as error:
        return str(error)
    raise AssertionError(f"{path} parses")


def write_expected() -> None:
    """Write all expected files."""
    for path in texts("valid"):
        expected = json.dumps(as_facts(parse(path)), indent=1, ensure_ascii=False)
        path.with_suffix(".json").write_text(expected + "\n")
    for path in texts("invalid"):
        path.with_suffix(".error").write_text(message(path) + "\n")


if __name__ == "__main__":
    write_expected()
