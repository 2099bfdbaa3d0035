"""``ip xfrm state list nokeys``, valid, invalid and damaged."""

from pathlib import Path

import pytest

from check_ipsec.errors import ParseError
from check_ipsec.grammar import xfrm_state
from check_ipsec.model.kernel import Mark, Selector, XfrmState
from check_ipsec.truth.states import is_usable

VALID = Path(__file__).resolve().parents[2] / "fixtures/xfrm-state/valid"
TEXTS = sorted(VALID.glob("*.txt"))

IDENTITY = "src 10.9.0.2 dst 10.9.0.1\n"
PROTOCOL = "\tproto esp spi 0xc0000003 reqid 2 mode tunnel\n"
REPLAY = "\treplay-window 32 flag af-unspec\n"
AEAD = "\taead rfc4106(gcm(aes)) <<Keys hidden>> 128\n"
CONTEXT = "\tanti-replay context: seq 0x0, oseq 0x0, bitmap 0x00000000\n"
STATE = IDENTITY + PROTOCOL + REPLAY + AEAD + CONTEXT
NETS = ("10.1.0.0/16", "10.2.0.0/16")
KEY = "0x2b7e151628aed2a6abf7158809cf4f3c"


def parse(text: str) -> tuple[XfrmState, ...]:
    return xfrm_state.parse(text, "states").states


def usable(states: tuple[XfrmState, ...]) -> list[XfrmState]:
    return list(filter(is_usable, states))


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
        pytest.param(
            "\tnews of 2030\n", {"understood": False}, id="unknown line before the algorithms"
        ),
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
        ("\tdir in\n\tpcpu-num 3\n", {"direction": "in"}),
        ("\tsel src 10.1.0.0/16 dst 10.2.0.0/16 \n", {"selector": Selector(*NETS)}),
        (
            "\tsel src 10.1.0.0/16 dst 10.2.0.0/16 proto tcp dport 80 dev eth0 uid 0\n",
            {"selector": Selector(*NETS, "tcp", None, "80", None, "eth0")},
        ),
        ("\tnews of 2030\n\tif_id 0x17\n", {"if_id": 0x17, "understood": False}),
        ("\tsecurity context system_u:object_r:ipsec_spd_t:s0 \n", {}),
        ("\t seq-hi 0x0, seq 0x0, oseq-hi 0x0, oseq 0x0\n\t 00000000 \n", {}),
    ],
)
def test_behind_the_algorithms(lines: str, facts: dict[str, object]) -> None:
    (plain,) = parse(STATE)
    assert parse(STATE + lines) == (plain._replace(**facts),)


@pytest.mark.parametrize("line", range(5))
@pytest.mark.parametrize("news", [" cpu 3", ", cpu 3", "\n\tcpu 3", "\ncpu 3", "\n        cpu 3"])
def test_a_newer_record_is_read_and_not_understood(line: int, news: str) -> None:
    lines = STATE.splitlines()
    lines[line] += news
    found = xfrm_state.parse("\n".join(lines) + "\n" + STATE, "states")
    (plain,) = parse(STATE)
    assert found.states == (plain._replace(understood=False), plain) or not news.startswith("\n")
    assert [state.spi for state in found.states] == [plain.spi] * 2
    assert not found.unread


def test_a_record_that_is_indented_otherwise_is_read() -> None:
    (plain,) = parse(STATE)
    assert parse(STATE.replace("\t", "        ")) == (plain._replace(understood=False),)


@pytest.mark.parametrize(
    ("text", "ends", "lines"),
    [
        ("\n", (None, None), [1]),
        ("new words\n", (None, None), [1]),
        (IDENTITY, ("10.9.0.2", "10.9.0.1"), [1]),
        (IDENTITY + REPLAY, ("10.9.0.2", "10.9.0.1"), [1, 2]),
        (IDENTITY + PROTOCOL + AEAD, ("10.9.0.2", "10.9.0.1"), [1, 2, 3]),
        (PROTOCOL + REPLAY, (None, None), [1, 2]),
        (STATE.replace("mode tunnel", "mood tunnel"), ("10.9.0.2", "10.9.0.1"), [1, 2, 3, 4, 5]),
        (STATE + PROTOCOL, ("10.9.0.2", "10.9.0.1"), [1, 2, 3, 4, 5, 6]),
        (STATE + AEAD, ("10.9.0.2", "10.9.0.1"), [1, 2, 3, 4, 5, 6]),
    ],
)
def test_a_record_that_cannot_be_read_leaves_the_others(
    text: str, ends: tuple[str | None, str | None], lines: list[int]
) -> None:
    found = xfrm_state.parse(text + STATE, "states")
    assert found.states == parse(STATE)
    assert [(one.source, one.destination) for one in found.unread] == [ends]
    assert [one.line for one in found.lines] == lines
    assert all(one.hides for one in found.lines)


@pytest.mark.parametrize("text", [STATE + STATE[:-1], STATE + "src"])
def test_a_text_that_was_cut_is_refused(text: str) -> None:
    with pytest.raises(ParseError, match=r"states:[0-9]+: the text ends in the middle of a line"):
        parse(text)


def test_no_key_gets_into_the_model() -> None:
    (state,) = parse(STATE.replace("<<Keys hidden>>", KEY))
    assert state == parse(STATE)[0]


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
