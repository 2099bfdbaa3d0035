"""charon's answer, however it was asked."""

from typing import NamedTuple

from check_ipsec.model.daemon import Status

# charon's counts are unsigned; a larger one went below zero
NEGATIVE = 2**31


class Daemon(NamedTuple):
    """charon's answer. ``partial``: it lists fewer IKE_SAs than it counts."""

    status: Status
    partial: bool


def counted(number: int) -> int:
    """A count of IKE_SAs, 0 where charon counted below zero."""
    return number if 0 <= number < NEGATIVE else 0
