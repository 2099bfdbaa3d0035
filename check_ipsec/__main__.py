"""``python3 -m check_ipsec``: the main check, from a checkout too."""

import sys

from check_ipsec.checks.ipsec import main

sys.exit(main())
