"""What the kernel holds: every question with a table of cases, the rules are the ids."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from check_ipsec.errors import ParseError
from check_ipsec.grammar import statusall, xfrm_policy, xfrm_state
from check_ipsec.kernel import Kernel
from check_ipsec.model import (
    ChildSa,
    ChildState,
    IkeSa,
    Mark,
    Status,
    Template,
    XfrmPolicy,
    XfrmState,
)
from tests.hosts import ROOT, hosts

HERE, THERE = "10.9.0.1", "10.9.0.2"
REQID = 7
SPI_IN, SPI_OUT, CPI_IN, CPI_OUT = 0xC1, 0xC2, 0x31, 0x32
MARK = Mark(0x2A, 0xFFFFFFFF)

CHILD = ChildSa(
    name="net",
    unique_id=1,
    state=ChildState.INSTALLED,
    mode="TUNNEL",
    reqid=REQID,
    protocol="ESP",
    udp_encapsulation=False,
    spi_in=SPI_IN,
    spi_out=SPI_OUT,
    cpi_in=None,
    cpi_out=None,
    expires_in=None,
    proposal=None,
    inbound=None,
    outbound=None,
    rekey_in=None,
    rekeying_due=False,
    local_ts=("10.1.0.0/16",),
    remote_ts=("10.2.0.0/16",),
)
REKEYING = CHILD._replace(state=ChildState.REKEYING, protocol=None, spi_in=None, spi_out=None)
COMPRESSED = CHILD._replace(cpi_in=CPI_IN, cpi_out=CPI_OUT)

ESP_IN = XfrmState(THERE, HERE, "esp", SPI_IN, REQID, "tunnel", ("rfc4106(gcm(aes))",), None, None)
ESP_OUT = ESP_IN._replace(source=HERE, destination=THERE, spi=SPI_OUT)
NEW_IN, NEW_OUT = ESP_IN._replace(spi=0xD1), ESP_OUT._replace(spi=0xD2)
COMP_IN = ESP_IN._replace(protocol="comp", spi=CPI_IN, algorithms=("deflate",))
COMP_OUT = ESP_OUT._replace(protocol="comp", spi=CPI_OUT, algorithms=("deflate",))
LARVAL = {"spi": 0, "algorithms": ()}

TEMPLATE = Template(HERE, THERE, "esp", SPI_OUT, REQID, "tunnel", True)
OUT = XfrmPolicy(
    source="10.1.0.0/16",
    destination="10.2.0.0/16",
    protocol=None,
    source_port=None,
    destination_port=None,
    selector_rest="",
    interface=None,
    direction="out",
    action="allow",
    priority=100,
    templates=(TEMPLATE,),
    mark=None,
    if_id=None,
)
IN = OUT._replace(
    direction="in",
    source="10.2.0.0/16",
    destination="10.1.0.0/16",
    templates=(Template(THERE, HERE, "esp", 0, REQID, "tunnel", True),),
)
FWD = IN._replace(direction="fwd")
NAMING_NEW = OUT._replace(templates=(TEMPLATE._replace(spi=NEW_OUT.spi),))


@pytest.mark.parametrize(
    ("child", "states", "policies", "expected"),
    [
        pytest.param(CHILD, [ESP_IN, ESP_OUT], [], True, id="both SPIs"),
        pytest.param(CHILD, [ESP_OUT], [OUT], False, id="inbound SPI missing"),
        pytest.param(CHILD, [ESP_IN], [OUT], False, id="outbound SPI missing"),
        pytest.param(CHILD, [], [OUT], False, id="no states"),
        pytest.param(
            CHILD, [ESP_IN, ESP_OUT._replace(reqid=8)], [], True, id="the SPI counts, not the reqid"
        ),
        pytest.param(
            CHILD, [ESP_IN, ESP_OUT._replace(protocol="ah")], [], False, id="other protocol"
        ),
        pytest.param(
            CHILD, [ESP_IN, ESP_OUT._replace(destination="10.9.0.3")], [], False, id="other host"
        ),
        pytest.param(
            CHILD._replace(protocol="AH"),
            [ESP_IN._replace(protocol="ah"), ESP_OUT._replace(protocol="ah")],
            [],
            True,
            id="AH",
        ),
        pytest.param(
            CHILD, [ESP_IN, ESP_OUT._replace(algorithms=())], [], False, id="no algorithm yet"
        ),
        pytest.param(
            COMPRESSED, [ESP_IN, ESP_OUT, COMP_IN, COMP_OUT], [], True, id="both SPIs and CPIs"
        ),
        pytest.param(COMPRESSED, [ESP_IN, ESP_OUT, COMP_IN], [], False, id="a CPI missing"),
        pytest.param(CHILD, [NEW_IN, NEW_OUT], [NAMING_NEW], True, id="rekeyed between two reads"),
        pytest.param(
            CHILD, [NEW_IN, NEW_OUT, ESP_OUT], [NAMING_NEW], True, id="rekeyed, one still there"
        ),
        pytest.param(CHILD, [NEW_IN, NEW_OUT], [OUT], False, id="other pair, not named"),
        pytest.param(
            CHILD,
            [NEW_IN._replace(reqid=8), NEW_OUT._replace(reqid=8)],
            [NAMING_NEW],
            False,
            id="other pair, of another reqid",
        ),
        pytest.param(CHILD, [NEW_OUT], [NAMING_NEW], False, id="other pair, inbound missing"),
        pytest.param(
            CHILD, [NEW_IN, ESP_OUT], [OUT], False, id="other inbound beside the printed outbound"
        ),
        pytest.param(
            CHILD,
            [NEW_IN._replace(**LARVAL), NEW_OUT],
            [NAMING_NEW],
            False,
            id="other pair, larval",
        ),
        pytest.param(REKEYING, [ESP_IN, ESP_OUT], [], True, id="REKEYING: a pair of the reqid"),
        pytest.param(REKEYING, [ESP_IN], [], False, id="REKEYING: outbound missing"),
        pytest.param(REKEYING, [ESP_OUT], [], False, id="REKEYING: inbound missing"),
        pytest.param(
            REKEYING, [ESP_IN, ESP_OUT._replace(**LARVAL)], [], False, id="REKEYING: larval"
        ),
        pytest.param(
            REKEYING, [ESP_IN, ESP_OUT._replace(reqid=8)], [], False, id="REKEYING: other reqid"
        ),
        pytest.param(
            REKEYING, [COMP_IN, COMP_OUT], [], False, id="REKEYING: IPComp alone is no pair"
        ),
    ],
)
def test_has_states(
    child: ChildSa, states: list[XfrmState], policies: list[XfrmPolicy], expected: bool
) -> None:
    assert Kernel(states, policies).has_states(child, HERE, THERE) is expected


TWO_BY_TWO = CHILD._replace(
    local_ts=("10.1.0.0/16", "10.3.0.0/16"), remote_ts=("10.2.0.0/16", "10.4.0.0/16")
)
OUTS = tuple(
    OUT._replace(source=source, destination=destination)
    for source in TWO_BY_TWO.local_ts
    for destination in TWO_BY_TWO.remote_ts
)
BACK = tuple(
    one._replace(source=out.destination, destination=out.source)
    for out in OUTS
    for one in (IN, FWD)
)
PORTS = {"protocol": "tcp", "source_port": "80", "destination_port": "443"}
PORTS_BACK = {"protocol": "tcp", "source_port": "443", "destination_port": "80"}


def of_selectors(local: str, remote: str) -> ChildSa:
    return CHILD._replace(local_ts=(local,), remote_ts=(remote,))


@pytest.mark.parametrize(
    ("child", "policies", "missing"),
    [
        pytest.param(CHILD, (OUT, IN, FWD), (), id="tunnel: all three"),
        pytest.param(CHILD, (), ("out", "in", "fwd"), id="tunnel: none"),
        pytest.param(CHILD, (IN, FWD), ("out",), id="tunnel: out missing"),
        pytest.param(CHILD, (OUT, FWD), ("in",), id="tunnel: in missing"),
        pytest.param(CHILD, (OUT, IN), ("fwd",), id="tunnel: fwd missing"),
        pytest.param(CHILD._replace(mode="BEET"), (OUT, IN), ("fwd",), id="BEET needs fwd"),
        pytest.param(CHILD._replace(mode="TRANSPORT"), (OUT, IN), (), id="transport: no fwd"),
        pytest.param(
            CHILD._replace(mode="TRANSPORT_PROXY"), (OUT, IN), (), id="transport proxy: no fwd"
        ),
        pytest.param(
            CHILD,
            (OUT._replace(templates=(TEMPLATE._replace(reqid=8),)), IN, FWD),
            ("out",),
            id="other reqid",
        ),
        pytest.param(
            CHILD,
            (OUT._replace(templates=(TEMPLATE._replace(reqid=8), TEMPLATE)), IN, FWD),
            (),
            id="reqid in the second template",
        ),
        pytest.param(
            CHILD, (OUT._replace(source="10.3.0.0/16"), IN, FWD), ("out",), id="other selector"
        ),
        pytest.param(
            CHILD, (OUT._replace(protocol="tcp"), IN, FWD), ("out",), id="narrower by protocol"
        ),
        pytest.param(
            of_selectors("10.1.0.0/16[icmp]", "10.2.0.0/16[icmp]"),
            (
                OUT._replace(protocol="icmp", selector_rest="type 8 code 0"),
                IN._replace(protocol="1"),
            ),
            ("out", "fwd"),
            id="narrower by ICMP type",
        ),
        pytest.param(CHILD, (OUT._replace(interface="eth0"), IN, FWD), (), id="any interface"),
        pytest.param(TWO_BY_TWO, (*OUTS, *BACK), (), id="2 x 2: all"),
        pytest.param(TWO_BY_TWO, (*OUTS[1:], *BACK), ("out",), id="2 x 2: one out missing"),
        pytest.param(TWO_BY_TWO, (*OUTS, *BACK[1:]), ("in",), id="2 x 2: one in missing"),
        pytest.param(
            CHILD._replace(
                local_ts=("10.1.0.0/16", "fd00::/64"), remote_ts=("10.2.0.0/16", "fd01::/64")
            ),
            (
                OUT,
                IN,
                FWD,
                *(
                    policy._replace(source=source, destination=destination)
                    for policy, source, destination in (
                        (OUT, "fd00::/64", "fd01::/64"),
                        (IN, "fd01::/64", "fd00::/64"),
                        (FWD, "fd01::/64", "fd00::/64"),
                    )
                ),
            ),
            (),
            id="families are not mixed",
        ),
        pytest.param(
            of_selectors("10.1.0.0/16[tcp/80]", "10.2.0.0/16[tcp/443]"),
            (OUT._replace(**PORTS), IN._replace(**PORTS_BACK), FWD._replace(**PORTS_BACK)),
            (),
            id="ports",
        ),
        pytest.param(
            of_selectors("10.1.0.0/16[6/80]", "10.2.0.0/16[6/443]"),
            (OUT._replace(**PORTS_BACK), IN._replace(**PORTS_BACK), FWD._replace(**PORTS)),
            ("out", "fwd"),
            id="ports exchanged",
        ),
        pytest.param(
            of_selectors("10.1.0.0/16[tcp/http]", "10.2.0.0/16"),
            (OUT._replace(**PORTS), IN),
            ("fwd",),
            id="name of a service: by reqid",
        ),
        pytest.param(
            of_selectors("10.1.0.1..10.1.0.5", "10.2.0.0/16"),
            (OUT._replace(source="10.1.0.0/29"), IN, FWD),
            (),
            id="range of addresses: by reqid",
        ),
        pytest.param(
            of_selectors("10.1.0.0/16[0/1000-2000]", "10.2.0.0/16"),
            (OUT._replace(source_port="0"), IN, FWD),
            (),
            id="range of ports: by reqid",
        ),
        pytest.param(
            of_selectors("dynamic", "dynamic"), (OUT, IN, FWD), (), id="dynamic: by reqid"
        ),
        pytest.param(
            CHILD._replace(local_ts=(), remote_ts=()), (OUT, IN), ("fwd",), id="nothing: by reqid"
        ),
    ],
)
def test_missing_policies(
    child: ChildSa, policies: tuple[XfrmPolicy, ...], missing: tuple[str, ...]
) -> None:
    assert Kernel((), policies).missing_policies(child) == missing


@pytest.mark.parametrize(
    ("held", "mark_in", "mark_out", "missing"),
    [
        pytest.param(None, None, None, (), id="none asked, none there"),
        pytest.param(MARK, None, None, (), id="none asked, one there"),
        pytest.param(MARK, MARK, MARK, (), id="the one asked for"),
        pytest.param(None, MARK, MARK, ("out", "in", "fwd"), id="not there"),
        pytest.param(MARK, Mark(1, 1), MARK, ("in", "fwd"), id="other mark_in"),
        pytest.param(MARK, MARK, Mark(0x2A, 0xFF), ("out",), id="other mask of mark_out"),
    ],
)
def test_marks_are_compared_where_they_are_given(
    held: Mark | None, mark_in: Mark | None, mark_out: Mark | None, missing: tuple[str, ...]
) -> None:
    kernel = Kernel((), [policy._replace(mark=held) for policy in (OUT, IN, FWD)])
    assert kernel.missing_policies(CHILD, mark_in, mark_out) == missing


def test_a_shared_reqid_holds_policies_of_several_selectors() -> None:
    kernel = Kernel((), [*OUTS, *BACK])
    assert not kernel.missing_policies(CHILD)
    assert kernel.missing_policies(of_selectors("10.5.0.0/16", "10.2.0.0/16"))


@pytest.mark.parametrize(
    ("policies", "expected"),
    [
        pytest.param([OUT], True, id="out policy of the reqid"),
        pytest.param([IN, FWD], False, id="in and fwd are no trap"),
        pytest.param([OUT._replace(templates=())], False, id="no template"),
        pytest.param(
            [OUT._replace(templates=(TEMPLATE._replace(reqid=8),))], False, id="other reqid"
        ),
    ],
)
def test_has_trap(policies: list[XfrmPolicy], expected: bool) -> None:
    assert Kernel((), policies).has_trap(REQID) is expected


PASS = OUT._replace(templates=(), priority=50)
DROP = OUT._replace(templates=(), priority=50, action="block")
BROAD = OUT._replace(source="0.0.0.0/0", destination="0.0.0.0/0")
LOOSE = (TEMPLATE._replace(required=False),)


@pytest.mark.parametrize(
    ("policies", "expected"),
    [
        pytest.param([], True, id="no policy"),
        pytest.param([OUT], False, id="its own policy"),
        pytest.param([IN, FWD], True, id="in and fwd hold nothing back"),
        pytest.param([BROAD], False, id="a broader trap"),
        pytest.param([OUT._replace(source="10.0.0.0/8")], False, id="a left-over, broader policy"),
        pytest.param([OUT._replace(source="10.1.0.0/17")], True, id="half of it"),
        pytest.param([OUT._replace(source="10.3.0.0/16")], True, id="beside it"),
        pytest.param([BROAD._replace(source="::/0", destination="::/0")], True, id="other family"),
        pytest.param([DROP], False, id="a drop shunt"),
        pytest.param([PASS], True, id="a pass shunt"),
        pytest.param([OUT._replace(templates=LOOSE)], True, id="level use"),
        pytest.param([OUT._replace(templates=LOOSE + OUT.templates)], False, id="one is required"),
        pytest.param([OUT, PASS], True, id="lowest priority number: pass"),
        pytest.param([OUT._replace(priority=1), PASS], False, id="lowest priority number: protect"),
        pytest.param([BROAD._replace(priority=1), PASS], False, id="priority before prefix"),
        pytest.param([PASS, OUT._replace(priority=50)], False, id="tie: older, listed last"),
        pytest.param([OUT._replace(priority=50), PASS], True, id="tie: older one passes"),
        pytest.param([OUT._replace(mark=MARK)], True, id="marked policy, unmarked traffic"),
        pytest.param([OUT._replace(mark=Mark(0, 0xFF))], False, id="policy for mark 0"),
        pytest.param([OUT._replace(if_id=7)], True, id="policy of an XFRM interface"),
        pytest.param([OUT._replace(interface="eth0")], True, id="policy of one interface"),
        pytest.param([OUT._replace(protocol="tcp")], True, id="policy for one protocol"),
        pytest.param([OUT._replace(source_port="80")], True, id="policy for one port"),
        pytest.param([OUT._replace(selector_rest="key 77")], True, id="policy for one GRE key"),
        pytest.param([OUT._replace(source="10.1.0.0/99")], True, id="no network"),
    ],
)
def test_in_clear(policies: list[XfrmPolicy], expected: bool) -> None:
    assert Kernel((), policies).in_clear(CHILD.local_ts, CHILD.remote_ts) is expected


TCP_PASS = PASS._replace(protocol="tcp", source_port="22")


@pytest.mark.parametrize(
    ("local_ts", "policies", "expected"),
    [
        pytest.param("10.1.0.0/16[tcp/80]", [OUT._replace(protocol="tcp")], False, id="protocol"),
        pytest.param("10.1.0.0/16[6/80]", [OUT], False, id="any protocol"),
        pytest.param(
            "10.1.0.0/16[tcp/80]",
            [OUT._replace(protocol="tcp", source_port="80")],
            False,
            id="protocol and port",
        ),
        pytest.param(
            "10.1.0.0/16[tcp/80]",
            [OUT._replace(protocol="tcp", source_port="81")],
            True,
            id="other port",
        ),
        pytest.param(
            "10.1.0.0/16[tcp/80]", [OUT._replace(protocol="17")], True, id="other protocol"
        ),
        pytest.param(
            "10.1.0.0/16[tcp/1000-2000]",
            [OUT._replace(protocol="tcp", source_port="0")],
            False,
            id="range of ports: may be its own policy",
        ),
        pytest.param(
            "10.1.0.0/16[tcp/1000-2000]", [OUT, TCP_PASS], False, id="range: pass of a port"
        ),
        pytest.param(
            "10.1.0.0/16[icmp/8]",
            [OUT._replace(protocol="icmp", selector_rest="type 8")],
            False,
            id="ICMP type: may be its own policy",
        ),
        pytest.param(
            "10.1.0.0/16[icmp]",
            [OUT._replace(protocol="icmp", selector_rest="type 8")],
            True,
            id="all of ICMP, policy for one type",
        ),
        pytest.param("10.1.0.1..10.1.0.5", [OUT], False, id="range of addresses, covered"),
        pytest.param("10.0.0.1..10.1.0.5", [OUT], True, id="range of addresses, half covered"),
        pytest.param("dynamic", [OUT], None, id="dynamic"),
        pytest.param("fd00::/64", [OUT], None, id="no pair"),
    ],
)
def test_in_clear_of_other_selectors(
    local_ts: str, policies: list[XfrmPolicy], expected: bool | None
) -> None:
    assert Kernel((), policies).in_clear((local_ts,), CHILD.remote_ts) is expected


@pytest.mark.parametrize(
    ("local_ts", "expected"),
    [
        pytest.param(("10.1.0.0/16", "10.3.0.0/16"), True, id="one of two pairs"),
        pytest.param(("10.3.0.0/16", "dynamic"), True, id="in clear, whatever the other"),
        pytest.param(("10.1.0.0/16", "dynamic"), None, id="held back, the other unknown"),
        pytest.param((), None, id="no selectors"),
    ],
)
def test_in_clear_of_several_pairs(local_ts: tuple[str, ...], expected: bool | None) -> None:
    assert Kernel((), [OUT]).in_clear(local_ts, CHILD.remote_ts) is expected


@pytest.mark.parametrize(
    ("held", "carried", "expected"),
    [
        pytest.param(MARK, MARK, False, id="the mark it carries"),
        pytest.param(Mark(0x0A, 0x0F), MARK, False, id="under the policy's mask"),
        pytest.param(Mark(0x2B, 0xFF), MARK, True, id="another mark"),
        pytest.param(None, MARK, False, id="a policy without mark is for all"),
    ],
)
def test_in_clear_of_marked_traffic(held: Mark | None, carried: Mark, expected: bool) -> None:
    kernel = Kernel((), [OUT._replace(mark=held)])
    assert kernel.in_clear(CHILD.local_ts, CHILD.remote_ts, carried) is expected


MOST_LINES = 60
# lines that a policy may lack, so that it would apply to more traffic
OPTIONAL = ("\tmark ", "\tif_id ", "\t\tlevel ")


def captured(host: Path, name: str) -> str:
    return (ROOT / host / name).read_bytes().decode("utf-8", "surrogateescape")


def whole_hosts() -> list[Path]:
    names = ("statusall", "xfrm-state", "xfrm-policy")
    return [
        host
        for host in hosts()
        if all((ROOT / host / name).exists() for name in names) and captured(host, "statusall")
    ]


def shortfalls(status: Status, states: str, policies: str) -> set[tuple[str, ...]]:
    """What the kernel texts lack for the SAs that charon lists."""
    kernel = Kernel(xfrm_state.parse(states, "states"), xfrm_policy.parse(policies, "policies"))
    return {
        (ike.local_host, ike.remote_host, child.name, str(child.unique_id), shortfall)
        for ike in status.ike_sas
        for child in ike.child_sas
        for shortfall in shortfalls_of(kernel, ike, child)
    }


def shortfalls_of(kernel: Kernel, ike: IkeSa, child: ChildSa) -> Iterator[str]:
    yield from kernel.missing_policies(child)
    if not kernel.has_states(child, ike.local_host, ike.remote_host):
        yield "states"
    if kernel.in_clear(child.local_ts, child.remote_ts) is not False:
        yield "in clear"


def damaged(whole: str) -> Iterator[str]:
    """The text cut at line ends, and short of each line."""
    lines = whole.splitlines(keepends=True)
    for number in range(0, len(lines), len(lines) // MOST_LINES + 1):
        yield "".join(lines[:number])
        if not lines[number].startswith(OPTIONAL):
            yield "".join(lines[:number] + lines[number + 1 :])


@pytest.mark.parametrize("host", whole_hosts(), ids=lambda host: host.name)
def test_a_damaged_text_never_holds_more(host: Path) -> None:
    states, policies = captured(host, "xfrm-state"), captured(host, "xfrm-policy")
    status = statusall.parse(captured(host, "statusall"), "statusall")
    whole = shortfalls(status, states, policies)
    damages = [(text, policies) for text in damaged(states)]
    damages += [(states, text) for text in damaged(policies)]
    for texts in damages:
        with suppress(ParseError):
            assert shortfalls(status, *texts) >= whole
