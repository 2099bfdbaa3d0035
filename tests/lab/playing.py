"""Plays scenarios in guests, several at once, and says how each went."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from lab import suites, uml
from lab.errors import LabError
from lab.installation import adapt, install
from lab.scenario import SCENARIOS

BOOT_SECONDS = 60


class Job(NamedTuple):
    """A scenario to be played with the strongSwan of a Debian suite."""

    suite: str
    name: str


class Played(NamedTuple):
    """How a job went: ``problem`` is None where all was as expected.

    ``folder`` is what is left of it, with its logs in ``NAME.logs`` beside it.
    """

    job: Job
    seconds: float
    problem: str | None
    folder: Path


def jobs(suite: str, names: Sequence[str], live: bool, stroke: bool = True) -> list[Job]:
    """The scenarios of these names that the suite can play; without names all.

    Those that need ``stroke`` are left out where it is not asked. The longest come first.
    """
    unknown = sorted(set(names) - set(SCENARIOS))
    if unknown:
        raise LabError(f"no such scenario: {', '.join(unknown)}")
    fitting = [one for one in SCENARIOS.values() if live or not one.live]
    if suite in suites.WITHOUT_IKEV1:
        fitting = [one for one in fitting if not one.ikev1]
    if not stroke:
        fitting = [one for one in fitting if not one.stroke]
    chosen = [one for one in fitting if not names or one.name in names]
    return [Job(suite, one.name) for one in sorted(chosen, key=lambda one: -one.seconds)]


@contextmanager
def workshop() -> Iterator[Path]:
    """A folder for the guests of one run; it goes afterwards, unless they failed."""
    folder = Path(tempfile.mkdtemp(prefix="ipsec-lab-", dir="/tmp"))
    yield folder
    shutil.rmtree(folder)


def play(work: Path, todo: Sequence[Job], mode: str, root: Path | None = None) -> Iterator[Played]:
    """Plays all in ``mode``, one of guest.py; each is yielded when it has ended.

    ``work`` must be empty and outlive what is done with the results. In ``root`` lies a
    Debian with strongSwan and the plugin, on which is played as it is, instead of the
    suites. Raises LabError where there is nothing to play, a guest cannot run, or hangs.
    """
    if not todo:
        raise LabError("the suite plays none of these scenarios")
    uml.require_programs()
    uml.prepare(work)
    _prepare(work, todo, mode)
    for suite in {job.suite for job in todo}:
        _lay_ground(work, suite, root)
    if mode in ("ask", "vici") and not root:
        install(work / "plugin")
    guests = [uml.Guest(work, mode, number) for number in range(min(_guests(), len(todo)))]
    try:
        yield from _results(work, todo, guests)
    finally:
        for guest in guests:
            guest.kill()


def _guests() -> int:
    """How many run at once: a guest waits for a third of its time."""
    return max(1, len(os.sched_getaffinity(0)) * 3 // 2)


def _prepare(work: Path, todo: Sequence[Job], mode: str) -> None:
    for folder in ("taken", "roots", "suites", "plugin"):
        (work / folder).mkdir()
    (work / "seed").write_bytes(os.urandom(64))
    (work / "jobs").write_text("".join(f"{job.suite} {job.name}\n" for job in todo))


def _lay_ground(work: Path, suite: str, root: Path | None) -> None:
    ground = root or suites.root_folder(suite)
    (work / "roots" / suite).write_text(str(ground))
    (work / "suites" / suite).mkdir()
    if not root:
        adapt(work / "suites" / suite, ground)
        suites.add_charon_systemd(suite, work / "suites" / suite)


def _results(work: Path, todo: Sequence[Job], guests: Iterable[uml.Guest]) -> Iterator[Played]:
    left = list(todo)
    progress = time.monotonic()
    while left:
        running = any(guest.runs() for guest in guests)
        for job in [job for job in left if _file(work, job, "seconds").exists()]:
            left.remove(job)
            progress = time.monotonic()
            yield _result(work, job)
        if left and not running:
            problems = [guest.problem() for guest in guests]
            raise LabError(next(filter(None, problems), f"not played: {left}"))
        if time.monotonic() > progress + _patience(left):
            raise LabError(f"a guest hangs; not played: {left}")
        time.sleep(0.2)


def _patience(left: Iterable[Job]) -> float:
    """Seconds that may pass until another of these has been played."""
    return BOOT_SECONDS + max((SCENARIOS[job.name].seconds for job in left), default=0.0)


def _result(work: Path, job: Job) -> Played:
    problem = _file(work, job, "problem")
    return Played(
        job,
        float(_file(work, job, "seconds").read_text()),
        problem.read_text(errors="surrogateescape").rstrip() if problem.exists() else None,
        work / "played" / job.suite / job.name,
    )


def _file(work: Path, job: Job, kind: str) -> Path:
    return work / "played" / job.suite / f"{job.name}.{kind}"
