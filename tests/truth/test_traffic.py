"""Each row of the table of flows."""

import pytest

from check_ipsec.model.daemon import ChildState
from check_ipsec.model.traffic import Limits, StateTraffic
from check_ipsec.moment.memory import Reading
from check_ipsec.truth.flow import Amount, Passed, Refused
from check_ipsec.truth.past import Past, as_json, comparable
from check_ipsec.truth.traffic import (
    WRONG,
    Carried,
    Flow,
    Judged,
    Limit,
    Track,
    Way,
    compared,
    followed,
    judge,
    worst_first,
)
from tests.build import LOCAL, REMOTE, child, ike

LIMIT = Limit(failed=0.0, replayed=1.0, silent=120.0, near=95.0)
NOW = 10_000.0
BOTH = Passed(Amount(100, 1), Amount(100, 1))
IN, OUT = Passed(inbound=Amount(100, 1)), Passed(outbound=Amount(100, 1))
NOTHING = Passed()
TALKS, SILENT = Way(True, None, NOW), Way(True, None, NOW - 241)


def carried(
    passed: Passed = NOTHING,
    seconds: float | None = 60.0,
    track: Track | None = None,
    states: tuple[StateTraffic, ...] = (),
    up: bool = True,
    **sa: object,
) -> Carried:
    sas = ((ike(), child(**sa)),) if up else ()
    return Carried("bob", sas, states, passed, track or Track(), seconds, NOW)


def refusing(**counts: int) -> Passed:
    return BOTH._replace(refused=Refused(**counts))


def silent(seconds: float, flowed: bool) -> Way:
    return Way(flowed, NOW - seconds)


def state(octets: int = 0, packets: int = 0, **limits: int) -> StateTraffic:
    most = Limits(**{"octets": None, "packets": None, "seconds": None, **limits})
    return StateTraffic(LOCAL, REMOTE, "esp", 1, 1, "transport", octets, packets, 0, 0, 0, most)


ROWS = [
    (carried(up=False), Flow.DOWN, ""),
    (carried(BOTH, seconds=None), Flow.NEW, ""),
    (carried(refusing(failed=30)), Flow.DAMAGED, "0.5/s"),
    (carried(refusing(replayed=61)), Flow.REPLAYED, "1.02/s"),
    (carried(refusing(replayed=60)), Flow.FLOWS, ""),
    (carried(refusing(late=31, replayed=30)), Flow.REPLAYED, "1.02/s"),
    (carried(OUT, track=Track(outbound=TALKS, inbound=silent(120, False))), Flow.ONE_WAY,
     "nothing in for 120 s, out flows"),
    (carried(OUT, track=Track(outbound=TALKS, inbound=silent(120, True))), Flow.STALLED,
     "nothing in for 120 s, out flows"),
    (carried(IN, track=Track(inbound=TALKS, outbound=silent(121, True))), Flow.STALLED,
     "nothing out for 121 s, in flows"),
    (carried(OUT, track=Track(outbound=TALKS, inbound=silent(119, True))), Flow.FLOWS, ""),
    # who talks in vain tries again now and then
    (carried(NOTHING, track=Track(outbound=Way(True, None, NOW - 240), inbound=silent(900, True))),
     Flow.STALLED, "nothing in for 900 s, out flows"),
    # nothing flows any more
    (carried(NOTHING, track=Track(outbound=SILENT, inbound=silent(900, True))), Flow.IDLE, ""),
    (carried(BOTH), Flow.FLOWS, ""),
    (carried(IN), Flow.FLOWS, ""),
    (carried(), Flow.IDLE, ""),
    (carried(up=False, seconds=None), Flow.DOWN, ""),
]  # fmt: skip


@pytest.mark.parametrize(("one", "flow", "detail"), ROWS)
def test_rows(one: Carried, flow: Flow, detail: str) -> None:
    assert judge(one, LIMIT) == Judged(one, flow, detail)


def test_silence_may_be_allowed_for_ever() -> None:
    one = carried(OUT, track=Track(outbound=TALKS, inbound=silent(10**6, True)))
    assert judge(one, LIMIT._replace(silent=0.0)).flow is Flow.FLOWS


def limited(used: int, most: int, **sa: object) -> Flow:
    limits = Limits(most, None, None)
    one = state()._replace(octets=used, limits=limits)
    return judge(carried(states=(one,), **{"rekey_in": None, **sa}), LIMIT).flow


def test_a_limit_is_near_where_nothing_renews() -> None:
    assert limited(95, 100) is Flow.ENDING
    assert limited(94, 100) is Flow.IDLE
    assert limited(99, 100, rekey_in=60) is Flow.IDLE
    assert limited(99, 100, rekeying_due=True) is Flow.IDLE
    assert limited(99, 100, state=ChildState.REKEYING) is Flow.IDLE


def test_a_limit_of_packets_and_of_time() -> None:
    packets = state()._replace(packets=96, limits=Limits(None, 100, None))
    assert judge(carried(states=(packets,), rekey_in=None), LIMIT).detail == "96 of 100 packets"
    timed = state()._replace(limits=Limits(None, None, 3600))
    ends = {"rekey_in": None, "expires_in": 100}
    assert judge(carried(states=(timed,), **ends), LIMIT).detail == "100 s left"
    ends["expires_in"] = 200
    assert judge(carried(states=(timed,), **ends), LIMIT).flow is Flow.IDLE


def test_a_few_of_very_many_may_come_twice() -> None:
    def with_packets(number: int) -> Flow:
        passed = refusing(replayed=1000)._replace(inbound=Amount(100, number))
        return judge(carried(passed), LIMIT).flow

    assert with_packets(1_000_000) is Flow.FLOWS
    assert with_packets(999_999) is Flow.REPLAYED


# --- over several runs --------------------------------------------------------------


def after(*passed: Passed) -> Track:
    """The track after runs a minute apart; the first reading is at 0."""
    track = Track()
    for number, one in enumerate(passed):
        track = followed(track, one, 60.0 * number, 60.0 * (number + 1))
    return track


def test_a_way_is_silent_from_the_run_before_only_the_other_flowed() -> None:
    assert after(BOTH, OUT, OUT).inbound[:2] == (True, 60.0)
    assert after(OUT, OUT).inbound[:2] == (False, 0.0)
    assert after(BOTH, IN).outbound[:2] == (True, 60.0)


def test_while_nothing_flows_it_is_neither() -> None:
    assert after(BOTH, NOTHING, NOTHING).inbound[:2] == (True, None)
    assert after(BOTH, OUT, NOTHING, OUT).inbound[:2] == (True, 60.0)


def test_it_is_no_longer_silent_when_it_flows() -> None:
    assert after(OUT, OUT, BOTH).inbound[:2] == (True, None)


def test_totals_add_up() -> None:
    assert after(BOTH, OUT, IN).total == Passed(Amount(200, 2), Amount(200, 2))


def test_a_silent_one_names_another_to_its_peer_that_flows() -> None:
    silent_one = judge(carried(OUT, track=Track(outbound=TALKS, inbound=silent(120, True))), LIMIT)
    other = judge(carried(BOTH)._replace(name="bob_v6"), LIMIT)
    one_sided = judge(carried(OUT)._replace(name="bob_x"), LIMIT)
    detail = "nothing in for 120 s, out flows"
    found = compared([silent_one, other, one_sided])
    assert [one.detail for one in found] == [f"{detail}; bob_v6 to that peer flows", "", ""]
    assert [one.detail for one in compared([silent_one, one_sided])] == [detail, ""]


def test_another_boot_and_another_charon_are_not_compared_with() -> None:
    facts = as_json(Past({"bob": Track(total=BOTH)}, {}, {"XfrmInError": 3}))
    earlier = Reading(NOW - 60, "boot", "Nov 28 04:53:36 2026", facts)
    past, seconds, note = comparable(earlier, "boot", "Nov 28 04:53:37 2026", NOW)
    assert (past.errors, seconds, note) == ({"XfrmInError": 3}, 60.0, "")
    past, seconds, note = comparable(earlier, "another", "Nov 28 04:53:36 2026", NOW)
    assert (past.errors, seconds) == ({}, None)
    assert past.tracks["bob"].total == BOTH
    assert note == "the host was started since the last run"
    for since in ("Nov 28 04:53:39 2026", None, "unreadable"):
        _, seconds, note = comparable(earlier, "boot", since, NOW)
        assert (seconds, note) == (None, "charon was started since the last run")
    _, seconds, note = comparable(earlier, "boot", earlier.daemon, NOW - 60)
    assert (seconds, note) == (None, "no time has passed since the last run")
    assert comparable(None, "boot", None, NOW)[1] is None
    damaged = earlier._replace(facts={"connections": 1})
    assert comparable(damaged, "boot", earlier.daemon, NOW)[2] == "no earlier reading: damaged"


def test_what_is_wrong_comes_first() -> None:
    flows = {"a": Flow.IDLE, "c": Flow.ONE_WAY, "b": Flow.ONE_WAY, "d": Flow.DAMAGED}
    found = [Judged(carried()._replace(name=name), flow) for name, flow in flows.items()]
    assert [one.carried.name for one in worst_first(found)] == ["d", "b", "c", "a"]
    assert set(WRONG) < set(Flow)
