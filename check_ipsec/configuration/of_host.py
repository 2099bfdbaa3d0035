"""Which connections a host is asked for: those of ipsec.conf, of swanctl.conf, or of both.

=========================  =========================  ======================================
ipsec.conf                 swanctl.conf               connections, and how charon is asked
=========================  =========================  ======================================
is there                   lists none, or is missing  of ipsec.conf, by stroke
lists none, or is missing  lists some                 of swanctl.conf, over VICI
lists some                 lists some                 of both, over VICI, which lists those
                                                      that came by stroke too
is missing                 lists none                 none
is missing                 is missing                 as before swanctl: an error
=========================  =========================  ======================================

Either may be refused by charon's rules, or not be readable: an error. ``--source stroke``
does not look at swanctl.conf, ``--source vici`` asks over VICI in any case.

Most hosts with ipsec.conf have the swanctl.conf that came with the package, comments and an
include of nothing: that is seen without the grammar.
"""

from string import ascii_letters, digits
from typing import Optional

from check_ipsec.configuration import ipsec_conf
from check_ipsec.errors import ConfigurationError
from check_ipsec.host.host import Host, Way
from check_ipsec.model.configuration import Configuration

# of a line that says something in a file that is only there to be filled
INCLUDE = "include "
SIMPLE = frozenset(f"{ascii_letters}{digits}./*_-")


def configured(host: Host) -> Configuration:
    """The connections of a host. Raises ParseError or ConfigurationError."""
    ipsec, other = of_both(host)
    files = [one for one in (ipsec, other) if one]
    connections = tuple(connection for one in files for connection in one.connections)
    listing = [one for one in files if one.connections] or files[:1]
    over_vici = other is not None and bool(other.connections or not ipsec)
    return Configuration(
        path=" and ".join(one.path for one in listing),
        connections=connections,
        setup=ipsec.setup if ipsec else (),
        files=tuple(path for one in files for path in one.files),
        over_vici=over_vici or host.way is Way.VICI,
    )


def of_both(host: Host) -> tuple[Optional[Configuration], Optional[Configuration]]:
    """What ipsec.conf and swanctl.conf configure, None where it is not there, or says nothing."""
    other = swanctl_conf(host)
    if other is None or exists(host, host.path):
        return ipsec_conf.load(host.path, host.files), other
    return None, other


def swanctl_conf(host: Host) -> Optional[Configuration]:
    """What swanctl.conf configures, None where there is none or it is not to be looked at."""
    path = host.swanctl
    if path is None or host.way is Way.STROKE or not exists(host, path):
        return None
    try:
        if says_nothing(host, path):
            return Configuration(path, ())
    except OSError as error:
        name = error.filename if isinstance(error.filename, str) else path
        remedy = "; `--source stroke` does without" if exists(host, host.path) else ""
        raise ConfigurationError(f"cannot read {name}: {error.strerror}{remedy}") from error
    from check_ipsec.configuration import swanctl_conf

    return swanctl_conf.load(path, host.files)


def exists(host: Host, path: str) -> bool:
    """Whether there is such a file, readable or not."""
    try:
        host.files.read(path)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return True


def says_nothing(host: Host, path: str) -> bool:
    """Whether a file holds comments only, and includes of no file. Raises OSError."""
    for line in host.files.read(path).split("\n"):
        said = line.strip()
        if not said or said.startswith("#"):
            continue
        pattern = said.removeprefix(INCLUDE).strip()
        if not said.startswith(INCLUDE) or not SIMPLE.issuperset(pattern):
            return False
        if not pattern.startswith("/"):
            pattern = path[: path.rfind("/") + 1] + pattern
        if host.files.glob(pattern):
            return False
    return True


def kept(host: Host) -> dict[str, str]:
    """The files of a host, each resolved into one, by the name that a capture gives it."""
    from check_ipsec.configuration.rendered import render, render_swanctl

    texts = {}
    if host.way is not Way.STROKE and host.swanctl is not None and exists(host, host.swanctl):
        from check_ipsec.configuration.swanctl_conf import read

        texts["swanctl.conf"] = render_swanctl(read(host.swanctl, host.files))
    if not texts or exists(host, host.path):
        texts["ipsec.conf"] = render(ipsec_conf.load(host.path, host.files))
    return texts
