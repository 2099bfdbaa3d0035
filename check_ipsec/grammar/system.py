r"""Short files of the kernel, of systemd and of the module tools: a number, a name a line.

========================= ======================================= ==========================
file                      written by                              sample
========================= ======================================= ==========================
/proc/sys/net/core/*      kernel/sysctl.c, ``proc_dointvec``      ``1``
charon.pid                strongSwan, src/charon/charon.c         ``1234``
cgroup.procs              kernel/cgroup/cgroup.c                  ``1234``, a line each
boot_id                   drivers/char/random.c                   a UUID
/proc/PID/status          fs/proc/array.c                         ``VmRSS:     17892 kB``
/proc/PID/cgroup          kernel/cgroup/cgroup.c                  ``0::/system.slice/x.service``
/proc/modules             kernel/module/procfs.c                  ``esp4 10932 4 - Live 0x0``
modules.builtin           scripts/modules-install, depmod         ``kernel/net/ipv4/esp4.ko``
modules.dep               depmod                                  ``kernel/net/ipv4/esp4.ko:``
========================= ======================================= ==========================

Lines and fields beyond those that are asked for are left alone. All raise ParseError where
a number is none.
"""

from __future__ import annotations

import re

from check_ipsec.errors import ParseError
from check_ipsec.model.system import Process

KIB = 1024
FILE = re.compile(r"^(?:\S*/)?([\w-]+)\.ko(?:\.\w+)?(?=[:\s]|$)", re.ASCII | re.MULTILINE)
FIELD = re.compile(r"^(\w+):[ \t]*(.*)$", re.ASCII | re.MULTILINE)
SIZE = re.compile(r"([0-9]+) kB")
# of the unified hierarchy, and of systemd's own beside it
GROUP = re.compile(r"^(?:0:|[0-9]+:name=systemd):(/.*)$", re.MULTILINE)


def number(text: str, source: str) -> int:
    """The one number of a file."""
    if not re.fullmatch(r"-?[0-9]{1,18}\s*", text, re.ASCII):
        raise ParseError(source, 1, "expected a number")
    return int(text)


def numbers(text: str, source: str) -> tuple[int, ...]:
    """The numbers of a file, a line each."""
    return tuple(number(line, source) for line in text.splitlines())


def name(text: str, _source: str) -> str:
    """The one line of a file."""
    return text.strip()


def process(text: str, source: str) -> Process:
    """What ``/proc/PID/status`` says; memory in KiB there."""
    fields = dict(FIELD.findall(text))
    if "Name" not in fields:
        raise ParseError(source, 1, "expected 'Name:'")
    size = SIZE.fullmatch(fields.get("VmRSS", ""))
    threads = fields.get("Threads")
    return Process(
        name=fields["Name"],
        pid=number(fields.get("Pid", ""), source),
        threads=None if threads is None else number(threads, source),
        resident=int(size[1]) * KIB if size else None,
    )


def group(text: str, _source: str) -> str | None:
    """The control group that systemd has put the process into, None where there is none."""
    found = GROUP.findall(text)
    return max(found, key=len) if found else None


def modules(text: str, _source: str) -> frozenset[str]:
    """The names of the loaded modules."""
    return frozenset(line.split()[0] for line in text.splitlines() if line.strip())


def module_files(text: str, _source: str) -> frozenset[str]:
    """The names of the modules that files are listed of; the kernel writes ``-`` as ``_``."""
    return frozenset(found.replace("-", "_") for found in FILE.findall(text))
