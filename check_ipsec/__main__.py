"""The commands, as the console scripts and ``python3 -m check_ipsec`` start them.

A check is a fresh process every minute. What the imports make lives to its end and few
objects die young, so the garbage collector looks seldom; and at the end nothing is
taken apart that goes anyway.
"""

import gc
import os
import sys
from typing import NoReturn

COLLECT_AFTER = 20_000


def check_ipsec() -> NoReturn:
    """The main check; ends the process with its exit status."""
    gc.set_threshold(COLLECT_AFTER)
    from check_ipsec.checks.ipsec import main

    gc.freeze()
    status = main()
    sys.stderr.flush()
    os._exit(status)


def check_ipsec_traffic() -> NoReturn:
    """Whether traffic flows; ends the process with its exit status."""
    gc.set_threshold(COLLECT_AFTER)
    from check_ipsec.checks.traffic import main

    gc.freeze()
    status = main()
    sys.stderr.flush()
    os._exit(status)


def check_ipsec_daemon() -> NoReturn:
    """The check of charon itself; ends the process with its exit status."""
    gc.set_threshold(COLLECT_AFTER)
    from check_ipsec.checks.daemon import main

    gc.freeze()
    status = main()
    sys.stderr.flush()
    os._exit(status)


def ipsec_global() -> NoReturn:
    """The operator command; ends the process with its exit status."""
    from check_ipsec.ipsec_global.command import main

    sys.exit(main())


if __name__ == "__main__":
    check_ipsec()
