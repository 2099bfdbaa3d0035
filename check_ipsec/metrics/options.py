"""The options of ipsec-metrics."""

from __future__ import annotations

import argparse

from check_ipsec.command_line import (
    Parser,
    add_common_options,
    add_connection_options,
    add_label_options,
    add_source_options,
)
from check_ipsec.errors import UsageError
from check_ipsec.metrics.delivery import address
from check_ipsec.metrics.formats import FORMATS
from check_ipsec.metrics.graphite import NOT_IN_PATHS
from check_ipsec.untrusted import plain

NAME = "ipsec-metrics"
# nobody waits for it, and a busy charon has more to say than a plugin asks
TIMEOUT = 30.0
EPILOG = """\
Without options everything of /etc/ipsec.conf is read and written to standard
output for Prometheus. Exit status: 0 well; 1 the reading failed, or it could not
be written or sent; 2 usage. Errors are said on standard error.

Labels of the site's own, like --label 'cp3*=site:esams', are those of connections
whose name the case-sensitive GLOB matches; of several that match, the first of
each key counts, those of --label before those of --labels. A file holds the same,
a line each, and comments that begin with #.
"""


def make_parser() -> argparse.ArgumentParser:
    """The options, as --help, the manual page and the README show them."""
    parser = Parser(
        prog=NAME,
        description="What is worth graphing of the IPsec connections of this host.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add_connection_options(parser, "read only")
    add_source_options(parser)
    parser.add_argument(
        "--expect",
        action="append",
        default=[],
        metavar="GLOB=EXPECTATION",
        help="what matching connections must be, as for check_ipsec; may be repeated",
    )
    add_output_options(parser)
    add_series_options(parser)
    either = parser.add_mutually_exclusive_group()
    either.add_argument(
        "--capture",
        metavar="DIR",
        help="keep all that was read in the new folder DIR; it holds addresses and identities",
    )
    either.add_argument(
        "--captured",
        metavar="DIR",
        help="read the host that such a folder holds instead of this one",
    )
    add_common_options(parser, TIMEOUT, "say on standard error how many series there are")
    return parser


def add_output_options(parser: argparse.ArgumentParser) -> None:
    """How and where series are written."""
    parser.add_argument(
        "--format",
        choices=tuple(FORMATS),
        metavar="FORMAT",
        help="prometheus (default), graphite (default with --graphite), json or influx",
    )
    either = parser.add_mutually_exclusive_group()
    either.add_argument(
        "--output",
        metavar="FILE",
        help="replace FILE as a whole, mode 0644; it must not be a link",
    )
    either.add_argument(
        "--graphite",
        type=address,
        metavar="HOST:PORT",
        help="send it to carbon's plaintext port, mostly 2003, within 5 s",
    )
    parser.add_argument(
        "--prefix",
        type=path_prefix,
        metavar="PREFIX",
        help="what paths of Graphite begin with (default: ipsec.HOST)",
    )


def add_series_options(parser: argparse.ArgumentParser) -> None:
    """Which series, and their labels."""
    add_label_options(parser, "a label of matching connections")
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        metavar="GLOB",
        help="leave out metrics whose name matches, with or without ipsec_; may be repeated",
    )
    parser.add_argument("--mtu", action="store_true", help="the MTU of the route to each peer too")
    parser.add_argument(
        "--ike-events-per-connection",
        action="store_true",
        help="what charon counts of IKE for each connection too: some 21 series each",
    )
    parser.add_argument(
        "--state",
        metavar="FILE",
        help="what is remembered from run to run (default: the file of this host)",
    )


def path_prefix(text: str) -> str:
    """A prefix of paths, as an option's value. Raises UsageError."""
    if text and not all(part and not NOT_IN_PATHS.search(part) for part in text.split(".")):
        raise UsageError(f"--prefix {plain(text)}: not words of A-Z, a-z, 0-9, _ and - with dots")
    return text
