"""``ip xfrm policy list``, valid, invalid and damaged."""

from pathlib import Path

import pytest

from check_ipsec.errors import ParseError
from check_ipsec.grammar import xfrm_policy
from check_ipsec.model.kernel import Mark, Template, XfrmPolicy

VALID = Path(__file__).resolve().parents[2] / "fixtures/xfrm-policy/valid"
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
    return xfrm_policy.parse(text, "policies").policies


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
        ("proto icmp type 8 code 0 ", {"protocol": "icmp", "rest": "type 8 code 0"}),
        ("proto gre key 77 ", {"protocol": "gre", "rest": "key 77"}),
        ("proto 99 dev eth0.1@x ", {"protocol": "99", "interface": "eth0.1@x"}),
        ("uid 0", {}),
        ("dev eth0 uid 0", {"interface": "eth0"}),
    ],
)
def test_selector(words: str, facts: dict[str, object]) -> None:
    (plain,) = parse(POLICY)
    selector = plain.selector._replace(**facts)
    assert parse(POLICY.replace("/16 \n", f"/16 {words}\n")) == (plain._replace(selector=selector),)


@pytest.mark.parametrize(
    ("line", "facts"),
    [
        ("dir fwd priority 1 ptype main ", {"direction": "fwd", "priority": 1}),
        ("dir in priority 1 ", {"direction": "in", "priority": 1, "understood": False}),
        (
            "dir in action block priority 1 ptype main ",
            {"direction": "in", "priority": 1, "action": "block"},
        ),
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
        ("\tnews of 2030\n", {"understood": False}),
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
        ("\tnews of 2030\n\tif_id 0x17\n\tmore news\n", {"if_id": 0x17, "understood": False}),
        ("\t\tnews of 2030\n", {"understood": False}),
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


@pytest.mark.parametrize("line", range(4))
@pytest.mark.parametrize("news", [" cpu 3", ", cpu 3", "\n\tcpu 3", "\ncpu 3", "\n        cpu 3"])
def test_a_newer_record_is_read_and_not_understood(line: int, news: str) -> None:
    lines = POLICY.splitlines()
    lines[line] = lines[line].rstrip() + news
    found = xfrm_policy.parse("\n".join(lines) + "\n" + POLICY, "policies")
    (plain,) = parse(POLICY)
    assert found.policies == (plain._replace(understood=False), plain)
    assert not found.unread
    assert [one.line for one in found.lines] == [line + news.count("\n") + 1]
    assert not found.lines[0].hides


def test_a_record_that_is_indented_otherwise_is_read() -> None:
    (plain,) = parse(POLICY)
    assert parse(POLICY.replace("\t", "        ")) == (plain._replace(understood=False),)


ENDS = ("10.1.0.0/16", "10.2.0.0/16")


@pytest.mark.parametrize(
    ("text", "record"),
    [
        ("new words\n", (None, None, None)),
        ("src 10.1.0.0 dst 10.2.0.0 \n", ("10.1.0.0", "10.2.0.0", None)),
        (SELECTOR, (*ENDS, None)),
        (SELECTOR + "\tdir up priority 1 \n", (*ENDS, None)),
        (SELECTOR + "\tdir out \n", (*ENDS, "out")),
        (POLICY + DIRECTION, (*ENDS, "out")),
        (SELECTOR + DIRECTION + TEMPLATE, (*ENDS, "out")),
        (SELECTOR + DIRECTION + PROTOCOL, (*ENDS, "out")),
        (POLICY + PROTOCOL, (*ENDS, "out")),
        (POLICY + "\tmark 1/1 \n", (*ENDS, "out")),
    ],
)
def test_a_record_that_cannot_be_read_leaves_the_others(
    text: str, record: tuple[str | None, ...]
) -> None:
    found = xfrm_policy.parse(text + POLICY, "policies")
    assert found.policies == parse(POLICY)
    assert found.unread == (record,)


def test_with_statistics_a_level_is_mandatory() -> None:
    lost = PROTOCOL.replace("reqid 1", "reqid 1(0x00000001)")
    (found,) = parse(SELECTOR + DIRECTION + TEMPLATE + lost)
    assert not found.understood


def test_a_text_that_was_cut_is_refused() -> None:
    with pytest.raises(ParseError, match="policies:8: the text ends in the middle of a line"):
        parse(POLICY + POLICY[:-1])


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
    whole = xfrm_policy.parse("".join(lines), "policies")
    assert not whole.unread
    for missing, line in enumerate(lines):
        found = xfrm_policy.parse("".join(lines[:missing] + lines[missing + 1 :]), "policies")
        damaged = found.unread or not all(policy.understood for policy in found.policies)
        assert damaged or found == whole or line.startswith(OPTIONAL)
