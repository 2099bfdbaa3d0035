"""Writes what a host's daemon and kernel say into a folder, as ``check_ipsec --capture`` does."""

import json
import re
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lab.hosts import ENVIRONMENT, Host
from lab.scenario import Look

IPSEC = "/usr/sbin/ipsec"
SWANCTL = "/usr/sbin/swanctl"
IP = "/usr/sbin/ip"
SUDO = ("/usr/bin/sudo", "-n")

STATUSALL, LIST_SAS = "statusall", "list-sas"
OVER_VICI = ("list-conns", "list-pols", "stats")
COMMANDS = {
    LIST_SAS: (SWANCTL, "--list-sas", "--pretty"),
    "list-sas-noblock": (SWANCTL, "--list-sas", "--noblock", "--pretty"),
    **{name: (SWANCTL, f"--{name}", "--pretty") for name in OVER_VICI},
    STATUSALL: (IPSEC, "stroke", "statusall"),
    "statusall-nb": (IPSEC, "stroke", "statusall-nb"),
    "xfrm-state": (IP, "xfrm", "state", "list", "nokeys"),
    "xfrm-policy": (IP, "xfrm", "policy", "list"),
}
STATISTICS = {
    "xfrm-state": (IP, "-s", "xfrm", "state", "list", "nokeys"),
    "xfrm-policy": (IP, "-s", "xfrm", "policy", "list"),
}
DEADLINES = {STATUSALL: 5.0, LIST_SAS: 4.0, **dict.fromkeys(OVER_VICI, 5.0)}
KERNEL_DEADLINE = 1.0
TIMEOUT_STATUS = 124
SECRETS = re.compile(r"^secrets \{\n(?:.*\n)*?\}\n", re.MULTILINE)
REFUSED = re.compile(r"^sudo: |Permission denied|Operation not permitted", re.MULTILINE)


def _ask(
    host: Host, command: tuple[str, ...], deadline: float, user: str | None
) -> tuple[bytes, dict[str, Any]]:
    """Standard output and the entry of capture.json for one command."""
    words = [*SUDO, *command] if user else list(command)
    begin = time.monotonic()
    done = subprocess.run(
        host.command(*words, user=user, deadline=deadline),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        env=ENVIRONMENT,
    )
    stderr = done.stderr.decode(errors="surrogateescape")
    timed_out = done.returncode == TIMEOUT_STATUS
    return done.stdout, {
        "command": words,
        "stderr": stderr,
        "exit": None if timed_out else done.returncode,
        "seconds": round(time.monotonic() - begin, 3),
        "timed_out": timed_out,
        "refused": bool(done.returncode and REFUSED.search(stderr)),
        "user": user or "root",
    }


class Capture:
    """A folder that holds all texts of one moment of a host."""

    def __init__(
        self, folder: Path, host: Host, user: str | None = None, both: bool = False
    ) -> None:
        self._folder = folder
        self._vici = host.swanctl or both
        self._stroke = (host.root / "etc/ipsec.conf").exists()
        self._host = host
        self._user = user
        self._entries: dict[str, Any] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def read(self, name: str, statistics: bool = False) -> bool:
        """Asks for one text and keeps it; false if the deadline passed."""
        command = STATISTICS[name] if statistics else COMMANDS[name]
        deadline = DEADLINES.get(name, KERNEL_DEADLINE)
        text, entry = _ask(self._host, command, deadline, self._user)
        (self._folder / name).write_bytes(text)
        self._entries[name] = entry
        return not entry["timed_out"]

    def read_daemon(self) -> None:
        if self._stroke and not self.read(STATUSALL):
            self.read("statusall-nb")
        if self._vici:
            answered = [self.read(name) for name in (LIST_SAS, *OVER_VICI)]
            if not answered[0] and any(answered):
                self.read("list-sas-noblock")

    def read_kernel(self, statistics: bool = False) -> None:
        self.read("xfrm-state", statistics)
        self.read("xfrm-policy", statistics)

    def keep_configuration(self) -> None:
        if self._stroke:
            (self._folder / "ipsec.conf").write_bytes(self._host.read("/etc/ipsec.conf"))
        if self._host.swanctl:
            text = self._host.read("/etc/swanctl/swanctl.conf").decode()
            (self._folder / "swanctl.conf").write_text(SECRETS.sub("", text))

    def finish(self) -> None:
        moment = datetime.now(UTC).isoformat(timespec="seconds")
        content = json.dumps({"time": moment, "commands": self._entries}, indent=2)
        (self._folder / "capture.json").write_text(content + "\n")


class Keeper:
    """Keeps a host in ``folder``, whatever is expected of it.

    ``both``: charon is asked by stroke and over VICI.
    """

    def __init__(self, folder: Path, both: bool = False) -> None:
        self._folder = folder
        self._both = both

    def look(self, host: Host, look: Look) -> None:
        moment = Capture(self._folder, host, look.user, self._both)
        moment.keep_configuration()
        moment.read_daemon()
        look.between()
        moment.read_kernel(look.statistics)
        moment.finish()
        if look.again:
            second = Capture(self._folder / "again", host, look.user, self._both)
            second.read_daemon()
            second.read_kernel()
            second.finish()
