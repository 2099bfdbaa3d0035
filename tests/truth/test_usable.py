"""Which SA the kernel would use, and why not: a table of cases, the rules are the ids."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from check_ipsec.configuration.expectation import Expectation
from check_ipsec.errors import ParseError
from check_ipsec.grammar import statusall, xfrm_policy, xfrm_state
from check_ipsec.model.daemon import ChildSa, ChildState, IkeState, Status
from check_ipsec.model.kernel import Mark, Selector, XfrmPolicy, XfrmState
from check_ipsec.model.unread import UnreadRecord
from check_ipsec.truth.facts import Facts, Index, gather
from check_ipsec.truth.kernel import Kernel
from check_ipsec.truth.policies import requires_ipsec
from check_ipsec.truth.reasons import Reason
from check_ipsec.truth.usable import sa_defect, trap_defect
from tests import build
from tests.build import LOCAL, REMOTE, REQID, SPI_OUT, child, ike, kernel, status, template
from tests.hosts import ROOT, hosts

STATE_IN, STATE_OUT = build.STATES
POLICY_OUT, POLICY_IN = build.POLICIES
NEW_IN, NEW_OUT = STATE_IN._replace(spi=0xD1), STATE_OUT._replace(spi=0xD2)
NAMING_NEW = build.xfrm_policy("out", spi=0xD2)
REKEYING = child(ChildState.REKEYING)
COMPRESSED = child(cpi_in=0x31, cpi_out=0x32)
COMP_IN, COMP_OUT = (
    state._replace(protocol="comp", spi=cpi, encryption=None, compression="deflate")
    for state, cpi in ((STATE_IN, 0x31), (STATE_OUT, 0x32))
)
COMP_POLICIES = (
    POLICY_OUT._replace(templates=(template(0x32, protocol="comp"), template(SPI_OUT))),
    POLICY_IN._replace(templates=(template(protocol="comp", required=False), template())),
)
LARVAL = {"spi": 0, "encryption": None}
NULL = {"encryption": "ecb(cipher_null)", "authentication": "hmac(sha256)"}
CLEAR = "traffic leaves in clear text"

Answer = tuple[Reason, str] | None


def facts_of(*children: ChildSa, held: Kernel, **settings: str) -> Facts:
    said = status(ike(IkeState.ESTABLISHED, *children))
    return gather(build.connection(**settings), Index(said), held, True, False, ())


def ask(one: ChildSa, held: Kernel, *others: ChildSa, **settings: str) -> Answer:
    facts = facts_of(one, *others, held=held, **settings)
    return sa_defect(facts, held, facts.ike_sas[0], one)


def case(name: str, one: ChildSa, held: Kernel, expected: Answer, *others: ChildSa) -> Any:
    return pytest.param(one, held, expected, others, id=name)


NO_STATE = (Reason.NO_KERNEL_STATE, "")
OTHER = Reason.OTHER_STATE


def states(*found: XfrmState) -> Kernel:
    return kernel(found)


@pytest.mark.parametrize(
    ("one", "held", "expected", "others"),
    [
        case("both SPIs", child(), kernel(), None),
        case("inbound SPI missing", child(), states(STATE_OUT), NO_STATE),
        case("outbound SPI missing", child(), states(STATE_IN), NO_STATE),
        case("no states", child(), states(), NO_STATE),
        case("other protocol", child(), states(STATE_IN, STATE_OUT._replace(protocol="ah")),
             NO_STATE),
        case("other host", child(), states(STATE_IN, STATE_OUT._replace(destination="10.9.0.3")),
             NO_STATE),
        case("no algorithm yet", child(), states(STATE_IN, STATE_OUT._replace(encryption=None)),
             NO_STATE),
        case("other reqid", child(), states(STATE_IN, STATE_OUT._replace(reqid=8)),
             (OTHER, "out, reqid 8")),
        case("other mode", child(), states(STATE_IN._replace(mode="tunnel"), STATE_OUT),
             (OTHER, "in, mode tunnel")),
        case("NULL encryption", child(), states(STATE_IN, STATE_OUT._replace(**NULL)),
             (OTHER, "out, without encryption")),
        case("NULL encryption was agreed on", child(proposal="NULL/HMAC_SHA2_256_128"),
             states(STATE_IN, STATE_OUT._replace(**NULL)), None),
        case("authentication alone", child(),
             states(STATE_IN, STATE_OUT._replace(encryption=None, authentication="hmac(sha1)")),
             (OTHER, "out, without encryption")),
        case("a mark", child(), states(STATE_IN, STATE_OUT._replace(mark=Mark(0x2A, 0xFF))),
             (OTHER, "out, mark 0x2a/0xff")),
        case("an if_id", child(), states(STATE_IN._replace(if_id=23), STATE_OUT),
             (OTHER, "in, if_id 0x17")),
        case("other direction", child(), states(STATE_IN, STATE_OUT._replace(direction="in")),
             (OTHER, "out, dir in")),
        case("directions as they should be", child(),
             states(STATE_IN._replace(direction="in"), STATE_OUT._replace(direction="out")), None),
        case("outbound selector", child(),
             states(STATE_IN, STATE_OUT._replace(selector=Selector("10.9.0.1/32", "10.9.0.2/32"))),
             (OTHER, "out, selector 10.9.0.1/32 10.9.0.2/32")),
        case("inbound selector", child(),
             states(STATE_IN._replace(selector=Selector("10.9.0.1/32", "10.9.0.2/32")), STATE_OUT),
             (OTHER, "in, selector 10.9.0.1/32 10.9.0.2/32")),
        case("IPComp", COMPRESSED,
             kernel((STATE_IN, STATE_OUT, COMP_IN, COMP_OUT), COMP_POLICIES), None),
        case("IPComp, a CPI missing", COMPRESSED,
             kernel((STATE_IN, STATE_OUT, COMP_IN), COMP_POLICIES), NO_STATE),
        case("rekeyed between two reads", child(),
             kernel((NEW_IN, NEW_OUT), (NAMING_NEW, POLICY_IN)), None),
        case("rekeyed, the old one still there", child(),
             kernel((*build.STATES, NEW_IN, NEW_OUT), (NAMING_NEW, POLICY_IN)), None),
        case("other pair, but the policy names the old one", child(), states(NEW_IN, NEW_OUT),
             (Reason.POLICY_UNFIT, "out, SPI 000000c2 is gone")),
        case("other pair, of another reqid", child(),
             kernel((NEW_IN._replace(reqid=8), NEW_OUT._replace(reqid=8)), (NAMING_NEW, POLICY_IN)),
             NO_STATE),
        case("other pair, inbound missing", child(),
             kernel((NEW_OUT,), (NAMING_NEW, POLICY_IN)), NO_STATE),
        case("other pair, larval", child(),
             kernel((NEW_IN._replace(**LARVAL), NEW_OUT), (NAMING_NEW, POLICY_IN)), NO_STATE),
        case("other pair, that of another connection", child(),
             kernel((NEW_IN, NEW_OUT), (NAMING_NEW, POLICY_IN)), NO_STATE,
             child(name="carol", spi_in=0xD1, spi_out=0xD2)),
        case("other pair, perhaps that of another connection", child(),
             kernel((NEW_IN, NEW_OUT), (NAMING_NEW, POLICY_IN)), NO_STATE,
             child(ChildState.REKEYING, name="carol")),
        case("REKEYING: a pair of the reqid", REKEYING, kernel(), None),
        case("REKEYING: outbound missing", REKEYING, states(STATE_IN), NO_STATE),
        case("REKEYING: inbound missing", REKEYING, states(STATE_OUT), NO_STATE),
        case("REKEYING: larval", REKEYING, states(STATE_IN, STATE_OUT._replace(**LARVAL)),
             NO_STATE),
        case("REKEYING: other reqid", REKEYING, states(STATE_IN, STATE_OUT._replace(reqid=8)),
             NO_STATE),
        case("REKEYING: IPComp alone is no pair", REKEYING, states(COMP_IN, COMP_OUT), NO_STATE),
        case("unread state between the hosts", child(),
             kernel((STATE_IN,), unread_states=(UnreadRecord(LOCAL, REMOTE, None),)),
             (Reason.NOT_UNDERSTOOD, "")),
        case("unread state between other hosts", child(),
             kernel((STATE_IN,), unread_states=(UnreadRecord(LOCAL, "10.9.0.3", None),)), NO_STATE),
        case("a state that is not understood", child(),
             states(STATE_IN, STATE_OUT._replace(understood=False)), (Reason.NOT_UNDERSTOOD, "")),
    ],
)  # fmt: skip
def test_states(one: ChildSa, held: Kernel, expected: Answer, others: tuple[ChildSa, ...]) -> None:
    assert ask(one, held, *others) == expected


def test_a_duplicate_may_carry_what_the_policy_names() -> None:
    twin = child(spi_in=0xD1, spi_out=0xD2, unique_id=6)
    held = kernel((*build.STATES, NEW_IN, NEW_OUT))
    assert ask(child(), held, twin) is None
    assert ask(twin, held, child()) is None


def test_a_duplicate_whose_named_state_is_gone_carries_nothing() -> None:
    twin = child(spi_in=0xD1, spi_out=0xD2, unique_id=6)
    held = kernel((STATE_IN, STATE_OUT, NEW_IN), (NAMING_NEW, POLICY_IN))
    assert ask(child(), held, twin) == (Reason.POLICY_UNFIT, "out, SPI 000000d2 is gone")


# --- policies -------------------------------------------------------------------


def policies(*found: XfrmPolicy) -> Kernel:
    return kernel(policies=found)


def out(**facts: object) -> XfrmPolicy:
    return POLICY_OUT._replace(templates=(template(SPI_OUT, **facts),))


def inward(**facts: object) -> XfrmPolicy:
    return POLICY_IN._replace(templates=(template(**facts),))


WIDE = ("10.0.0.0/24", "10.0.0.0/24")
PASS = build.xfrm_policy("out", ends=WIDE, templates=(), priority=1)
PASS_IN = build.xfrm_policy("in", ends=WIDE, templates=(), priority=1)
FITS, BYPASS, BLOCKS = Reason.POLICY_UNFIT, Reason.POLICY_BYPASS, Reason.POLICY_BLOCKS
MISSING = (Reason.NO_OUTBOUND_POLICY, CLEAR)


@pytest.mark.parametrize(
    ("one", "held", "expected", "others"),
    [
        case("out missing", child(), policies(POLICY_IN), MISSING),
        case("out for another selector", child(),
             policies(build.xfrm_policy("out", ends=(f"{LOCAL}/32", "10.0.0.3/32")), POLICY_IN),
             MISSING),
        case("in missing", child(), policies(POLICY_OUT), (Reason.NO_INBOUND_POLICY, "")),
        case("transport proxy needs no fwd", child(mode="TRANSPORT_PROXY"), kernel(), None),
        case("out with a mark", child(),
             policies(POLICY_OUT._replace(mark=Mark(0x2A, 0xFFFFFFFF)), POLICY_IN),
             (FITS, f"out, mark 0x2a/0xffffffff, {CLEAR}")),
        case("out with an if_id", child(), policies(POLICY_OUT._replace(if_id=23), POLICY_IN),
             (FITS, f"out, if_id 0x17, {CLEAR}")),
        case("out bound to a device", child(),
             policies(POLICY_OUT._replace(selector=POLICY_OUT.selector._replace(interface="lo")),
                      POLICY_IN),
             (FITS, f"out, dev lo, {CLEAR}")),
        case("out blocks", child(),
             policies(POLICY_OUT._replace(action="block", templates=()), POLICY_IN),
             (BLOCKS, "out")),
        case("out, level use", child(), policies(out(required=False), POLICY_IN),
             (Reason.POLICY_OPTIONAL, "out")),
        case("out, proto ah", child(), policies(out(protocol="ah"), POLICY_IN),
             (FITS, "out, proto ah")),
        case("out, mode tunnel", child(),
             policies(out(mode="tunnel", destination=REMOTE), POLICY_IN),
             (FITS, "out, mode tunnel")),
        case("out names another SPI", child(),
             policies(build.xfrm_policy("out", spi=0xEE), POLICY_IN),
             (FITS, "out, SPI 000000ee is gone")),
        case("out leads to another reqid", child(), policies(out(reqid=9), POLICY_IN),
             (Reason.POLICY_OTHER, "out, reqid 9")),
        case("a wider one without template comes first", child(),
             policies(PASS, *build.POLICIES), (BYPASS, f"out, {CLEAR}")),
        case("a wider one comes last", child(),
             policies(PASS._replace(priority=10**6), *build.POLICIES), None),
        case("a wider one blocks first", child(),
             policies(PASS._replace(action="block"), *build.POLICIES), (BLOCKS, "out")),
        case("a narrower one without template is an exception", child(),
             policies(PASS._replace(selector=POLICY_OUT.selector._replace(protocol="tcp")),
                      *build.POLICIES), None),
        case("in blocks", child(),
             policies(POLICY_OUT, POLICY_IN._replace(action="block", templates=())),
             (BLOCKS, "in")),
        case("in, level use", child(), policies(POLICY_OUT, inward(required=False)),
             (Reason.POLICY_OPTIONAL, "in")),
        case("in, proto ah", child(), policies(POLICY_OUT, inward(protocol="ah")),
             (FITS, "in, proto ah")),
        case("in of another reqid", child(), policies(POLICY_OUT, inward(reqid=9)),
             (FITS, "in, reqid 9")),
        case("in: a wider one without template comes first", child(),
             policies(PASS_IN, *build.POLICIES), (BYPASS, "in")),
        case("in with a mark", child(),
             policies(POLICY_OUT, POLICY_IN._replace(mark=Mark(0x2A, 0xFF))),
             (FITS, "in, mark 0x2a/0xff")),
        case("unread policy with its ends", child(),
             kernel(policies=(POLICY_IN,),
                    unread_policies=(UnreadRecord(f"{LOCAL}/32", f"{REMOTE}/32", None),)),
             (Reason.NOT_UNDERSTOOD, "")),
        case("unread inbound policy", child(),
             kernel(policies=(POLICY_OUT,),
                    unread_policies=(UnreadRecord(f"{REMOTE}/32", f"{LOCAL}/32", "in"),)),
             (Reason.NOT_UNDERSTOOD, "")),
        case("a policy that is not understood", child(),
             policies(POLICY_OUT._replace(understood=False), POLICY_IN),
             (Reason.NOT_UNDERSTOOD, "")),
        case("an inbound policy that is not understood", child(),
             policies(POLICY_OUT, POLICY_IN._replace(understood=False)),
             (Reason.NOT_UNDERSTOOD, "")),
    ],
)  # fmt: skip
def test_policies(
    one: ChildSa, held: Kernel, expected: Answer, others: tuple[ChildSa, ...]
) -> None:
    assert ask(one, held, *others) == expected


NETS = ("10.1.0.0/16", "10.3.0.0/16"), ("10.2.0.0/16", "10.4.0.0/16")
GRID = child(mode="TUNNEL", local_ts=NETS[0], remote_ts=NETS[1])
TUNNEL_STATES = tuple(state._replace(mode="tunnel", selector=None) for state in build.STATES)


def tunnelled(direction: str, local: str, remote: str) -> XfrmPolicy:
    made = build.xfrm_policy(direction, ends=(local, remote))
    ends = (LOCAL, REMOTE) if direction == "out" else (REMOTE, LOCAL)
    (one,) = made.templates
    tunnel = one._replace(source=ends[0], destination=ends[1], mode="tunnel")
    return made._replace(templates=(tunnel,))


ALL = [
    tunnelled(direction, local, remote)
    for direction in ("out", "in", "fwd")
    for local in NETS[0]
    for remote in NETS[1]
]


def test_two_by_two_selectors_need_all_policies() -> None:
    assert ask(GRID, kernel(TUNNEL_STATES, tuple(ALL))) is None
    for gone in ALL:
        rest = tuple(policy for policy in ALL if policy is not gone)
        expected = {
            "out": MISSING,
            "in": (Reason.NO_INBOUND_POLICY, ""),
            "fwd": (Reason.NO_INBOUND_POLICY, "fwd"),
        }
        assert ask(GRID, kernel(TUNNEL_STATES, rest)) == expected[gone.direction]


def test_one_of_four_is_shadowed() -> None:
    wide = build.xfrm_policy("out", ends=("10.3.0.0/16", "10.0.0.0/8"), templates=(), priority=1)
    assert ask(GRID, kernel(TUNNEL_STATES, (*ALL, wide))) == (BYPASS, f"out, {CLEAR}")


def test_the_ends_of_a_tunnel_count() -> None:
    outbound = [policy for policy in ALL if policy.direction == "out"]
    (one,) = outbound[0].templates
    elsewhere = outbound[0]._replace(templates=(one._replace(destination="10.0.0.3"),))
    held = kernel(TUNNEL_STATES, (elsewhere, *ALL[1:]))
    assert ask(GRID, held) == (FITS, "out, to 10.0.0.3")


def test_a_forwarding_policy_may_block() -> None:
    blocking = [
        policy._replace(action="block", templates=()) if policy.direction == "fwd" else policy
        for policy in ALL
    ]
    assert ask(GRID, kernel(TUNNEL_STATES, tuple(blocking))) == (BLOCKS, "fwd")


def test_families_are_not_mixed() -> None:
    local, remote = ("10.1.0.0/16", "fd00::/64"), ("10.2.0.0/16", "fd01::/64")
    both = child(mode="TUNNEL", local_ts=local, remote_ts=remote)
    found = [
        tunnelled(direction, *ends)
        for direction in ("out", "in", "fwd")
        for ends in zip(local, remote, strict=True)
    ]
    assert ask(both, kernel(TUNNEL_STATES, tuple(found))) is None


# --- marks ----------------------------------------------------------------------


def marked(mark: Mark | None, states_mark: Mark | None) -> Kernel:
    held = (STATE_IN, STATE_OUT._replace(mark=states_mark))
    return kernel(held, tuple(policy._replace(mark=mark) for policy in build.POLICIES))


FULL, MASKED = Mark(0x2A, 0xFFFFFFFF), Mark(0x2A, 0xFF)


@pytest.mark.parametrize(
    ("setting", "policy", "state", "expected"),
    [
        pytest.param("42", FULL, FULL, None, id="number"),
        pytest.param("0x2a/0xff", MASKED, MASKED, None, id="number and mask"),
        pytest.param("%unique", Mark(5, 0xFFFFFFFF), Mark(5, 0xFFFFFFFF), None, id="%unique"),
        pytest.param("42", None, FULL, (FITS, "out, no mark"), id="the policy has none"),
        pytest.param("42", FULL, None, (OTHER, "out, no mark"), id="the state has none"),
        pytest.param("42", MASKED, FULL, None, id="another mask, which the packets fit"),
    ],
)
def test_marks(setting: str, policy: Mark, state: Mark, expected: Answer) -> None:
    assert ask(child(), marked(policy, state), mark=setting) == expected


def test_marks_may_differ_by_direction() -> None:
    held = kernel(
        (STATE_IN, STATE_OUT._replace(mark=Mark(6, 0xFFFFFFFF))),
        (
            POLICY_OUT._replace(mark=Mark(6, 0xFFFFFFFF)),
            POLICY_IN._replace(mark=Mark(5, 0xFFFFFFFF)),
        ),
    )
    assert ask(child(), held, mark_in="5", mark_out="6") is None
    assert ask(child(), held, mark_in="6", mark_out="5") is not None


# --- traps ----------------------------------------------------------------------

TRAP = child(ChildState.ROUTED, remote_ts=("10.2.0.0/16", "10.4.0.0/16"))


def trapping(remote: str, reqid: int = REQID, **facts: object) -> XfrmPolicy:
    wanted = (template(0, reqid),)
    return build.xfrm_policy("out", ends=(f"{LOCAL}/32", remote), templates=wanted, **facts)


WAITING = tuple(map(trapping, TRAP.remote_ts))
SHADOW = trapping("10.0.0.0/8", priority=1)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(WAITING, None, id="both wait"),
        pytest.param(WAITING[1:], (Reason.NO_KERNEL_TRAP, CLEAR), id="one of two is gone"),
        pytest.param(
            (SHADOW._replace(templates=()), *WAITING), (BYPASS, f"out, {CLEAR}"), id="shadowed"
        ),
        pytest.param(
            (SHADOW._replace(templates=(), action="block"), *WAITING), (BLOCKS, "out"), id="blocked"
        ),
        pytest.param(
            (trapping("10.0.0.0/8", 9, priority=1), *WAITING),
            (Reason.POLICY_OTHER, "out, reqid 9"),
            id="behind another trap",
        ),
        pytest.param(
            tuple(map(trapping, ("10.5.0.0/16", "10.6.0.0/16"))),
            (Reason.NO_KERNEL_TRAP, CLEAR),
            id="traps of another connection with the same reqid",
        ),
        pytest.param(
            (WAITING[0]._replace(templates=(template(0xEE),)), WAITING[1]),
            (Reason.NO_KERNEL_STATE, ""),
            id="names an SPI that is gone",
        ),
        pytest.param(
            (WAITING[0]._replace(templates=(template(required=False),)), WAITING[1]),
            (Reason.POLICY_OPTIONAL, f"out, {CLEAR}"),
            id="level use",
        ),
        pytest.param(
            (WAITING[0]._replace(mark=FULL), WAITING[1]),
            (FITS, f"out, mark 0x2a/0xffffffff, {CLEAR}"),
            id="a mark",
        ),
    ],
)
def test_traps(found: tuple[XfrmPolicy, ...], expected: Answer) -> None:
    held = kernel((), found)
    facts = facts_of(held=held)
    assert facts.expectation is Expectation.REQUIRED
    assert trap_defect(facts, held, TRAP) == expected


# --- damaged texts --------------------------------------------------------------

MOST_LINES = 60
# lines that a policy or a state may lack, so that it would apply to more traffic
OPTIONAL = ("\tmark ", "\tif_id ", "\tsel ", "\t\tlevel ")


def captured(host: Path, name: str) -> str:
    return (ROOT / host / name).read_bytes().decode("utf-8", "surrogateescape")


def whole_hosts() -> list[Path]:
    names = ("statusall", "xfrm-state", "xfrm-policy")
    return [
        host
        for host in hosts()
        if all((ROOT / host / name).exists() for name in names) and captured(host, "statusall")
    ]


def unusable(status: Status, states: str, policies: str) -> set[str]:
    """The SAs that the kernel texts show to be of no use."""
    held = Kernel(xfrm_state.parse(states, "states"), xfrm_policy.parse(policies, "policies"))
    index = Index(status)
    names = {child.name for ike in status.ike_sas for child in ike.child_sas}
    facts = {
        name: gather(build.connection(name, left="", right=""), index, held, True, False, ())
        for name in names
    }
    return {
        f"{child.name}{{{child.unique_id}}}"
        for ike in status.ike_sas
        for child in ike.child_sas
        if sa_defect(facts[child.name], held, ike, child)
    }


def damaged(whole: str) -> Iterator[str]:
    """The text cut at line ends, and short of each line."""
    lines = whole.splitlines(keepends=True)
    for number in range(0, len(lines), len(lines) // MOST_LINES + 1):
        yield "".join(lines[:number])
        if not lines[number].startswith(OPTIONAL):
            yield "".join(lines[:number] + lines[number + 1 :])


def has_unread(policies: str) -> bool:
    """Whether a policy was not understood, which is a warning: it may be one that does harm."""
    return bool(xfrm_policy.parse(policies, "policies").unread)


@pytest.mark.parametrize("host", whole_hosts(), ids=lambda host: host.name)
def test_a_damaged_text_never_holds_more(host: Path) -> None:
    states, policies = captured(host, "xfrm-state"), captured(host, "xfrm-policy")
    said = statusall.parse(captured(host, "statusall"), "statusall")
    whole = unusable(said, states, policies)
    damages = [(text, policies) for text in damaged(states)]
    damages += [(states, text) for text in damaged(policies)]
    harm = not all(map(requires_ipsec, xfrm_policy.parse(policies, "policies").policies))
    for texts in damages:
        with suppress(ParseError):
            assert unusable(said, *texts) >= whole or (harm and has_unread(texts[1]))
