"""Debian systems in folders: fresh, with a network of their own, gone afterwards."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

CACHE = Path(os.environ.get("XDG_CACHE_HOME", "/var/tmp")) / "check-ipsec-package"
ENVIRONMENT = {
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C.UTF-8",
    "HOME": "/root",
    "DEBIAN_FRONTEND": "noninteractive",
}
NAMESPACES = ("--mount", "--pid", "--uts")
# nothing starts by itself where there is no init
NO_SERVICES = "#!/bin/sh\nexit 101\n"

Result = subprocess.CompletedProcess[str]


def bootstrapped(suite: str) -> Path:
    """The folder that a minimal Debian ``suite`` lies in, made if it is missing."""
    folder = CACHE / suite
    if not (folder / "done").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        command = ["debootstrap", "--variant=minbase", suite, str(folder / "root")]
        with (folder / "log").open("w") as log:
            done = subprocess.run(command, stdout=log, stderr=log)
        assert done.returncode == 0, (folder / "log").read_text()
        (folder / "done").touch()
    return folder / "root"


class System:
    """A running copy of the system in the folder ``base``, which stays as it is.

    ``work`` is where the copy's own files lie. Its first process is an idle one, whose
    end takes all others along.
    """

    def __init__(self, base: Path, work: Path) -> None:
        self.root = work / "root"
        for layer in ("root", "upper", "work"):
            (work / layer).mkdir(parents=True)
        options = f"lowerdir={base},upperdir={work}/upper,workdir={work}/work"
        _mount("overlay", self.root, options)
        _mount("tmpfs", self.root / "run", "mode=0755")
        subprocess.run(["mount", "--rbind", "/dev", self.root / "dev"], check=True)
        subprocess.run(["mount", "--make-rslave", self.root / "dev"], check=True)
        self._idle = subprocess.Popen(
            ["unshare", *NAMESPACES, "--net", "--fork", "--kill-child", "--mount-proc",
             f"--root={self.root}", "sleep", "infinity"], env=ENVIRONMENT
        )  # fmt: skip
        wait_for(self._is_up, "the system's first process")
        subprocess.run(self.beside("ip", "link", "set", "lo", "up"), check=True)
        self.write("/etc/hosts", "127.0.0.1 localhost node\n::1 localhost\n")
        self.run("hostname", "node")
        self.write("/etc/resolv.conf", Path("/etc/resolv.conf").read_text())
        self.write("/usr/sbin/policy-rc.d", NO_SERVICES, 0o755)

    def _is_up(self) -> bool:
        tasks = Path(f"/proc/{self._idle.pid}/task/{self._idle.pid}/children")
        self._pid = tasks.read_text().strip()
        return bool(self._pid) and Path(f"/proc/{self._pid}/comm").read_text() == "sleep\n"

    def destroy(self) -> None:
        """End all of its processes; its files stay where ``work`` is until that goes."""
        self._idle.kill()
        self._idle.wait()
        subprocess.run(["umount", "--recursive", "--lazy", self.root], check=True)

    def words(self, *command: str, user: str | None = None, online: bool = False) -> list[str]:
        """The words that run ``command`` there, as root or as ``user``.

        ``online``: in the network of this machine.
        """
        net = () if online else ("--net",)
        entered = [
            "nsenter",
            "--target",
            self._pid,
            *NAMESPACES,
            *net,
            "--root",
            "env",
            "--chdir=/",
        ]
        return [*entered, *(("runuser", "-u", user, "--") if user else ()), *command]

    def beside(self, *command: str) -> list[str]:
        """The words that run a ``command`` of this machine in its network."""
        return ["nsenter", "--target", self._pid, "--net", *command]

    def run(
        self,
        *command: str,
        user: str | None = None,
        online: bool = False,
        check: bool = True,
        stdin: str = "",
        environment: dict[str, str] | None = None,
    ) -> Result:
        """Run a command to its end; one that fails is an error with what it said."""
        done = subprocess.run(
            self.words(*command, user=user, online=online), input=stdin, capture_output=True,
            encoding="utf-8", errors="surrogateescape", env=ENVIRONMENT | (environment or {}),
            timeout=900,
        )  # fmt: skip
        assert done.returncode == 0 or not check, f"{command}:\n{done.stdout}{done.stderr}"
        return done

    def start(self, *command: str, user: str | None = None) -> subprocess.Popen[bytes]:
        """Start a command that ends with the system at the latest."""
        with (self.root / "var/log/started").open("ab") as log:
            return subprocess.Popen(self.words(*command, user=user), stdin=subprocess.DEVNULL,
                                    stdout=log, stderr=log, env=ENVIRONMENT)  # fmt: skip

    def apt(self, *words: str) -> str:
        """``apt-get``, with the network of this machine; what it said."""
        return self.run("apt-get", "--quiet", "--yes", *words, online=True).stdout

    def put(self, path: Path) -> str:
        """A copy of a file of this machine; its path there."""
        shutil.copy(path, self.root / "root" / path.name)
        return f"/root/{path.name}"

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        """Write a file."""
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        file.write_text(text)
        file.chmod(mode)

    def read(self, path: str) -> str:
        """The text of a file."""
        return (self.root / path.lstrip("/")).read_text()

    def exists(self, path: str) -> bool:
        """Whether there is a file or folder."""
        return (self.root / path.lstrip("/")).exists()


def _mount(kind: str, place: Path, options: str) -> None:
    subprocess.run(["mount", "-t", kind, "-o", options, kind, place], check=True)


def wait_for(condition: Callable[[], object], what: str, seconds: float = 60) -> None:
    """Return once ``condition`` holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds:g} s: {what}"
        time.sleep(0.1)
