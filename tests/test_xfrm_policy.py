"""``ip xfrm policy list``, valid, invalid and damaged."""

from pathlib import Path

import pytest

from check_ipsec.errors import ParseError
from check_ipsec.grammar import xfrm_policy
from check_ipsec.model import Mark, Template, XfrmPolicy

VALID = Path(__file__).resolve().parent.parent / "fixtures/xfrm-policy/valid"
TEXTS = sorted(VALID.glob("*.txt"))

SELECTOR = "src 10.1.0.0/16 dst 10.2.0.0/16 \n"
DIRECTION = "\tdir out priority 375423 ptype main \n"
TEMPLATE = "\ttmpl src 10.9.0.1 dst 10.9.0.2\n"
PROTOCOL = "\t\tproto esp spi 0xc0000001 reqid 1 mode tunnel\n"
POLICY = SELECTOR + DIRECTION + TEMPLATE + PROTOCOL
SOCKET = "src 0.0.0.0/0 dst 0.0.0.0/0 \n\tsocket in priority 0 ptype main \n"
# what a policy is read without if its line is lost
OPTIONAL = ("\tsecurity context ", "\tmark ", "\tif_id ", "\t\tlevel ")


def parse(text: str) -> tuple[XfrmPolicy, ...]:
    return xfrm_policy.parse(text, "policies")


def test_no_text_is_no_policies() -> None:
    assert parse("") == ()


def test_with_and_without_statistics_it_says_the_same() -> None:
    brief, detailed = (VALID / f"iproute2-6.1{form}.txt" for form in ("", "-s"))
    assert parse(brief.read_text()) == parse(detailed.read_text())


@pytest.mark.parametrize(
    ("words", "facts"),
    [
        ("", {}),
        ("proto tcp ", {"protocol": "tcp"}),
        (
            "proto tcp sport 80 dport 443 ",
            {"protocol": "tcp", "source_port": "80", "destination_port": "443"},
        ),
        ("sport 80 ", {"source_port": "80"}),
        ("proto icmp type 8 code 0 ", {"protocol": "icmp", "selector_rest": "type 8 code 0"}),
        ("proto gre key 77 ", {"protocol": "gre", "selector_rest": "key 77"}),
        ("proto 99 dev eth0.1@x ", {"protocol": "99", "interface": "eth0.1@x"}),
        ("uid 0", {}),
        ("dev eth0 uid 0", {"interface": "eth0"}),
    ],
)
def test_selector(words: str, facts: dict[str, object]) -> None:
    (plain,) = parse(POLICY)
    assert parse(POLICY.replace("/16 \n", f"/16 {words}\n")) == (plain._replace(**facts),)


@pytest.mark.parametrize(
    ("line", "facts"),
    [
        ("dir fwd priority 1 ptype main ", {"direction": "fwd", "priority": 1}),
        ("dir in priority 1 ", {"direction": "in", "priority": 1}),
        ("dir in action block priority 1 ", {"direction": "in", "priority": 1, "action": "block"}),
        ("dir out priority 375423 ptype main flag localok icmp", {}),
        (
            "dir out action allow index 9 priority 375423 ptype main share any flag  (0x00000000)",
            {},
        ),
    ],
)
def test_direction(line: str, facts: dict[str, object]) -> None:
    (plain,) = parse(POLICY)
    assert parse(POLICY.replace(DIRECTION, f"\t{line}\n")) == (plain._replace(**facts),)


@pytest.mark.parametrize(
    ("lines", "facts"),
    [
        ("\tmark 0x2a/0xffffffff \n", {"mark": Mark(0x2A, 0xFFFFFFFF)}),
        ("\tmark 0/0xff \n", {"mark": Mark(0, 0xFF)}),
        ("\tlifetime config:\n\t  0(bytes)\n\tmark 42/255\n", {"mark": Mark(42, 255)}),
        ("\tnews of 2030\n", {}),
    ],
)
def test_before_the_templates(lines: str, facts: dict[str, object]) -> None:
    (plain,) = parse(POLICY)
    text = POLICY.replace(DIRECTION, DIRECTION + lines)
    assert parse(text) == (plain._replace(**facts),)


@pytest.mark.parametrize(
    ("lines", "facts"),
    [
        ("\tif_id 0x17\n", {"if_id": 0x17}),
        ("\tcrypto offload parameters: dev eth0 dir out mode packet\n", {}),
        ("\tnews of 2030\n\tif_id 0x17\n\tmore news\n", {"if_id": 0x17}),
        ("\t\tnews of 2030\n", {}),
    ],
)
def test_behind_the_templates(lines: str, facts: dict[str, object]) -> None:
    (plain,) = parse(POLICY)
    assert parse(POLICY + lines) == (plain._replace(**facts),)


ESP = Template("10.9.0.1", "10.9.0.2", "esp", 0xC0000001, 1, "tunnel", True)
STATISTICS = "\t\tenc-mask ffffffff auth-mask ffffffff comp-mask ffffffff\n"


@pytest.mark.parametrize(
    ("lines", "templates"),
    [
        pytest.param("", (), id="none"),
        pytest.param(TEMPLATE + PROTOCOL, (ESP,), id="required is not printed"),
        pytest.param(
            TEMPLATE + PROTOCOL + "\t\tlevel use \n", (ESP._replace(required=False),), id="use"
        ),
        pytest.param(
            TEMPLATE + PROTOCOL + "\t\tlevel 7 \n", (ESP._replace(required=False),), id="number"
        ),
        pytest.param(
            TEMPLATE
            + "\t\tproto esp spi 0xc0000001(3221225473) reqid 1(0x00000001) mode tunnel\n"
            + "\t\tlevel required share any \n"
            + STATISTICS,
            (ESP,),
            id="with statistics",
        ),
        pytest.param(
            "\ttmpl src :: dst ::\n\t\tproto comp reqid 4294967295 mode 7\n" + TEMPLATE + PROTOCOL,
            (Template("::", "::", "comp", 0, 4294967295, "7", True), ESP),
            id="two",
        ),
    ],
)
def test_templates(lines: str, templates: tuple[Template, ...]) -> None:
    (policy,) = parse(SELECTOR + DIRECTION + lines)
    assert policy.templates == templates


@pytest.mark.parametrize(
    "foreign",
    [
        SOCKET,
        SOCKET.replace("socket in", "socket out action allow index 100"),
        SOCKET.replace("\tsocket", "\tsecurity context a:b:c \n\tsocket"),
        POLICY.replace("ptype main", "ptype sub"),
        SOCKET + "\tnews of 2030\n",
    ],
)
def test_foreign_policies_are_left_out(foreign: str) -> None:
    assert parse(foreign + POLICY + foreign) == parse(POLICY)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("secret words\n", "1: expected src NETWORK dst NETWORK"),
        ("src 10.1.0.0 dst 10.2.0.0 \n", "1: expected src NETWORK dst NETWORK"),
        (SELECTOR, "2: expected dir in, out or fwd, and a priority"),
        (SELECTOR + "\tdir up priority 1 \n", "2: expected dir in, out or fwd, and a priority"),
        (SELECTOR + "\tdir out \n", "2: expected dir in, out or fwd, and a priority"),
        (POLICY + SELECTOR + POLICY, "6: expected dir in, out or fwd, and a priority"),
        (POLICY + DIRECTION, "5: expected an attribute or the next policy"),
        (SOCKET + SOCKET[SOCKET.index("\t") :], "3: expected an attribute or the next policy"),
        (
            SELECTOR + DIRECTION + TEMPLATE + POLICY,
            "4: expected proto NAME reqid NUMBER mode NAME, with -s a level",
        ),
        (SELECTOR + DIRECTION + PROTOCOL, "3: expected an attribute or the next policy"),
        (POLICY + PROTOCOL, "5: expected an attribute or the next policy"),
        (
            SELECTOR + DIRECTION + TEMPLATE + PROTOCOL.replace("reqid 1", "reqid 1(0x00000001)"),
            "4: expected proto NAME reqid NUMBER mode NAME, with -s a level",
        ),
        (POLICY + "\tmark 1/1 \n", "5: expected an attribute or the next policy"),
        (POLICY + POLICY[:-1], "8: the text ends in the middle of a line"),
    ],
)
def test_invalid(text: str, message: str) -> None:
    with pytest.raises(ParseError) as caught:
        parse(text)
    assert str(caught.value) == f"policies:{message}"


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_cut_at_every_byte(path: Path) -> None:
    text = path.read_text()
    whole = parse(text)
    for place in range(len(text)):
        try:
            policies = parse(text[:place])
        except ParseError:
            continue
        assert policies[:-1] == whole[: len(policies)][:-1]


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_short_of_each_line(path: Path) -> None:
    lines = path.read_text().splitlines(keepends=True)
    whole = parse("".join(lines))
    for missing, line in enumerate(lines):
        try:
            policies = parse("".join(lines[:missing] + lines[missing + 1 :]))
        except ParseError:
            assert not line.startswith(OPTIONAL[:3])
            continue
        assert policies == whole or line.startswith(OPTIONAL)
