"""The plugin as a site installs it, as folders that lie over a suite's.

``pip`` puts it below /usr/local for the machine's Python; the plugins and what belongs
below /etc lie where the Debian package has them. On hosts of another suite, whose Python
may be too old or missing, the machine's runs it.
"""

import os
import shutil
import subprocess
import sysconfig
from pathlib import Path

from lab.errors import LabError

PROJECT = Path(__file__).resolve().parents[2]
PLUGINS = Path("usr/lib/nagios/plugins")
SUDOERS = Path("etc/sudoers.d/monitoring-plugins-ipsec")
STATE = Path("var/lib/check_ipsec")
USER = "nagios"
# no password, no shell: nobody can log in
UID, GID = 899, 65534
ACCOUNT = f"{USER}:*:{UID}:{GID}::/nonexistent:/usr/sbin/nologin\n"
PIP_INSTALL = (
    *("/usr/bin/python3", "-m", "pip", "install", "--quiet", "--no-deps"),
    *("--no-build-isolation", "--no-warn-script-location"),
    *("--break-system-packages", "--root-user-action=ignore"),
)


def install(folder: Path) -> None:
    """Installs the checkout and what it has for /etc below ``folder``."""
    done = subprocess.run([*PIP_INSTALL, f"--root={folder}", str(PROJECT)], check=False)
    if done.returncode:
        raise LabError("check_ipsec could not be installed: apt-get install python3-pip")
    (folder / PLUGINS).mkdir(parents=True)
    for script in (folder / "usr/local/bin").glob("check_ipsec*"):
        script.rename(folder / PLUGINS / script.name)
    shutil.copytree(PROJECT / "etc", folder / "etc")
    (folder / SUDOERS).chmod(0o440)
    (folder / STATE).mkdir(parents=True, mode=0o700)
    os.chown(folder / STATE, UID, GID)


def adapt(folder: Path, suite_root: Path) -> None:
    """Writes below ``folder`` what hosts of a suite need beside the plugin."""
    _write(folder / "etc/passwd", _accounts((suite_root / "etc/passwd").read_text()))
    if suite_root != Path("/"):
        _write(folder / "usr/bin/python3", _machine_python(), 0o755)


def _accounts(passwd: str) -> str:
    others = [line for line in passwd.splitlines(keepends=True) if not line.startswith(f"{USER}:")]
    return "".join([*others, ACCOUNT])


def _machine_python() -> str:
    version = f"python{sysconfig.get_python_version()}"
    libraries = f"lib/{sysconfig.get_config_var('MULTIARCH')}"
    return f"""\
#!/bin/sh
machine=/run/machine
export PYTHONHOME=$machine/usr PYTHONPATH=/usr/local/lib/{version}/dist-packages
export OPENSSL_MODULES=$machine/usr/{libraries}/ossl-modules
exec $machine/{libraries}/ld-linux-x86-64.so.2 \\
    --library-path $machine/{libraries}:$machine/usr/{libraries} \\
    $machine/usr/bin/{version} "$@"
"""


def _write(path: Path, text: str, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
