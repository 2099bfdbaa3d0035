"""The first table of the contract, a row a test."""

import pytest

from check_ipsec.configuration.expectation import Expectation, Override, expectation, parse_override
from check_ipsec.errors import UsageError
from check_ipsec.model.configuration import Connection
from tests.build import connection, peer

TABLE = [
    ("auto absent", connection(auto=""), Expectation.IGNORED),
    ("auto=ignore", connection(auto="ignore"), Expectation.IGNORED),
    ("auto=Start", connection(auto="Start"), Expectation.REQUIRED),
    ("auto=add with CR", connection(auto="add\r", right="%any"), Expectation.REQUIRED),
    ("dropped by starter", connection(auto="route", problem="..."), Expectation.REQUIRED),
    ("switched off and bad", connection(auto="ignore", problem="..."), Expectation.IGNORED),
    ("passthrough routed", connection(auto="route", type="passthrough"), Expectation.SHUNT),
    ("drop routed", connection(auto="route", type="drop"), Expectation.SHUNT),
    ("passthrough added", connection(auto="add", type="pass"), Expectation.LOADED),
    ("drop started", connection(auto="start", type="reject"), Expectation.LOADED),
    ("auto=route", connection(auto="route"), Expectation.ON_DEMAND),
    ("auto=route to anybody", connection(auto="route", right="%any"), Expectation.ON_DEMAND),
    ("so in transport proxy mode",
     connection(auto="route", right="%any", type="transport_proxy"), Expectation.ON_DEMAND),
    ("auto=route to anybody, tunnel",
     connection(auto="route", right="%any", type=""), Expectation.CLIENTS),
    ("auto=route to anybody, 0.0.0.0",
     connection(auto="route", right="0.0.0.0, ::", type="tunnel"), Expectation.CLIENTS),
    ("auto=route to a subnet, tunnel",
     connection(auto="route", right="10.0.0.0/8", type="tunnel"), Expectation.ON_DEMAND),
    ("auto=start", connection(auto="start"), Expectation.REQUIRED),
    ("auto=add", connection(auto="add"), Expectation.REQUIRED),
    ("right=%any", connection(auto="add", right="%any"), Expectation.CLIENTS),
    ("right=%any6", connection(auto="add", right="%any6"), Expectation.CLIENTS),
    ("right absent", connection(auto="add", right=""), Expectation.CLIENTS),
    ("right=::", connection(auto="add", right="::"), Expectation.CLIENTS),
    ("right=0::0", connection(auto="add", right="0::0"), Expectation.CLIENTS),
    ("a host named like a range", connection(auto="add", right="10-20"), Expectation.REQUIRED),
    ("a subnet", connection(auto="add", right="10.0.0.0/8"), Expectation.CLIENTS),
    ("a range", connection(auto="add", right="10.0.0.1-10.0.0.9"), Expectation.CLIENTS),
    ("an IPv6 range", connection(auto="add", right="fd00::1-fd00::9"), Expectation.CLIENTS),
    ("subnets and a host", connection(auto="add", right="10.0.0.0/8,bob"), Expectation.REQUIRED),
    ("a host with a dash", connection(auto="add", right="b-b.example"), Expectation.REQUIRED),
    ("%host", connection(auto="add", right="%bob.example"), Expectation.REQUIRED),
]  # fmt: skip


@pytest.mark.parametrize(("case", "one", "expected"), TABLE, ids=[row[0] for row in TABLE])
def test_expectation(case: str, one: Connection, expected: Expectation) -> None:
    assert expectation(one) is expected


def test_the_loaded_peer_counts_before_right() -> None:
    swapped = connection(auto="add", left="10.0.0.2", right="%any")
    assert expectation(swapped, [peer()]) is Expectation.REQUIRED
    assert expectation(connection(), [peer(remote="%any")]) is Expectation.CLIENTS
    assert expectation(connection(), [peer(remote="bob,0.0.0.0/0,::/0")]) is Expectation.REQUIRED


def test_the_first_override_wins_and_globs_are_case_sensitive() -> None:
    overrides = (
        Override("BOB", Expectation.SHUNT),
        Override("b?b", Expectation.CLIENTS),
        Override("*", Expectation.IGNORED),
    )
    assert expectation(connection(), (), overrides) is Expectation.CLIENTS


def test_an_override_is_split_at_the_last_equals_sign() -> None:
    assert parse_override("a=b=on-demand") == Override("a=b", Expectation.ON_DEMAND)
    assert parse_override("a=on demand") == Override("a", Expectation.ON_DEMAND)
    with pytest.raises(UsageError, match="must be one of ignored, required"):
        parse_override("required")
