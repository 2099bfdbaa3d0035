"""The commands, as the console scripts and ``python3 -m check_ipsec`` start them.

A check is a fresh process every minute: what the imports make lives to its end, and
few objects die young, so the garbage collector has little to find and looks seldom.
"""

import gc
import sys

COLLECT_AFTER = 20_000


def check_ipsec() -> int:
    """The main check; its exit status."""
    gc.set_threshold(COLLECT_AFTER)
    from check_ipsec.checks.ipsec import main

    gc.freeze()
    return main()


if __name__ == "__main__":
    sys.exit(check_ipsec())
