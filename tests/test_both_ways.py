"""The same host at the same moment, asked by stroke and over VICI: the same verdicts.

Hosts in fixtures/both/ are captured with ``tests/lab/capture --both --into fixtures/both``.
"""

from pathlib import Path

import pytest

from check_ipsec.host.captured import CapturedHost
from check_ipsec.host.host import Way
from check_ipsec.truth.observe import Observation, Question, observe
from check_ipsec.truth.verdict import Verdict
from tests.hosts import ROOT

FOLDER = ROOT / "fixtures/both"
HOSTS = sorted(path.parent for path in FOLDER.glob("*/about"))


def seen(host: Path, way: Way) -> Observation:
    return observe(CapturedHost(str(host), way), Question(pause=0.0))


def facts(verdict: Verdict) -> tuple[object, ...]:
    """What is said of a connection."""
    return (
        *(verdict.connection.name, verdict.expectation, verdict.state, verdict.reason),
        *(verdict.detail, verdict.verified, verdict.cleartext, verdict.stale, verdict.notes),
    )


def test_there_are_hosts() -> None:
    assert len(HOSTS) > 10


@pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.name)
def test_the_same_verdicts(host: Path) -> None:
    by_stroke, over_vici = seen(host, Way.STROKE), seen(host, Way.VICI)
    assert list(map(facts, over_vici.verdicts)) == list(map(facts, by_stroke.verdicts))
    assert over_vici.unlisted.number() == by_stroke.unlisted.number()
    assert str(over_vici.daemon_error) == str(by_stroke.daemon_error)
    assert over_vici.partial == by_stroke.partial
