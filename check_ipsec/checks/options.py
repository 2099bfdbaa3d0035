"""Options that several checks have, and the values that they take."""

import argparse

from check_ipsec.checks.thresholds import range_spec
from check_ipsec.report.severity import Severity


def add_thresholds(parser: argparse.ArgumentParser, number: str) -> None:
    """``-w`` and ``-c``; ``number`` is what their ranges are of."""
    for letter, severity, example in (
        ("w", "warning", " (5, 10%%, 1:5)"),
        ("c", "critical", ""),
    ):
        parser.add_argument(
            f"-{letter}",
            f"--{severity}",
            type=range_spec,
            default="",
            metavar="RANGE",
            help=f"{severity.upper()} where {number} is outside RANGE{example}",
        )


def add_status(parser: argparse.ArgumentParser, option: str, default: Severity, about: str) -> None:
    """An option that says how bad something is; ``about`` begins its help."""
    names = [
        f"{status.name.lower()}{' (default)' * (status is default)}"
        for status in (Severity.OK, Severity.WARNING, Severity.CRITICAL, Severity.UNKNOWN)
    ]
    parser.add_argument(
        option,
        type=status,
        default=default,
        metavar="STATUS",
        help=f"{about}: {', '.join(names[:-1])} or {names[-1]}",
    )


def status(text: str) -> Severity:
    """A status, as an option's value."""
    try:
        return Severity[text.upper()]
    except KeyError:
        known = ", ".join(status.name.lower() for status in Severity)
        raise argparse.ArgumentTypeError(f"not one of {known}") from None


def add_state(parser: argparse.ArgumentParser) -> None:
    """Where a check remembers; None stands for the file of this host."""
    parser.add_argument(
        "--state",
        metavar="FILE",
        help="what is remembered from run to run (default: a file of this host)",
    )
