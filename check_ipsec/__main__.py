"""The commands, as the console scripts and ``python3 -m check_ipsec`` start them.

A check is a fresh process every minute, and lives for as long as it takes to answer: the
garbage collector, which looks for circles only, never looks; and at the end nothing is taken
apart that goes anyway.
"""

import gc
import os
import sys
from typing import NoReturn


def check_ipsec() -> NoReturn:
    """The connections; ends the process with its exit status."""
    gc.disable()
    from check_ipsec.checks.ipsec import main

    leave(main())


def check_ipsec_traffic() -> NoReturn:
    """Whether traffic flows; ends the process with its exit status."""
    gc.disable()
    from check_ipsec.checks.traffic import main

    leave(main())


def check_ipsec_daemon() -> NoReturn:
    """Whether charon is healthy; ends the process with its exit status."""
    gc.disable()
    from check_ipsec.checks.daemon import main

    leave(main())


def check_ipsec_certs() -> NoReturn:
    """Which certificate ends when; ends the process with its exit status."""
    gc.disable()
    from check_ipsec.checks.certs import main

    leave(main())


def check_ipsec_crypto() -> NoReturn:
    """What was agreed on; ends the process with its exit status."""
    gc.disable()
    from check_ipsec.checks.crypto import main

    leave(main())


def ipsec_global() -> NoReturn:
    """The operator command; ends the process with its exit status."""
    from check_ipsec.ipsec_global.command import main

    sys.exit(main())


def ipsec_metrics() -> NoReturn:
    """What is worth graphing; ends the process with its exit status."""
    gc.disable()
    from check_ipsec.metrics.command import main

    leave(main())


def leave(status: int) -> NoReturn:
    """End the process; what was said on standard output is written already."""
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    check_ipsec()
