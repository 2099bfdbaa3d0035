"""The text format of Prometheus, by its own library.

It is imported when it is asked for: nothing else here needs it, and it is costly.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from check_ipsec.errors import UsageError
from check_ipsec.metrics.series import PREFIX, Family

if TYPE_CHECKING:
    from prometheus_client import Metric

NEEDED = "--format prometheus needs the library prometheus_client (python3-prometheus-client)"


def require_library() -> None:
    """Raises UsageError where there is none."""
    try:
        import prometheus_client  # noqa: F401
    except ImportError as error:
        raise UsageError(f"{NEEDED}: {error}") from None


class Collected:
    """All families, as the library wants to find them."""

    def __init__(self, families: Iterable[Family]) -> None:
        self._families = tuple(families)

    def collect(self) -> Iterator[Metric]:
        """Each in turn."""
        from prometheus_client import Metric

        for family in self._families:
            name = f"{PREFIX}{family.metric.name}"
            found = Metric(name.removesuffix("_total"), family.metric.about, family.metric.kind)
            for sample in family.samples:
                found.add_sample(name, dict(sample.all_labels), sample.number)
            yield found


def render(families: Iterable[Family]) -> str:
    """The text. Raises UsageError without the library."""
    require_library()
    from prometheus_client import CollectorRegistry, generate_latest

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Collected(families))
    return generate_latest(registry).decode()
