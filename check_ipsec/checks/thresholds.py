"""``-w`` and ``-c``: ranges of the Monitoring Plugins guidelines, or percent."""

import re

from nagiosplugin import Range

from check_ipsec.errors import UsageError
from check_ipsec.report.severity import Severity

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
    """``-w`` and ``-c``: ranges over a number, or percent of the whole that it is part of."""

    def __init__(self, warning: str, critical: str) -> None:
        self._warning = warning
        self._critical = critical

    def __bool__(self) -> bool:
        return bool(self._warning or self._critical)

    def warning(self, whole: int) -> Range:
        """The range of ``-w`` in numbers, where ``whole`` is 100 %."""
        return absolute(self._warning, whole)

    def critical(self, whole: int) -> Range:
        """The range of ``-c`` in numbers, where ``whole`` is 100 %."""
        return absolute(self._critical, whole)

    def severity(self, number: int, whole: int) -> Severity:
        """What the ranges make of a number."""
        if number not in self.critical(whole):
            return Severity.CRITICAL
        if number not in self.warning(whole):
            return Severity.WARNING
        return Severity.OK


def absolute(spec: str, whole: int) -> Range:
    """A range whose percentages are numbers of ``whole``; all from 0, where it is empty."""
    return Range(re.sub(PERCENT, lambda match: share(float(match[1]), whole), spec))


def share(percent: float, whole: int) -> str:
    """``percent`` of ``whole``, as a range may say it."""
    return f"{percent * whole / 100:.4f}".rstrip("0").rstrip(".")
