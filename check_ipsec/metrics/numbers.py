"""Numbers as all formats take them."""

from __future__ import annotations


def number(value: float) -> str:
    """A number in full: neither an exponent nor more digits than it has."""
    return str(int(value)) if value == int(value) else f"{value:.6f}".rstrip("0")
