"""This host: its texts are what commands print now."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from datetime import datetime, timezone
from os import F_OK, geteuid
from pathlib import Path
from pwd import getpwuid
from shutil import which
from typing import NamedTuple

from check_ipsec.host.hidden import without_addresses, without_keys
from check_ipsec.host.host import Deadline, Files, Way
from check_ipsec.host.log_file import end_of
from check_ipsec.host.process import Call, run_each
from check_ipsec.host.said import sudo_refusal
from check_ipsec.host.sources import LOG_FILE, Output, Source

# charon serves four control connections (stroke_socket.c, MAX_CONCURRENT_DEFAULT);
# one stays free for who asks it something
AT_ONCE = 3
# in a path, a file that holds a name; and such a name
NAMED = re.compile(r"\{(.+?)\}")
NAME = re.compile(r"[\w+~-][\w.+~-]{0,63}", re.ASCII)
ON_DISK = (Source.CERTS, Source.CACERTS, Source.CRLS, Source.SECRETS)
DIRECTORIES = ("/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/sbin")


class Asked(NamedTuple):
    """A command as it is run, and the program that is ``missing`` for that."""

    command: tuple[str, ...]
    missing: str = ""
    through_sudo: bool = False


class LiveHost:
    """The host that this runs on, asked by commands found in ``directories``.

    Who is not root asks through ``sudo -n``. ``log`` is where charon's log is, if it is a file.
    """

    def __init__(
        self,
        path: str,
        files: Files,
        directories: tuple[str, ...] = DIRECTORIES,
        swanctl: str | None = None,
        way: Way = Way.AUTO,
        log: str | None = None,
    ) -> None:
        self.path = path
        self.swanctl = swanctl
        self.way = way
        self._log = log or LOG_FILE
        self.files = files
        self._directories = directories
        self._user = _user()

    @property
    def time(self) -> datetime | None:
        """Now."""
        return datetime.now(timezone.utc)

    def read(self, source: Source, deadline: Deadline, argument: str = "") -> Output:
        """What the command of ``source`` prints now."""
        if source in ON_DISK:
            return _on_disk(source, argument or source.words[0])
        if source.is_file:
            output = _file(source.words[0])
            return output._replace(stdout=without_addresses(source, output.stdout))
        words = (*source.words, argument) if argument else source.words
        if source is Source.LOG:
            words = (*source.words[:-2], f"{self._log}.1", self._log)
            if (text := end_of(self._log)) is not None:
                return Output(words, without_keys(source, text), user=self._user)
        asked = self._prepared(words, source.for_all)
        (output,) = self._run([asked], [deadline.seconds(source)])
        return output._replace(stdout=without_keys(source, output.stdout))

    def read_each(self, sources: Sequence[Source], deadline: Deadline) -> tuple[Output, ...]:
        """What the commands of several sources print, all run at the same time."""
        asked = [self._prepared(source.words, source.for_all) for source in sources]
        return tuple(self._run(asked, [deadline.seconds(source) for source in sources]))

    def act(self, calls: Iterable[Call]) -> Generator[Output, None, None]:
        """Run commands that change something, in order, a few at a time, as root.

        A command begins with the name of a program, as those of sources do.
        """
        return run_each((Call(self._command(words), seconds) for words, seconds in calls), AT_ONCE)

    def can_read_again(self, deadline: Deadline) -> bool:
        """Whether the time allows a second reading."""
        return deadline.allows_again()

    def _run(self, asked: Sequence[Asked], seconds: Sequence[float]) -> Iterator[Output]:
        """What came of commands that are run at the same time."""
        calls = [Call(one.command, limit) for one, limit in zip(asked, seconds) if not one.missing]
        killable = not any(one.through_sudo for one in asked)
        # all of them now: an interrupt has its effect at the end of a run
        outputs = iter(tuple(run_each(calls, len(calls), killable=killable)))
        for one in asked:
            output = self._not_installed(one) if one.missing else next(outputs)
            if one.through_sudo and not output.stdout and sudo_refusal(output.stderr) is not None:
                output = output._replace(refused=True)
            yield output._replace(user=self._user)

    def _prepared(self, words: tuple[str, ...], for_all: bool) -> Asked:
        """How a command is run: who is not root asks through sudo, but for what all may run."""
        path = self._path(words[0])
        if path is None:
            return Asked(words, words[0])
        command = (path, *words[1:])
        if for_all or self._user == "root":
            return Asked(command)
        sudo = self._path("sudo")
        return Asked((sudo or "sudo", "-n", *command), "" if sudo else "sudo", through_sudo=True)

    def _command(self, words: tuple[str, ...]) -> tuple[str, ...]:
        return (self._path(words[0]) or words[0], *words[1:])

    def _path(self, program: str) -> str | None:
        return which(program, F_OK, ":".join(self._directories))

    def _not_installed(self, asked: Asked) -> Output:
        places = ", ".join(self._directories)
        problem = f"{asked.missing} is not installed (not in {places})"
        return Output(asked.command, "", problem, exit=127)


def _on_disk(source: Source, path: str) -> Output:
    """The certificates below a path, which few ask for."""
    from check_ipsec.host.certificate_files import certificates, key_files

    return key_files(path) if source is Source.SECRETS else certificates(path)


def _file(path: str) -> Output:
    """A file as it is now; it is of the kernel's making, and short."""
    if found := NAMED.search(path):
        inner = _file(found[1])
        name = inner.stdout.strip()
        if inner.failed or not NAME.fullmatch(name):
            return inner._replace(stdout="", stderr=inner.stderr or "no name in it", exit=1)
        path = path.replace(found[0], name)
    try:
        text = Path(path).read_bytes().decode("utf-8", "surrogateescape")
    except OSError as error:
        return Output((path,), "", error.strerror or str(error), exit=1)
    return Output((path,), text)


def _user() -> str:
    """The name that sudoers has for who runs this."""
    uid = geteuid()
    try:
        return getpwuid(uid).pw_name if uid else "root"
    except KeyError:
        return f"#{uid}"
