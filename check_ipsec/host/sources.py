"""The texts that a host can be asked for, and what comes of asking.

A source is a fixed read-only command, or a file that everybody may read. Whether a text was
had is for ``said``, what it means for the grammars.
"""

from enum import Enum
from typing import NamedTuple, Optional

# systemd's folders of what its services run, with one hierarchy of control groups
SERVICES = "/sys/fs/cgroup/system.slice"
# where charon's log is by default, if it is a file; what is read of its end, and of the journal
LOG_FILE = "/var/log/charon.log"
LOG_BYTES = 2 << 20
JOURNAL_LINES = 3000
MODULES_OF_KERNEL = "/lib/modules/{/proc/sys/kernel/osrelease}"


class Source(Enum):
    """One row each: file name in a captured folder, command or path, seconds, what it says.

    A command is also a line in the sudoers file, unless ``for_all`` may run it, and one in the
    manual page of who asks. Some take an argument, which their file name ends with. In a
    path, ``{FILE}`` stands for what that file holds.

    ``ipsec stroke`` is the text of ``ipsec statusall`` without the wrapper's
    pid files and exit status (strongSwan, src/stroke/stroke.c and
    src/libcharon/plugins/stroke/stroke_list.c). ``statusall-nb`` leaves out
    SAs that are busy instead of waiting for them. ``nokeys`` keeps session keys
    out of the text (iproute2, ip/xfrm_state.c). ``swanctl --pretty`` is what charon says
    over VICI, each value on a line of its own (src/libcharon/plugins/vici/vici_query.c).
    """

    STATUSALL = "statusall", "ipsec stroke statusall", 5.0, "connections, SAs and traps of charon"
    STATUSALL_NB = "statusall-nb", "ipsec stroke statusall-nb", 1.0, "the same without busy SAs"
    LIST_SAS = "list-sas", "swanctl --list-sas --pretty", 4.0, "IKE_SAs and CHILD_SAs of charon"
    LIST_SAS_NB = (
        *("list-sas-noblock", "swanctl --list-sas --noblock --pretty", 2.0),
        "the same without busy SAs",
    )
    LIST_CONNS = (
        *("list-conns", "swanctl --list-conns --pretty", 5.0),
        "the connections that charon has loaded",
    )
    LIST_POLS = "list-pols", "swanctl --list-pols --pretty", 5.0, "traps and shunts of charon"
    STATS = "stats", "swanctl --stats --pretty", 5.0, "charon's threads, memory and counts of SAs"
    VERSION = "version", "swanctl --version --daemon --pretty", 2.0, "with -v: charon's release"
    XFRM_STATE = "xfrm-state", "ip xfrm state list nokeys", 1.0, "the kernel's states"
    XFRM_POLICY = "xfrm-policy", "ip xfrm policy list", 1.0, "the kernel's policies"
    XFRM_STATISTICS = "xfrm-statistics", "ip -s xfrm state list nokeys", 1.0, "states with counters"
    XFRM_STAT = "xfrm_stat", "/proc/net/xfrm_stat", 1.0, "the kernel's counts of errors"
    ROUTE = "route", "ip route get", 1.0, "the route to a peer", True
    LINKS = "links", "ip -o link show", 1.0, "the MTU of each device", True
    LISTCOUNTERS = "listcounters", "ipsec stroke listcounters", 1.0, "what charon counts of IKE"
    LISTCOUNTERS_ALL = (
        *("listcounters-all", "ipsec stroke listcounters all", 1.0),
        "the same for each connection",
    )
    COUNTERS = "counters", "swanctl --counters --pretty", 1.0, "what charon counts of IKE"
    COUNTERS_ALL = (
        *("counters-all", "swanctl --counters --all --pretty", 1.0),
        "the same for each connection",
    )
    LISTCERTS = (
        *("listcerts", "ipsec stroke listcerts --utc", 5.0),
        "the certificates that charon has, its own and those of peers",
    )
    LISTCACERTS = (
        *("listcacerts", "ipsec stroke listcacerts --utc", 5.0),
        "the CA certificates that it has",
    )
    LISTCRLS = "listcrls", "ipsec stroke listcrls --utc", 5.0, "its lists of revoked certificates"
    LIST_CERTS = "list-certs", "swanctl --list-certs --utc", 5.0, "the same three over VICI"
    CERTS = "certs", "/etc/ipsec.d/certs", 1.0, "with --files: the certificates of its ends"
    CACERTS = "cacerts", "/etc/ipsec.d/cacerts", 1.0, "with --files: the CA certificates"
    CRLS = "crls", "/etc/ipsec.d/crls", 1.0, "with --files: the lists of revoked certificates"
    SECRETS = (
        *("secrets", "/etc/ipsec.secrets", 1.0),
        "with --files: the names of key files, and nothing else of it",
    )
    PID_FILE = "charon.pid", "/run/charon.pid", 1.0, "the number of charon's process"
    INIT_STATUS = "init-status", "/proc/1/status", 1.0, "whether other users' processes are shown"
    CHARON_STATUS = "charon-status", "/proc/{/run/charon.pid}/status", 1.0, "charon's process"
    CHARON_CGROUP = (
        *("charon-cgroup", "/proc/{/run/charon.pid}/cgroup", 1.0),
        "the service or session that charon was started in",
    )
    STARTER_SERVICE = (
        *("starter-service", f"{SERVICES}/strongswan-starter.service/cgroup.procs", 1.0),
        "the processes of the service with ipsec.conf",
    )
    SWANCTL_SERVICE = (
        *("swanctl-service", f"{SERVICES}/strongswan.service/cgroup.procs", 1.0),
        "the processes of the service with swanctl.conf",
    )
    LARVAL_DROP = (
        *("xfrm_larval_drop", "/proc/sys/net/core/xfrm_larval_drop", 1.0),
        "whether packets are dropped while an SA is negotiated",
    )
    ACQ_EXPIRES = (
        *("xfrm_acq_expires", "/proc/sys/net/core/xfrm_acq_expires", 1.0),
        "for how long the kernel waits for an SA",
    )
    MODULES = "modules", "/proc/modules", 1.0, "the loaded modules of the kernel"
    MODULES_BUILTIN = (
        *("modules.builtin", f"{MODULES_OF_KERNEL}/modules.builtin", 1.0),
        "the modules that are part of the kernel",
    )
    MODULES_DEP = (
        *("modules.dep", f"{MODULES_OF_KERNEL}/modules.dep", 1.0),
        "the modules that the kernel can load, where one is not loaded",
    )
    BOOT_ID = "boot_id", "/proc/sys/kernel/random/boot_id", 1.0, "which boot of the kernel it is"

    LOG = (
        *("charon.log", f"tail -q -c {LOG_BYTES} {LOG_FILE}.1 {LOG_FILE}", 2.0),
        "the end of charon's log, where it is a file that the user may not read",
    )
    JOURNAL = (
        "journal",
        f"journalctl -q --no-pager -o json -n {JOURNAL_LINES} -u strongswan-starter -u strongswan",
        2.0,
        "what charon has written to the journal",
    )

    def __init__(
        self, file: str, command: str, seconds: float, about: str, for_all: bool = False
    ) -> None:
        self.file = file
        self.words = tuple(command.split())
        self.seconds = seconds
        self.about = about
        self.for_all = for_all

    @property
    def is_log(self) -> bool:
        """Whether it is asked only where a connection is not as it should be."""
        return self.file in ("charon.log", "journal")

    @property
    def folder(self) -> str:
        """Where Debian has the program."""
        return "/usr/bin" if self.is_log else "/usr/sbin"

    @property
    def is_file(self) -> bool:
        """Whether it is read, not run."""
        return self.words[0].startswith("/")


class Output(NamedTuple):
    """What came of running a command once.

    ``command`` begins with an absolute path (``sudo``'s, where ``user`` is not
    root). ``exit`` is negative for the signal that ended the command, None if it
    could not be ended; 126 and 127 say, as in a shell, that it could not be
    started. ``refused``: sudo did not run it. Bytes that are not UTF-8 are lone
    surrogates.
    """

    command: tuple[str, ...]
    stdout: str
    stderr: str = ""
    exit: Optional[int] = 0
    seconds: float = 0.0
    timed_out: bool = False
    refused: bool = False
    user: str = "root"

    @property
    def failed(self) -> bool:
        """Whether the command itself, not its text, says so."""
        return self.timed_out or self.refused or self.exit != 0

    @property
    def asked(self) -> tuple[str, ...]:
        """The command without sudo before it."""
        return self.command[2:] if self._through_sudo else self.command

    @property
    def sudoers_line(self) -> Optional[str]:
        """The rule that lets ``user`` run the command, None where none is missing."""
        granted = self._through_sudo and not self.refused
        if granted or self.user == "root":
            return None
        return f"{self.user} ALL=(root) NOPASSWD: {' '.join(self.asked)}"

    @property
    def _through_sudo(self) -> bool:
        return self.command[0].rpartition("/")[2] == "sudo"
