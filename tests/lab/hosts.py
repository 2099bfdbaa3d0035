"""Hosts of the lab: namespaces over a Debian, each with its own files and charon.

A host's root is an overlay on the suite's folder, so it may write anywhere; its
first process is an idle one, whose end takes all others along.
"""

import re
import subprocess
from collections.abc import Container, Sequence
from pathlib import Path

from lab.errors import LabError
from lab.waiting import wait_until

HOSTS = Path("/run/hosts")
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "HOME": "/root"}
UNSHARE = (
    "unshare",
    "--mount",
    "--net",
    "--uts",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
)

Result = subprocess.CompletedProcess[str]


def run(*command: str, check: bool = True, timeout: float = 60) -> Result:
    """Runs a command in the guest; a failure is a LabError with its message."""
    result = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",
        timeout=timeout,
        check=False,
        env=ENVIRONMENT,
    )
    if check and result.returncode:
        raise LabError(f"{' '.join(command)}: {(result.stderr or result.stdout).strip()}")
    return result


class Host:
    """A host of the lab, running from its making to ``destroy``.

    The upper ones of ``folders`` cover the lower ones; nothing is written into them.
    The machine's own root lies below ``/run/machine``.
    """

    def __init__(self, name: str, folders: Sequence[str]) -> None:
        self.name = name
        self.root = HOSTS / name / "root"
        self.swanctl = False
        # options that the plugin is asked with besides
        self.also: tuple[str, ...] = ()
        self._ports: list[str] = []
        self._mount(folders)
        self._idle = subprocess.Popen(
            [*UNSHARE, f"--root={self.root}", "sleep", "infinity"],
            env=ENVIRONMENT,
        )
        wait_until(self._is_up, f"{name} starts")
        self.run("hostname", name)
        self.run("ip", "link", "set", "lo", "up")
        self.write("/etc/hosts", f"127.0.0.1 localhost {name}\n")

    def _mount(self, folders: Sequence[str]) -> None:
        layers = self.root.parent
        layers.mkdir(parents=True)
        run("mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", str(layers))
        for layer in ("upper", "work", "root"):
            (layers / layer).mkdir()
        lower = ":".join(folders)
        options = f"lowerdir={lower},upperdir={layers}/upper,workdir={layers}/work"
        run("mount", "-t", "overlay", "-o", options, "overlay", str(self.root))
        run("mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", f"{self.root}/run")
        run("mount", "-t", "tmpfs", "-o", "mode=1777", "tmpfs", f"{self.root}/tmp")
        run("mount", "--rbind", "/dev", f"{self.root}/dev")
        (self.root / "run/machine").mkdir()
        run("mount", "--bind", "/", f"{self.root}/run/machine")

    def _is_up(self) -> bool:
        children = Path(f"/proc/{self._idle.pid}/task/{self._idle.pid}/children").read_text()
        self.pid = children.strip()
        return bool(self.pid) and Path(f"/proc/{self.pid}/comm").read_text() == "sleep\n"

    def processes(self, names: Container[str]) -> set[int]:
        """The processes of this host that run under one of ``names``.

        Those that have ended and wait to be buried do not: the idle first process buries
        nobody.
        """
        space = _pid_namespace(self.pid)
        return {
            int(folder.name)
            for folder in Path("/proc").glob("[0-9]*")
            if _pid_namespace(folder.name) == space and _name(folder) in names
        }

    def destroy(self) -> None:
        """Ends all processes of the host and forgets its files."""
        for port in self._ports:
            run("ip", "link", "delete", port)
        self._idle.kill()
        self._idle.wait()
        run("umount", "--recursive", "--lazy", str(self.root.parent))
        self.root.parent.rmdir()

    def command(
        self, *command: str, user: str | None = None, deadline: float | None = None
    ) -> list[str]:
        """The words that run ``command`` on this host, as root or as ``user``.

        Past the deadline, ``timeout`` ends it, as root: a user may not end sudo.
        """
        words = ["nsenter", "--target", self.pid, "--mount", "--net", "--uts", "--pid"]
        words += ["--root", "env", "--chdir=/"]
        if deadline:
            words += ["timeout", str(deadline)]
        if user:
            words += ["runuser", "-u", user, "--"]
        return [*words, *command]

    def run(self, *command: str, user: str | None = None, check: bool = True) -> Result:
        return run(*self.command(*command, user=user), check=check)

    def write(self, path: str, content: str | bytes, mode: int = 0o644) -> None:
        """Writes a file of this host, in place of a link of that name."""
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.is_symlink():
            file.unlink()
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        file.chmod(mode)

    def read(self, path: str) -> bytes:
        return (self.root / path.lstrip("/")).read_bytes()

    def link(self, network: str, device: str, *addresses: str) -> None:
        """Plugs ``device`` with its addresses into a network of the lab."""
        port = f"{self.name}-{device}"
        self._ports.append(port)
        run("ip", "link", "add", port, "type", "veth", "peer", "name", device, "netns", self.pid)
        run("ip", "link", "set", port, "master", network, "up")
        self.run("ip", "link", "set", device, "up")
        self.add_addresses(device, *addresses)

    def unplug(self, device: str) -> None:
        """Pulls the plug: whatever this host sends or is sent gets lost."""
        run("ip", "link", "set", f"{self.name}-{device}", "down")

    def add_addresses(self, device: str, *addresses: str) -> None:
        for address in addresses:
            nodad = ["nodad"] if ":" in address else []
            self.run("ip", "address", "add", address, "dev", device, *nodad)

    # --- charon -------------------------------------------------------------

    def configure(self, ipsec_conf: str | bytes, secrets: str = "", charon: str = "") -> None:
        """Writes ipsec.conf, ipsec.secrets and settings of strongswan.conf's charon section."""
        self.write("/etc/ipsec.conf", ipsec_conf)
        self.write("/etc/ipsec.secrets", secrets, 0o600)
        log = "filelog { lab { path = /var/log/lab.log\n flush_line = yes\n default = 1 } }"
        self.write("/etc/strongswan.d/lab.conf", f"charon {{\n{charon}\n{log}\n}}\n")

    def start(self, loaded: str | None = None) -> None:
        """Starts charon and waits for the connection ``loaded``, by default the last one."""
        self.spawn("ipsec", "start", "--nofork")
        last = loaded if loaded is not None else self._connections()[-1]
        self.wait(rf"^ *{re.escape(last)}:   child:  ")

    def _connections(self) -> list[str]:
        text = self.read("/etc/ipsec.conf").decode(errors="surrogateescape")
        return re.findall(r"^conn +([^%\s]\S*)", text, re.MULTILINE)

    def start_swanctl(self, swanctl_conf: str) -> None:
        """Starts charon-systemd, waits for its socket, and loads swanctl.conf."""
        log = "filelog { lab { path = /var/log/lab.log\n flush_line = yes\n default = 1 } }"
        self.write("/etc/strongswan.d/lab.conf", f"charon-systemd {{\n{log}\n}}\n")
        self.write("/etc/swanctl/swanctl.conf", swanctl_conf)
        self.spawn("charon-systemd")
        asked = ("swanctl", "--stats")
        wait_until(lambda: not self.run(*asked, check=False).returncode, f"{self.name} starts")
        self.load_all()

    def load_all(self) -> None:
        """Loads swanctl.conf as the service does."""
        self.swanctl = True
        self.run("swanctl", "--load-all", "--noprompt")

    def wait_sas(self, pattern: str, gone: bool = False, timeout: float = 80) -> None:
        """Returns once ``swanctl --list-sas`` holds ``pattern``, or holds it no more."""

        def there() -> bool:
            text = run(*self.command("swanctl", "--list-sas", deadline=5), check=False).stdout
            return bool(re.search(pattern, text)) is not gone

        wait_until(there, f"--list-sas of {self.name} shows {pattern}", timeout)

    def wait_child(self, *names: str) -> None:
        """Returns once CHILD_SAs of these names are installed."""
        for name in names:
            self.wait_sas(rf"(?m)^  {re.escape(name)}: #\d+, reqid \d+, INSTALLED")

    def spawn(self, *command: str) -> None:
        """Starts a command that ends with the host."""
        subprocess.Popen(
            self.command(*command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=ENVIRONMENT,
        )

    def kill(self, signal: str, *programs: str) -> None:
        for program in programs:
            self.run("pkill", f"-{signal}", "-x", program)

    def statusall(self) -> str:
        """What charon says, empty where it does not within 5 s."""
        return run(*self.command("ipsec", "stroke", "statusall", deadline=5), check=False).stdout

    def xfrm(self, kind: str) -> str:
        """The kernel's ``state`` or ``policy`` list."""
        nokeys = ["nokeys"] if kind == "state" else []
        return self.run("ip", "xfrm", kind, "list", *nokeys).stdout

    def wait(self, *patterns: str, timeout: float = 80) -> None:
        """Returns once statusall holds all ``patterns``."""

        def all_there() -> bool:
            text = self.statusall()
            return all(re.search(pattern, text, re.MULTILINE) for pattern in patterns)

        wait_until(all_there, f"statusall of {self.name} shows {patterns}", timeout)

    def wait_installed(self, *names: str) -> None:
        self.wait(*(rf"^ *{re.escape(name)}\{{\d+\}}:  INSTALLED" for name in names))

    def wait_gone(self, pattern: str, timeout: float = 80) -> None:
        """Returns once statusall does not hold ``pattern``."""

        def gone() -> bool:
            text = self.statusall()
            return bool(text) and not re.search(pattern, text, re.MULTILINE)

        wait_until(gone, f"statusall of {self.name} shows no {pattern}", timeout)

    def wait_log(self, pattern: str, timeout: float = 80) -> None:
        """Returns once charon has logged ``pattern``."""
        told = f"{self.name} logs {pattern}"
        wait_until(lambda: re.search(pattern, self.log()), told, timeout)

    def delay(self, seconds: float) -> None:
        """Everything that this host sends leaves so much later."""
        self.run("tc", "qdisc", "add", "dev", "eth0", "root", "netem", "delay", f"{seconds}s")

    def spi_in(self, name: str) -> str:
        """The inbound SPI of a CHILD_SA, 8 hexadecimal digits."""
        pattern = rf"{re.escape(name)}\{{\d+\}}:  INSTALLED.* SPIs: ([0-9a-f]{{8}})_i"
        found = re.search(pattern, self.statusall())
        if not found:
            raise LabError(f"{self.name} has no CHILD_SA {name}")
        return found[1]

    def log(self) -> str:
        try:
            return self.read("/var/log/lab.log").decode(errors="replace")
        except FileNotFoundError:
            return ""


def _pid_namespace(pid: str) -> str:
    try:
        return str(Path(f"/proc/{pid}/ns/pid").readlink())
    except OSError:
        return ""


def _name(process: Path) -> str:
    """The name of a process that runs; a zombie has no command line."""
    try:
        runs = (process / "cmdline").read_bytes()
        return (process / "comm").read_text().strip() if runs else ""
    except OSError:
        return ""


def add_network(name: str) -> None:
    """A switch that hosts are linked to."""
    run("ip", "link", "add", name, "type", "bridge")
    run("ip", "link", "set", name, "up")


def remove_network(name: str) -> None:
    run("ip", "link", "delete", name)


def load_modules(*modules: str) -> None:
    run("modprobe", "-d", "/run/kernel", "-a", *modules)
