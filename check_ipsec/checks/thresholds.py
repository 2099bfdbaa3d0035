"""``-w`` and ``-c``: ranges of the Monitoring Plugins guidelines, or percent."""

import re

from nagiosplugin import Range

from check_ipsec.errors import UsageError
from check_ipsec.severity import Counts, Severity

PERCENT = r"([0-9]+(?:\.[0-9]+)?)%"


def range_spec(text: str) -> str:
    """A range whose numbers may be percentages, as an option's value."""
    try:
        text.encode("ascii")
        Range(re.sub(PERCENT, r"\1", text))
    except ValueError:
        raise UsageError(f"{text} is not a range, like 5, 10%, 1:5 or @~:3") from None
    return text


class Thresholds:
    """``-w`` and ``-c``: ranges over the number not established, or percent of it."""

    def __init__(self, warning: str, critical: str) -> None:
        self._warning = warning
        self._critical = critical

    def __bool__(self) -> bool:
        return bool(self._warning or self._critical)

    def warning(self, judged: int) -> Range:
        """The range of ``-w`` in numbers, where ``judged`` are 100 %."""
        return absolute(self._warning, judged)

    def critical(self, judged: int) -> Range:
        """The range of ``-c`` in numbers, where ``judged`` are 100 %."""
        return absolute(self._critical, judged)

    def severity(self, counts: Counts) -> Severity:
        """What the ranges make of the number not established."""
        if counts.not_established not in self.critical(counts.judged):
            return Severity.CRITICAL
        if counts.not_established not in self.warning(counts.judged):
            return Severity.WARNING
        return Severity.OK


def absolute(spec: str, judged: int) -> Range:
    """A range whose percentages are numbers of ``judged``; all from 0, where it is empty."""
    return Range(re.sub(PERCENT, lambda match: share(float(match[1]), judged), spec))


def share(percent: float, whole: int) -> str:
    """``percent`` of ``whole``, as a range may say it."""
    return f"{percent * whole / 100:.4f}".rstrip("0").rstrip(".")
