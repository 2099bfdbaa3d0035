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
from lab.judging import run
from lab.playing import Job, Played, jobs
from lab.scenario import SCENARIOS

lab.scenarios.load()
EVERYWHERE = [name for name, one in SCENARIOS.items() if one.every_release]
OTHERS = [suite for suite in suites.SUITES if suite != suites.MAIN]
JOBS = [
    *jobs(suites.MAIN, (), live=True),
    *(job for suite in OTHERS for job in jobs(suite, EVERYWHERE, live=True)),
]


@pytest.fixture(scope="session")
def played() -> dict[Job, Played]:
    """All of them, played at once."""
    return {one.job: one for one in run(JOBS)}


@pytest.mark.parametrize("job", JOBS, ids="-".join)
def test_scenario(job: Job, played: dict[Job, Played]) -> None:
    problem = played[job].problem
    assert problem is None, problem
