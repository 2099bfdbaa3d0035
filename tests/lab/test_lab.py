"""The live lab as tests: one each for a scenario and a suite; not run with the others.

    python3 -m pytest tests/lab/test_lab.py

Debian 12's strongSwan plays all scenarios, the others those for every release.
"""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import lab.scenarios
from lab import suites
from lab.errors import LabError
from lab.judging import run
from lab.playing import Job, jobs
from lab.scenario import SCENARIOS

lab.scenarios.load()
EVERYWHERE = [name for name, one in SCENARIOS.items() if one.every_release]
OTHERS = [suite for suite in suites.SUITES if suite != suites.MAIN]
JOBS = [
    *jobs(suites.MAIN, (), live=True),
    *(job for suite in OTHERS for job in jobs(suite, EVERYWHERE, live=True)),
]


@pytest.fixture(scope="session")
def problems() -> dict[Job, str | None]:
    """What was wrong with each, all played at once.

    A lab that breaks off is what is wrong with those that it has not played.
    """
    found: dict[Job, str | None] = {}
    try:
        found.update((one.job, one.problem) for one in run(JOBS))
    except LabError as error:
        return dict.fromkeys(JOBS, str(error)) | found
    return found


@pytest.mark.parametrize("job", JOBS, ids="-".join)
def test_scenario(job: Job, problems: dict[Job, str | None]) -> None:
    problem = problems[job]
    assert problem is None, problem
