"""A captured host as if it were this one: ``ipsec``, ``swanctl`` and ``ip`` print its texts."""

from pathlib import Path

from tests.hosts import HOSTS, ROOT
from tests.package.system import System

TEXTS = "/var/lib/replayed"
IPSEC = f"""\
#!/bin/sh
[ -e {TEXTS}/hung ] && exec sleep 600
case "$*" in
    "stroke statusall"*) exec cat {TEXTS}/statusall ;;
    *) echo "not replayed: $*" >&2; exit 1 ;;
esac
"""
SWANCTL = f"""\
#!/bin/sh
[ -e {TEXTS}/hung ] && exec sleep 600
case "$*" in
    --list-*" --pretty" | "--stats --pretty") text=${{1#--}}; exec cat "{TEXTS}/$text" ;;
    *) echo "not replayed: $*" >&2; exit 1 ;;
esac
"""
# a journal in which charon says nothing of any connection
JOURNALCTL = """\
#!/bin/sh
echo '{"__REALTIME_TIMESTAMP": "1700000000000000", "MESSAGE": "00[JOB] spawning 16 worker threads"}'
"""
OVER_VICI = ("list-sas", "list-conns", "list-pols", "stats")
IP = f"""\
#!/bin/sh
case "$*" in
    "xfrm state list nokeys") exec cat {TEXTS}/xfrm-state ;;
    "xfrm policy list") exec cat {TEXTS}/xfrm-policy ;;
    *) exec /bin/ip "$@" ;;
esac
"""


def replay(system: System, host: str) -> Path:
    """Let ``system`` be the captured ``host``; its folder in the checkout."""
    folder = HOSTS / host
    vici = (ROOT / folder / "swanctl.conf").exists()
    for name in (*(OVER_VICI if vici else ("statusall",)), "xfrm-state", "xfrm-policy"):
        system.write(f"{TEXTS}/{name}", (ROOT / folder / name).read_text())
    used, other = ("swanctl/swanctl.conf", "ipsec.conf")[:: 1 if vici else -1]
    system.write(f"/etc/{used}", (ROOT / folder / Path(used).name).read_text())
    system.write("/usr/sbin/ipsec", IPSEC, 0o755)
    system.write("/usr/sbin/swanctl", SWANCTL, 0o755)
    system.write("/usr/sbin/ip", IP, 0o755)
    system.write("/usr/bin/journalctl", JOURNALCTL, 0o755)
    for gone in (f"/etc/{other}", f"{TEXTS}/hung"):
        (system.root / gone.lstrip("/")).unlink(missing_ok=True)
    return folder


def hang(system: System) -> None:
    """Let charon answer nothing."""
    system.write(f"{TEXTS}/hung", "")
