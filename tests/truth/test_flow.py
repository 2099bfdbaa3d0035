"""Counts of states become counts of connections, which never go down."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from check_ipsec.model.traffic import Limits, StateTraffic
from check_ipsec.truth.flow import (
    Amount,
    Counted,
    Passed,
    Refused,
    by_connection,
    counted,
    gaps,
    made_at,
)
from tests.build import LOCAL, REMOTE, child, ike

NEVER = Limits(None, None, None)


def state(
    spi: int, packets: int = 0, inbound: bool = False, reqid: int = 1, **facts: object
) -> StateTraffic:
    ends = (REMOTE, LOCAL) if inbound else (LOCAL, REMOTE)
    found = StateTraffic(*ends, "esp", spi, reqid, "transport", packets * 100, packets, 0, 0, 0,
                         NEVER)  # fmt: skip
    return found._replace(**facts)


SA = (ike(), child(spi_in=1, spi_out=2, reqid=1))
SAS = {"bob": [SA], "carol": []}


def count(*states: StateTraffic, earlier=None, sas=SAS):
    return counted(states, sas, (), earlier or {})


def names(found) -> dict[int, tuple[str, bool]]:
    return {key[2]: (one.name, one.inbound) for key, one in found.items()}


def test_printed_spis_say_whose_a_state_is() -> None:
    assert names(count(state(1, inbound=True), state(2))) == {1: ("bob", True), 2: ("bob", False)}


def test_a_reqid_of_one_connection_says_it_too() -> None:
    assert names(count(state(7))) == {7: ("bob", False)}


def test_a_reqid_of_two_connections_says_nothing() -> None:
    sas = {"bob": [SA], "carol": [(ike(), child(name="carol", spi_in=3, spi_out=4, reqid=1))]}
    assert names(count(state(7), state(4), sas=sas)) == {4: ("carol", False)}


def test_the_last_run_says_whose_a_rekeyed_state_was() -> None:
    earlier = count(
        state(7, reqid=9), earlier={("esp", REMOTE, 7): Counted("bob", False, Passed())}
    )
    assert names(earlier) == {7: ("bob", False)}


@pytest.mark.parametrize("other", [state(7, reqid=8), state(0), state(7, protocol="comp")])
def test_other_states_are_nobodys(other: StateTraffic) -> None:
    assert count(other) == {}


def test_differences_of_what_was_there_and_all_of_what_is_new() -> None:
    before = count(state(1, 5, inbound=True), state(2, 10))
    after = count(state(1, 7, inbound=True), state(2, 10), state(3, 4))
    passed = by_connection(after, before)["bob"]
    assert passed == Passed(Amount(200, 2), Amount(400, 4))


def test_a_state_that_began_anew_counts_whole() -> None:
    before, after = count(state(2, 10)), count(state(2, 3))
    assert by_connection(after, before)["bob"].outbound == Amount(300, 3)


def test_what_is_refused_is_inbound_only() -> None:
    refused = {"replayed": 1, "late": 2, "failed": 3}
    assert by_connection(count(state(1, inbound=True, **refused)), {})["bob"] == Passed(
        refused=Refused(1, 2, 3)
    )


@given(st.lists(st.dictionaries(st.integers(1, 6), st.integers(0, 100), max_size=6), max_size=8))
def test_sums_never_go_down_and_miss_nothing_that_was_seen(
    readings: list[dict[int, int]],
) -> None:
    total, totals, earlier = Passed(), [Passed()], {}
    for reading in readings:
        now = count(*(state(spi + 10, packets) for spi, packets in reading.items()))
        total = total.plus(by_connection(now, earlier).get("bob", Passed()))
        totals.append(total)
        earlier = now
    assert all(a.outbound.packets <= b.outbound.packets for a, b in pairwise(totals))
    assert total.outbound.packets >= max((sum(reading.values()) for reading in readings), default=0)


def test_json_and_back() -> None:
    passed = Passed(Amount(1, 2), Amount(3, 4), Refused(5, 6, 7))
    assert Passed.from_json(passed.as_json()) == passed


@pytest.mark.parametrize(
    "stored", [None, [], [[1, 2], [3, 4]], [[1, 2], [3, "4"], [5, 6, 7]], [[1], [3], [5]], "abc",
               [[1, 2], [3, 4], [5, 6, 7, 8]], [[1, 2], [3, True], [5, 6, 7]]]
)  # fmt: skip
def test_anything_else_is_refused(stored: object) -> None:
    with pytest.raises((ValueError, TypeError)):
        Passed.from_json(stored)


def test_a_gap_is_from_the_last_run_to_the_new_state() -> None:
    before = count(state(2, 10))
    new = state(3, 4, added="2026-11-28 04:53:42")
    made = made_at(new)
    assert made is not None
    assert gaps([new], count(new), before, made - 20) == {("bob", False): 20.0}
    assert gaps([new], count(new), before, made + 5) == {("bob", False): 0.0}
    # nothing has gone
    both = [state(2, 10), new]
    assert gaps(both, count(*both), before, made - 20) == {}
    # a date that nobody can read
    odd = new._replace(added="yesterday")
    assert gaps([odd], count(odd), before, 0.0) == {}
