"""Options that take a range for a warning and one for CRITICAL."""

from __future__ import annotations

from typing import NamedTuple

from nagiosplugin import Range

from check_ipsec.checks.thresholds import range_spec
from check_ipsec.errors import UsageError
from check_ipsec.report.severity import Severity


class Limits(NamedTuple):
    """Two ranges of the Monitoring Plugins guidelines; an empty one is no limit."""

    warning: str = ""
    critical: str = ""

    def severity(self, value: float | None) -> Severity:
        """What they make of a number; one that is not known is within."""
        if value is None:
            return Severity.OK
        if self.critical and value not in Range(self.critical):
            return Severity.CRITICAL
        if self.warning and value not in Range(self.warning):
            return Severity.WARNING
        return Severity.OK

    def __str__(self) -> str:
        return f"{self.warning},{self.critical}" if self.critical else self.warning


def limits(text: str) -> Limits:
    """``RANGE[,RANGE]``, as an option's value. Raises UsageError."""
    warning, _, critical = text.partition(",")
    if "," in critical or "%" in text:
        raise UsageError(f"{text} is not RANGE or RANGE,RANGE, like 5 or 1:5,@~:3")
    return Limits(range_spec(warning), range_spec(critical))
