"""``ip -s xfrm state list nokeys`` and /proc/net/xfrm_stat."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from check_ipsec.errors import ParseError
from check_ipsec.grammar import xfrm_stat, xfrm_state, xfrm_statistics
from check_ipsec.model.traffic import ErrorCounts, Limits, StateTraffic
from tests.hosts import ROOT

CAPTURED = sorted((ROOT / "fixtures/traffic").glob("*/*/xfrm-statistics"))
STATE = """\
src 10.1.0.1 dst 10.1.0.2
\tproto esp spi 0xcfb794c2(3484914882) reqid 1(0x00000001) mode transport
\treplay-window 0 seq 0x00000000 flag  (0x00000000)
\taead rfc4106(gcm(aes)) <<Keys hidden>> 128
\tanti-replay context: seq 0x0, oseq 0x3, bitmap 0x00000000
\tsel src 10.1.0.1/32 dst 10.1.0.2/32 uid 0
\tlifetime config:
\t  limit: soft (INF)(bytes), hard (INF)(bytes)
\t  limit: soft 900(packets), hard 1000(packets)
\t  expire add: soft 2881(sec), hard 3600(sec)
\t  expire use: soft 0(sec), hard 0(sec)
\tlifetime current:
\t  192(bytes), 3(packets)
\t  add 2026-11-28 04:53:42 use 2026-11-28 04:53:43
\tstats:
\t  replay-window 1 replay 2 failed 4
"""
FACTS = StateTraffic(
    source="10.1.0.1",
    destination="10.1.0.2",
    protocol="esp",
    spi=0xCFB794C2,
    reqid=1,
    mode="transport",
    octets=192,
    packets=3,
    late=1,
    replayed=2,
    failed=4,
    limits=Limits(None, 1000, 3600),
    added="2026-11-28 04:53:42",
)


def parse(text: str) -> xfrm_statistics.Statistics:
    return xfrm_statistics.parse(text, "ip -s xfrm state")


def test_a_state() -> None:
    assert parse(STATE).states == (FACTS,)


def test_no_text_is_no_states() -> None:
    assert parse("") == ((), (), ())


@pytest.mark.parametrize("path", CAPTURED, ids=lambda path: "/".join(path.parts[-3:-1]))
def test_captured(path: Path) -> None:
    """As many states as charon's grammar-free twin sees, all understood."""
    text = path.read_text()
    found = parse(text)
    assert len(found.states) == text.count("\nsrc ") + text.startswith("src ")
    assert not found.lines
    plain = xfrm_state.parse(text, "ip xfrm state").states
    wanted = [(s.source, s.destination, s.protocol, s.spi, s.reqid, s.mode) for s in plain]
    assert [one[:6] for one in found.states] == wanted


LINES = range(STATE.count("\n"))


@pytest.mark.parametrize("number", LINES)
def test_a_line_of_a_newer_release_hides_nothing(number: int) -> None:
    lines = STATE.splitlines(keepends=True)
    found = parse("".join((*lines[: number + 1], "\tnew thing: 7\n", *lines[number + 1 :])) + STATE)
    assert [one._replace(understood=True) for one in found.states] == [FACTS, FACTS]
    assert found.states[1].understood


@pytest.mark.parametrize("number", LINES)
def test_a_field_of_a_newer_release_hides_nothing(number: int) -> None:
    lines = STATE.splitlines()
    lines[number] += " new 7"
    found = parse("\n".join(lines) + "\n" + STATE)
    assert found.states[-1] == FACTS
    assert len(found.states) + len(found.unread) == 2


@pytest.mark.parametrize("number", LINES)
def test_a_line_that_is_missing_is_no_zero(number: int) -> None:
    lines = STATE.splitlines(keepends=True)
    found = parse("".join((*lines[:number], *lines[number + 1 :])))
    assert all(one[:12] == FACTS[:12] for one in found.states)


def test_an_end_in_a_line_is_an_error() -> None:
    with pytest.raises(ParseError, match=r"^ip -s xfrm state:16: the text ends in the middle"):
        parse(STATE[:-1])


@given(st.text(alphabet="src dto 0123.\t\n()limfeNF:", max_size=300))
def test_any_text_is_read_or_unread(text: str) -> None:
    found = parse(text + "\n")
    assert not any(one.understood and one.packets for one in found.states)


# --- /proc/net/xfrm_stat ------------------------------------------------------------


def test_counters() -> None:
    found = xfrm_stat.parse("XfrmInError             \t0\nXfrmInNoStates \t17\n", "xfrm_stat")
    assert found == ErrorCounts({"XfrmInError": 0, "XfrmInNoStates": 17})


def test_a_counter_of_a_newer_kernel_is_one() -> None:
    assert xfrm_stat.parse("XfrmNewest\t18446744073709551615\n", "x").counts == {
        "XfrmNewest": 2**64 - 1
    }


@pytest.mark.parametrize("line", ["XfrmInError 1 2", "XfrmInError", "", "InError 3", "XfrmA -1"])
def test_a_line_that_is_none_is_unread(line: str) -> None:
    found = xfrm_stat.parse(f"XfrmA 1\n{line}\nXfrmB 2\n", "xfrm_stat")
    assert found.counts == {"XfrmA": 1, "XfrmB": 2}
    assert [(one.line, one.text, one.hides) for one in found.lines] == [(2, line, False)]


@pytest.mark.parametrize("path", sorted((ROOT / "fixtures/traffic").glob("*/*/xfrm_stat")),
                         ids=lambda path: "/".join(path.parts[-3:-1]))  # fmt: skip
def test_captured_counters(path: Path) -> None:
    text = path.read_text()
    found = xfrm_stat.parse(text, "xfrm_stat")
    assert len(found.counts) == text.count("\n") > 20
    assert json.loads(json.dumps(found.counts)) == found.counts
