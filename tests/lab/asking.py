"""The installed plugin, asked on a host of the lab, and what is wanted of its answer."""

import os
import re
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Container, Iterator
from pathlib import Path
from tempfile import TemporaryFile
from typing import NamedTuple

from lab.errors import LabError
from lab.hosts import ENVIRONMENT, Host
from lab.installation import USER
from lab.scenario import Lab, Look

STATUSES = ("OK", "WARNING", "CRITICAL", "UNKNOWN")
# -t is 9 s by default and counts from when Python has started, which takes a while in a
# guest whose only processor charon keeps busy
LONGEST = 9.0 + 1.0 + 3.0
HOPELESS = 60.0
# names of processes are of 15 bytes at most
CHECKS = {"check_ipsec", *(f"check_ipsec_{one}" for one in ("tra", "dae", "cer", "cry"))}
ASKS = {"sudo", "ipsec", "stroke", "ip", *CHECKS}
PLUGINS = "/usr/lib/nagios/plugins"
PLUGIN = "check_ipsec"
DRAFT = "/tmp/capture"


class Answer(NamedTuple):
    """What the plugin said, how it exited, and what that cost.

    ``seconds`` are those on the clock, ``cpu`` those of the processor. ``memory`` is the
    most that one of its processes had, in bytes.
    """

    text: str
    exit: int
    seconds: float
    cpu: float
    memory: int

    @property
    def line(self) -> str:
        """The first line without the plugin's name and the performance data."""
        first = self.text.partition("\n")[0].partition(" | ")[0]
        return re.sub(r"^IPSEC(-[A-Z]+)? ", "", first)

    @property
    def status(self) -> str:
        return self.line.partition(" ")[0]


def ask(host: Host, *arguments: str, user: str | None = None, plugin: str = PLUGIN) -> Answer:
    """Runs a plugin on ``host``, by default as its user in production."""
    words = (f"{PLUGINS}/{plugin}", *host.also, *arguments)
    command = host.command(*words, user=user or USER, deadline=HOPELESS)
    with TemporaryFile() as said, TemporaryFile() as beside:
        begin = time.monotonic()
        plugin = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=said, stderr=beside, env=ENVIRONMENT
        )
        _, status, usage = os.wait4(plugin.pid, 0)
        seconds = time.monotonic() - begin
        plugin.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        beside.seek(0)
        text = (said.read() + beside.read()).decode(errors="surrogateescape")
    cpu = usage.ru_utime + usage.ru_stime
    return Answer(text, plugin.returncode, seconds, cpu, usage.ru_maxrss * 1024)


def ask_keeping(
    host: Host, record: Path, *arguments: str, user: str | None = None, plugin: str = PLUGIN
) -> Answer:
    """The same; the answer is kept as ``RECORD.said``, what was read in the folder ``record``.

    That folder can be judged again with ``PLUGIN --captured`` and the options in
    ``RECORD.args``.
    """
    words = (*host.also, *arguments)
    record.with_suffix(".args").write_text("".join(f"{word}\n" for word in words))
    answer = ask(host, "-v", "--capture", DRAFT, *arguments, user=user, plugin=plugin)
    record.with_suffix(".said").write_text(answer.text, errors="surrogateescape")
    draft = host.root / DRAFT.lstrip("/")
    if draft.exists():
        shutil.copytree(draft, record)
        shutil.rmtree(draft)
    return answer


class Asker:
    """Asks the plugin and compares; its looks are kept in ``folder`` as ``1``, ``2``, ..."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._looks = 0

    def look(self, host: Host, look: Look) -> None:
        look.between()
        self._looks += 1
        before = host.processes(ASKS)
        record = self._folder / str(self._looks)
        answer = ask_keeping(host, record, *look.arguments, user=look.user, plugin=look.plugin)
        problems = list(differences(look, answer))
        if left := left_running(host, before):
            problems.append(f"left running: {left}")
        if problems:
            raise LabError("\n".join(problems))


def left_running(host: Host, before: set[int]) -> set[int]:
    """What the plugin started and did not end; sudo's own mail of a refusal may take 3 s."""
    end = time.monotonic() + 3
    while (left := host.processes(ASKS) - before) and time.monotonic() < end:
        time.sleep(0.1)
    return left


def repeat(
    lab: Lab, host: Host, statuses: Container[str], seconds: float, runs: int, *arguments: str
) -> None:
    """Asks back to back for so many seconds, and at least so often.

    Another status than these ends it as an error, and is kept as ``wrong``; so is an
    answer that took too long.
    """
    said = Counter[str]()
    record = lab.folder / "wrong"
    begin = time.monotonic()
    while said.total() < runs or time.monotonic() < begin + seconds:
        answer = ask_keeping(host, record, *arguments)
        said[answer.status] += 1
        if answer.status not in statuses or answer.seconds > LONGEST:
            raise LabError(f"run {said.total()}, {answer.seconds:.1f} s: {answer.line}")
        _forget(record)
    counts = ", ".join(f"{count} {status}" for status, count in said.items())
    lab.note(f"{host.name} asked back to back for {time.monotonic() - begin:.0f} s: {counts}")


def _forget(record: Path) -> None:
    shutil.rmtree(record)
    for kind in (".said", ".args"):
        record.with_suffix(kind).unlink()


def differences(look: Look, answer: Answer) -> Iterator[str]:
    """What is not as expected, a line each."""
    if answer.line != look.line:
        yield f"expected: {look.line}\n said:     {answer.line}"
    if answer.exit != STATUSES.index(look.line.partition(" ")[0]):
        yield f"exit status {answer.exit}: {answer.line}"
    if answer.seconds > LONGEST:
        yield f"took {answer.seconds:.1f} s"
    words = " ".join(answer.text.split())
    yield from (f"-v does not say: {text}" for text in look.said if text not in words)
