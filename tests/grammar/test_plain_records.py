"""A plain record is read as any record is: its pattern is there for the time it takes."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from check_ipsec.grammar import xfrm_policy, xfrm_state
from check_ipsec.grammar.of_statusall import child_sas, connections, ike_sas
from check_ipsec.grammar.of_statusall.wording import Known
from check_ipsec.grammar.of_vici import connections as vici_connections
from check_ipsec.grammar.of_vici import sas as vici_sas
from check_ipsec.grammar.of_vici.facts import event
from check_ipsec.grammar.of_xfrm.wording import KNOWN
from tests.pairs import FIXTURES


class Readings(NamedTuple):
    """Two patterns of one record, each with what makes it of the match."""

    texts: str
    plain: str
    as_plain: Callable[[re.Match[str]], Any]
    any: str
    as_any: Callable[[re.Match[str]], Any]


READINGS = {
    "peer": Readings(
        "statusall",
        connections.PLAIN_PEER,
        connections.plain_peer,
        connections.peer_pattern(Known),
        connections.peer,
    ),
    "IKE_SA": Readings(
        "statusall",
        ike_sas.PLAIN_IKE_SA + ike_sas.BELOW,
        lambda match: ike_sas.plain_ike_sa(match, ()),
        ike_sas.ike_sa_pattern(Known) + ike_sas.BELOW,
        ike_sas.ike_sa,
    ),
    "CHILD_SA": Readings(
        "statusall",
        child_sas.PLAIN_CHILD,
        child_sas.plain_child_sa,
        child_sas.child_sa_pattern(Known),
        child_sas.child_sa,
    ),
    "IKE_SA over VICI": Readings(
        "list-sas", vici_sas.PLAIN_SA, vici_sas.plain_sa, event("list-sa"), vici_sas.ike_sa
    ),
    "connection over VICI": Readings(
        "list-conns",
        vici_connections.PLAIN_PEER,
        vici_connections.plain_peer,
        event("list-conn"),
        vici_connections.peer,
    ),
    "state": Readings(
        "xfrm-state",
        xfrm_state.plain_pattern(),
        xfrm_state._plain_state,
        xfrm_state.pattern(KNOWN),
        xfrm_state._state,
    ),
    "policy": Readings(
        "xfrm-policy",
        xfrm_policy.PLAIN,
        xfrm_policy._plain_policy,
        xfrm_policy.pattern(KNOWN),
        xfrm_policy._policy,
    ),
}


def records(readings: Readings) -> Iterator[tuple[re.Match[str], re.Match[str]]]:
    """Every plain record of the fixtures, by both patterns."""
    plain, any_one = (re.compile(one, re.ASCII) for one in (readings.plain, readings.any))
    for path in sorted(filter(Path.is_file, FIXTURES.rglob(readings.texts))):
        text = path.read_bytes().decode("utf-8", "surrogateescape")
        for line in re.finditer("(?m)^", text):
            found, other = (one.match(text, line.start()) for one in (plain, any_one))
            # what may follow a CHILD_SA is for the block that it stands in
            if found and (other or readings is not READINGS["CHILD_SA"]):
                assert other, found[0]
                yield found, other


@pytest.mark.parametrize("name", READINGS)
def test_a_plain_record_is_read_as_any_other(name: str) -> None:
    readings = READINGS[name]
    compared = 0
    for found, other in records(readings):
        assert found[0] == other[0]
        assert readings.as_plain(found) == readings.as_any(other)
        compared += 1
    assert compared > 40
