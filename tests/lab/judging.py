"""What the plugin said live, against what it says of its record and of the fixture."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from lab import suites
from lab.installation import PROJECT
from lab.playing import Job, Played, play, workshop

RECORDS = Path(__file__).resolve().parent / "run.d"
# what begins the first line of a plugin that only says what it reads; its module
REMEMBERS_NOTHING = {"IPSEC": "ipsec", "IPSEC-CERTS": "certs"}
FIXTURES = Path("fixtures/hosts")
# what a machine without time for its guests brings about, whatever the plugin does
STARVED = re.compile(r"did not end within|waited \d+ s in vain|\btook [\d.]+ s\b")
# a capture holds a configuration resolved into one file: its path and lines are others
PLACE = re.compile(r"\S*/(?:ipsec|swanctl)\.conf(:\d+)?")


def run(todo: Sequence[Job], root: Path | None = None, mode: str = "ask") -> Iterator[Played]:
    """Plays all in ``mode``, on ``root`` if that is given, keeps the records, and yields how
    each went.

    What had no time because others had it is played once more, alone: what a busy machine does
    to charon and the kernel is another scenario. What its record says of the first time is kept.
    """
    starved = []
    for played in _judged(todo, mode, root):
        if played.problem and STARVED.search(played.problem):
            starved.append(played)
        else:
            yield played
    for first in starved:
        (again,) = _judged([first.job], mode, root)
        (again.folder / "first").write_text(f"{first.problem}\n", errors="surrogateescape")
        yield again


def _judged(todo: Sequence[Job], mode: str, root: Path | None) -> Iterator[Played]:
    with workshop() as work:
        for played in play(work, todo, mode, root):
            kept = played._replace(folder=_keep(played))
            problem = kept.problem or "\n".join(contradictions(kept))
            yield kept._replace(problem=problem or None)


def _keep(played: Played) -> Path:
    target = RECORDS / played.job.suite / played.job.name
    for folder, place in (
        (played.folder, target),
        (played.folder.with_suffix(".logs"), target / "logs"),
    ):
        shutil.rmtree(place, ignore_errors=True)
        if folder.exists():
            shutil.copytree(folder, place)
    return target


def contradictions(played: Played) -> Iterator[str]:
    """Where what was read, judged again, does not give what was said."""
    live = ""
    for said in sorted(played.folder.glob("*.said")):
        live = first_line(said.read_text(errors="surrogateescape"))
        record = said.with_suffix("")
        module = REMEMBERS_NOTHING.get(live.partition(" ")[0])
        if not module:
            continue  # what another plugin says follows from what it remembers, too
        if record.exists() and (again := first_line(judged(record, module))) != live:
            yield f"live:     {live}\n captured: {again}\n in {record}"
    fixture = PROJECT / FIXTURES / played.job.name / "expected/text"
    if played.job.suite == suites.MAIN and fixture.exists():
        kept = first_line(fixture.read_text())
        if kept != live:
            yield f"live:     {live}\n fixture:  {kept}"


def first_line(text: str) -> str:
    return PLACE.sub("ipsec.conf", text.partition("\n")[0].partition(" | ")[0])


def judged(record: Path, module: str) -> str:
    """What a plugin says of a captured host."""
    arguments = record.with_suffix(".args").read_text().splitlines()
    code = f"from check_ipsec.checks.{module} import main; main()"
    command = [sys.executable, "-c", code, "--captured", str(record)]
    return subprocess.run(
        [*command, *arguments], cwd=PROJECT, stdout=subprocess.PIPE, text=True
    ).stdout
