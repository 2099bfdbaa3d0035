"""``python3 -m pack ROOT`` adds to a folder, where each lies on a system, what the code
alone lacks: manual pages, completions, Icinga's definitions, the runbook as a page.

Console scripts that an installer has put into ROOT/usr/bin go where they belong. The
date of the manual pages is SOURCE_DATE_EPOCH, so that a build can be repeated.
"""

import os
import sys
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from time import time

from pack import completion, icinga, manual, runbook
from pack.commands import COMMANDS


def files() -> Iterator[tuple[str, str]]:
    """Paths below the root, and contents."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    moment = datetime.fromtimestamp(float(epoch) if epoch else time(), timezone.utc)
    for command in COMMANDS:
        section = command.section
        page = manual.page(command, moment.date())
        yield f"usr/share/man/man{section}/{command.name}.{section}", page
        completed = completion.script(command)
        yield f"usr/share/bash-completion/completions/{command.name}", completed
    yield "usr/share/icinga2/include/plugins-contrib.d/ipsec.conf", icinga.configuration()
    yield "usr/share/monitoring-plugins-ipsec/director-basket.json", icinga.basket()
    yield f"{manual.DOCUMENTS.lstrip('/')}/runbook.html", runbook.page()


def write(root: Path) -> None:
    """Write everything that is made."""
    for name, text in files():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def move_scripts(root: Path) -> None:
    """Put the console scripts into the folders that their rows name.

    Plugins leave a link behind: a person has no such folder in the PATH.
    """
    scripts = root / "usr/bin"
    for command in COMMANDS if scripts.is_dir() else ():
        folder = root / command.folder.lstrip("/")
        folder.mkdir(parents=True, exist_ok=True)
        script = (scripts / command.name).rename(folder / command.name)
        if command.is_plugin:
            (scripts / command.name).symlink_to(os.path.relpath(script, scripts))


if __name__ == "__main__":
    write(Path(sys.argv[1]))
    move_scripts(Path(sys.argv[1]))
