"""``ip xfrm state list nokeys``, valid, invalid and damaged."""

from pathlib import Path

import pytest

from check_ipsec.errors import ParseError
from check_ipsec.grammar import xfrm_state
from check_ipsec.model import Mark, XfrmState

VALID = Path(__file__).resolve().parent.parent / "fixtures/xfrm-state/valid"
TEXTS = sorted(VALID.glob("*.txt"))

IDENTITY = "src 10.9.0.2 dst 10.9.0.1\n"
PROTOCOL = "\tproto esp spi 0xc0000003 reqid 2 mode tunnel\n"
REPLAY = "\treplay-window 32 flag af-unspec\n"
AEAD = "\taead rfc4106(gcm(aes)) <<Keys hidden>> 128\n"
CONTEXT = "\tanti-replay context: seq 0x0, oseq 0x0, bitmap 0x00000000\n"
STATE = IDENTITY + PROTOCOL + REPLAY + AEAD + CONTEXT
KEY = "0x2b7e151628aed2a6abf7158809cf4f3c"


def parse(text: str) -> tuple[XfrmState, ...]:
    return xfrm_state.parse(text, "states")


def usable(states: tuple[XfrmState, ...]) -> list[XfrmState]:
    return [state for state in states if state.spi and state.algorithms]


def test_no_text_is_no_states() -> None:
    assert parse("") == ()


def test_with_and_without_statistics_it_says_the_same() -> None:
    brief, detailed = (VALID / f"iproute2-6.1{form}.txt" for form in ("", "-s"))
    assert parse(brief.read_text()) == parse(detailed.read_text())


@pytest.mark.parametrize(
    ("lines", "facts"),
    [
        pytest.param("", {}, id="plain"),
        pytest.param(
            "\tmark 0x12a/0xff output-mark 0x7/0xff\n",
            {"mark": Mark(0x2A, 0xFF)},
            id="mark, under its mask",
        ),
        pytest.param("\toutput-mark 0x7/0xff\n", {}, id="output-mark is no mark"),
        pytest.param("\tnews of 2030\n", {}, id="unknown line before the algorithms"),
    ],
)
def test_before_the_algorithms(lines: str, facts: dict[str, object]) -> None:
    (plain,) = parse(STATE)
    assert parse(IDENTITY + PROTOCOL + REPLAY + lines + AEAD) == (plain._replace(**facts),)


@pytest.mark.parametrize(
    ("lines", "facts"),
    [
        ("\tif_id 0x17\n", {"if_id": 0x17}),
        ("\tencap type espinudp sport 4500 dport 4500 addr 0.0.0.0\n", {}),
        ("\tcrypto offload parameters: dev eth0 dir in mode packet\n", {}),
        ("\tdir in\n\tpcpu-num 3\n\tnews of 2030\n", {}),
        ("\tsecurity context system_u:object_r:ipsec_spd_t:s0 \n", {}),
        ("\t seq-hi 0x0, seq 0x0, oseq-hi 0x0, oseq 0x0\n\t 00000000 \n", {}),
    ],
)
def test_behind_the_algorithms(lines: str, facts: dict[str, object]) -> None:
    (plain,) = parse(STATE)
    assert parse(STATE + lines) == (plain._replace(**facts),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\n", "1: expected src ADDRESS dst ADDRESS"),
        ("secret words\n", "1: expected src ADDRESS dst ADDRESS"),
        (STATE + "secret words\n", "6: expected an attribute or the next state"),
        (IDENTITY, "2: expected proto NAME spi NUMBER reqid NUMBER mode NAME"),
        (IDENTITY + REPLAY, "2: expected proto NAME spi NUMBER reqid NUMBER mode NAME"),
        (IDENTITY + PROTOCOL + AEAD, "3: expected replay-window NUMBER"),
        (PROTOCOL + REPLAY, "1: expected src ADDRESS dst ADDRESS"),
        (STATE + IDENTITY + STATE, "7: expected proto NAME spi NUMBER reqid NUMBER mode NAME"),
        (STATE + PROTOCOL, "6: expected an attribute or the next state"),
        (STATE + REPLAY, "6: expected an attribute or the next state"),
        (STATE + AEAD, "6: expected an attribute or the next state"),
        (STATE + "\tif_id secret\n", "6: expected an attribute or the next state"),
        (STATE + "\t\tindented twice\n", "6: expected an attribute or the next state"),
        (STATE + STATE[:-1], "10: the text ends in the middle of a line"),
        (STATE + "src", "6: the text ends in the middle of a line"),
    ],
)
def test_invalid(text: str, message: str) -> None:
    with pytest.raises(ParseError) as caught:
        parse(text)
    assert str(caught.value) == f"states:{message}"


def test_no_key_gets_into_the_model() -> None:
    (state,) = parse(STATE.replace("<<Keys hidden>>", KEY))
    assert state == parse(STATE)[0]


@pytest.mark.parametrize("line", range(5))
def test_no_key_gets_into_a_message(line: int) -> None:
    lines = STATE.replace("<<Keys hidden>>", KEY).splitlines(keepends=True)
    lines[line] = f"{KEY}\n"
    with pytest.raises(ParseError) as caught:
        parse("".join(lines))
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_cut_at_every_byte(path: Path) -> None:
    text = path.read_text()
    whole = usable(parse(text))
    for place in range(len(text)):
        try:
            states = usable(parse(text[:place]))
        except ParseError:
            continue
        assert ids(states) == ids(whole)[: len(states)]


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_short_of_each_line(path: Path) -> None:
    lines = path.read_text().splitlines(keepends=True)
    whole = ids(usable(parse("".join(lines))))
    for missing in range(len(lines)):
        try:
            states = usable(parse("".join(lines[:missing] + lines[missing + 1 :])))
        except ParseError:
            continue
        assert set(ids(states)) <= set(whole)


def ids(states: list[XfrmState]) -> list[tuple[str, str, int, int]]:
    return [(state.protocol, state.destination, state.spi, state.reqid) for state in states]
