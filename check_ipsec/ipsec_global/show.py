"""What is seen while it runs: progress on a terminal, with ``-v`` each order."""

import shlex
import sys
from contextlib import suppress

from check_ipsec.command_line import printed
from check_ipsec.ipsec_global.action import Asked
from check_ipsec.ipsec_global.orders import Order
from check_ipsec.untrusted import plain


class Show:
    """Progress goes to standard error, orders to standard output."""

    def __init__(self, name: str, verbose: bool) -> None:
        self._name = name
        self._verbose = verbose
        self._terminal = sys.stderr.isatty()
        self._shown = 0

    def asked(self, asked: Asked) -> None:
        """A line for an order that was given."""
        if self._verbose:
            self.clear()
            printed(f"{command(asked.order)}{outcome(asked)}\n")

    def progress(self, text: str) -> None:
        """The line that is always overwritten, on a terminal only."""
        if self._terminal:
            line = f"{self._name}: {text}"
            overwrite(f"\r{line.ljust(self._shown)}")
            self._shown = len(line)

    def clear(self) -> None:
        """Leave nothing of the progress."""
        if self._shown:
            overwrite(f"\r{' ' * self._shown}\r")
            self._shown = 0


def overwrite(text: str) -> None:
    """Write to the terminal; one that is gone stops nothing."""
    with suppress(OSError):
        sys.stderr.write(text)
        sys.stderr.flush()


def command(order: Order) -> str:
    """An order as one would type it."""
    return plain(shlex.join(order.words))


def outcome(asked: Asked) -> str:
    """What became of the command where it did not end as it should."""
    if asked.output.timed_out:
        return f": no answer within {asked.output.seconds:.0f} s"
    if asked.output.exit:
        return f": exit status {asked.output.exit}"
    return ""
