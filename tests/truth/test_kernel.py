"""What the kernel would do with a packet: a table of cases, the rules are the ids."""

import pytest

from check_ipsec.model.kernel import (
    Mark,
    Policies,
    Selector,
    States,
    Template,
    XfrmPolicy,
    XfrmState,
)
from check_ipsec.model.unread import UnreadRecord
from check_ipsec.truth.kernel import Fate, Kernel
from check_ipsec.truth.packet import UNMARKED, Packet
from check_ipsec.truth.selectors import Flow, flows
from check_ipsec.truth.states import came_through
from tests.build import template, xfrm_policy, xfrm_state

HERE, THERE = "10.9.0.1", "10.9.0.2"
REQID = 7
SPI = 0xC2
MARK = Mark(0x2A, 0xFFFFFFFF)
NET = ("10.1.0.0/16", "10.2.0.0/16")

STATE = xfrm_state(HERE, THERE, SPI, mode="tunnel", selector=None)
TUNNEL = Template(HERE, THERE, "esp", SPI, REQID, "tunnel", True)
OUT = xfrm_policy("out", ends=NET, templates=(TUNNEL,))
IN = xfrm_policy("in", ends=NET)
FWD = xfrm_policy("fwd", ends=NET)
PASS = OUT._replace(templates=(), priority=50)
DROP = PASS._replace(action="block")
BROAD = OUT._replace(selector=Selector("0.0.0.0/0", "0.0.0.0/0"))
LOOSE = (TUNNEL._replace(required=False),)


def flow(local: str = NET[0], remote: str = NET[1]) -> Flow:
    (found,) = flows((local,), (remote,))
    assert found
    return found


def narrowed(policy: XfrmPolicy, **facts: str | None) -> XfrmPolicy:
    return policy._replace(selector=policy.selector._replace(**facts))


def towards(source: str, destination: str) -> XfrmPolicy:
    return OUT._replace(selector=Selector(source, destination))


def fate(
    policies: list[XfrmPolicy],
    states: tuple[XfrmState, ...] = (STATE,),
    packet: Packet | None = None,
) -> Fate:
    kernel = Kernel(States(states), Policies(tuple(policies)))
    return kernel.sends(packet or Packet(flow(), THERE)).fate


NO_POLICY, BYPASS, BLOCKED = Fate.NO_POLICY, Fate.BYPASS, Fate.BLOCKED
HELD_BACK, PROTECTED = Fate.HELD_BACK, Fate.PROTECTED


@pytest.mark.parametrize(
    ("policies", "expected"),
    [
        pytest.param([], NO_POLICY, id="no policy"),
        pytest.param([OUT], PROTECTED, id="its own policy"),
        pytest.param([IN, FWD], NO_POLICY, id="in and fwd are not asked"),
        pytest.param([BROAD], PROTECTED, id="a broader one"),
        pytest.param([towards("10.0.0.0/8", NET[1])], PROTECTED, id="broader at one end"),
        pytest.param([towards("10.1.0.0/17", NET[1])], NO_POLICY, id="half of it"),
        pytest.param([towards("10.3.0.0/16", NET[1])], NO_POLICY, id="beside it"),
        pytest.param([towards("::/0", "::/0")], NO_POLICY, id="other family"),
        pytest.param([towards("10.1.0.0/99", NET[1])], NO_POLICY, id="no network"),
        pytest.param([DROP], BLOCKED, id="action block"),
        pytest.param([PASS], BYPASS, id="no template"),
        pytest.param([OUT._replace(templates=LOOSE)], PROTECTED, id="level use, with a state"),
        pytest.param([OUT, PASS], BYPASS, id="the lowest priority number wins: pass"),
        pytest.param([OUT._replace(priority=1), PASS], PROTECTED, id="so it does: protect"),
        pytest.param([BROAD._replace(priority=1), PASS], PROTECTED, id="priority before prefix"),
        pytest.param([PASS, OUT._replace(priority=50)], PROTECTED, id="tie: older, listed last"),
        pytest.param([OUT._replace(priority=50), PASS], BYPASS, id="tie: the older one passes"),
        pytest.param([OUT._replace(mark=MARK)], NO_POLICY, id="marked policy, unmarked packet"),
        pytest.param([OUT._replace(mark=Mark(0, 0xFF))], PROTECTED, id="policy for mark 0"),
        pytest.param([OUT._replace(if_id=7)], NO_POLICY, id="policy of an XFRM interface"),
        pytest.param([narrowed(OUT, interface="eth0")], NO_POLICY, id="interface, protecting"),
        pytest.param([OUT, narrowed(PASS, interface="eth0")], BYPASS, id="interface, passing"),
        pytest.param([narrowed(OUT, protocol="tcp")], NO_POLICY, id="policy for one protocol"),
        pytest.param([narrowed(OUT, source_port="80")], NO_POLICY, id="policy for one port"),
        pytest.param([narrowed(OUT, rest="key 77")], NO_POLICY, id="policy for one GRE key"),
    ],
)
def test_which_policy_is_taken(policies: list[XfrmPolicy], expected: Fate) -> None:
    assert fate(policies) is expected


@pytest.mark.parametrize(
    ("held", "carried", "expected"),
    [
        pytest.param(MARK, MARK, PROTECTED, id="the mark it carries"),
        pytest.param(Mark(0x0A, 0x0F), MARK, PROTECTED, id="under the policy's mask"),
        pytest.param(Mark(0x2B, 0xFF), MARK, NO_POLICY, id="another mark"),
        pytest.param(None, MARK, PROTECTED, id="a policy without mark is for all"),
    ],
)
def test_marked_packets(held: Mark | None, carried: Mark, expected: Fate) -> None:
    packet = Packet(flow(), THERE, carried)
    assert fate([OUT._replace(mark=held)], packet=packet) is expected


@pytest.mark.parametrize(
    ("state", "policy", "expected"),
    [
        pytest.param({}, {}, PROTECTED, id="fits"),
        pytest.param({"spi": 0xD2}, {}, HELD_BACK, id="the SPI that the policy names is gone"),
        pytest.param({"spi": 0xD2}, {"spi": 0}, PROTECTED, id="any SPI will do"),
        pytest.param({"protocol": "ah"}, {"spi": 0}, HELD_BACK, id="other protocol"),
        pytest.param({"mode": "transport"}, {}, HELD_BACK, id="other mode"),
        pytest.param({"reqid": 8}, {}, HELD_BACK, id="other reqid, same SPI"),
        pytest.param({"reqid": 8}, {"spi": 0}, HELD_BACK, id="other reqid"),
        pytest.param({}, {"destination": "10.9.0.3"}, HELD_BACK, id="to another end"),
        pytest.param({"mark": MARK}, {}, HELD_BACK, id="a mark that the policy has not"),
        pytest.param({"if_id": 23}, {}, HELD_BACK, id="an if_id that the policy has not"),
        pytest.param({"direction": "in"}, {}, HELD_BACK, id="for what comes in"),
        pytest.param({"direction": "out"}, {}, PROTECTED, id="for what leaves"),
        pytest.param({"spi": 0}, {"spi": 0}, HELD_BACK, id="larval: no SPI"),
        pytest.param({"encryption": None}, {}, HELD_BACK, id="larval: no algorithm"),
        pytest.param({"selector": Selector(*NET)}, {}, PROTECTED, id="selector covers"),
        pytest.param(
            {"selector": Selector("10.1.0.0/16", "10.3.0.0/16")},
            {},
            HELD_BACK,
            id="selector does not",
        ),
        pytest.param({"spi": 0xD2}, {"required": False}, BYPASS, id="level use, no state"),
    ],
)
def test_which_state_is_taken(
    state: dict[str, object], policy: dict[str, object], expected: Fate
) -> None:
    taken = OUT._replace(templates=(TUNNEL._replace(**policy),))
    assert fate([taken], (STATE._replace(**state),)) is expected


def test_a_state_with_the_mark_and_if_id_of_its_policy_fits() -> None:
    packet = Packet(flow(), THERE, MARK, 23)
    policy = OUT._replace(mark=MARK, if_id=23)
    assert fate([policy], (STATE._replace(mark=MARK, if_id=23),), packet) is PROTECTED
    assert fate([policy], (STATE._replace(mark=Mark(1, 1), if_id=23),), packet) is HELD_BACK


HOSTS = ("10.9.0.1/32", "10.9.0.2/32")
ESP, COMP = template(SPI), template(0x31, protocol="comp")
DIRECT = xfrm_policy("out", ends=HOSTS, templates=(ESP,))
SENT = xfrm_state(HERE, THERE, SPI)


def test_in_transport_mode_the_packet_says_where_the_state_leads() -> None:
    packet = Packet(flow(*HOSTS), THERE)
    elsewhere = DIRECT._replace(templates=(ESP._replace(destination="10.9.0.3"),))
    assert fate([elsewhere], (SENT,), packet) is PROTECTED
    assert fate([DIRECT], (SENT._replace(destination="10.9.0.3"),), packet) is HELD_BACK


def test_every_template_wants_its_state() -> None:
    packet = Packet(flow(*HOSTS), THERE)
    both = DIRECT._replace(templates=(COMP, ESP))
    squeezed = SENT._replace(protocol="comp", spi=0x31, encryption=None, compression="deflate")
    assert fate([both], (SENT, squeezed), packet) is PROTECTED
    assert fate([both], (SENT,), packet) is HELD_BACK
    assert fate([both], (squeezed,), packet) is HELD_BACK


@pytest.mark.parametrize(
    ("local", "policies", "expected"),
    [
        pytest.param("10.1.0.0/16[tcp/80]", [narrowed(OUT, protocol="tcp")], True, id="protocol"),
        pytest.param("10.1.0.0/16[6/80]", [OUT], True, id="any protocol"),
        pytest.param(
            "10.1.0.0/16[tcp/80]",
            [narrowed(OUT, protocol="tcp", source_port="80")],
            True,
            id="protocol and port",
        ),
        pytest.param(
            "10.1.0.0/16[tcp/80]",
            [narrowed(OUT, protocol="tcp", source_port="81")],
            False,
            id="other port",
        ),
        pytest.param(
            "10.1.0.0/16[tcp/80]", [narrowed(OUT, protocol="17")], False, id="other protocol"
        ),
        pytest.param(
            "10.1.0.0/16[tcp/1000-2000]",
            [narrowed(OUT, protocol="tcp", source_port="0")],
            True,
            id="range of ports: its own policy",
        ),
        pytest.param(
            "10.1.0.0/16[tcp/1000-2000]",
            [OUT, narrowed(PASS, protocol="tcp", source_port="22")],
            True,
            id="range of ports: pass of one",
        ),
        pytest.param(
            "10.1.0.0/16[icmp/8]",
            [narrowed(OUT, protocol="icmp", rest="type 8")],
            True,
            id="ICMP type: its own policy",
        ),
        pytest.param(
            "10.1.0.0/16[icmp]",
            [narrowed(OUT, protocol="icmp", rest="type 8")],
            False,
            id="all of ICMP, policy for one type",
        ),
        pytest.param("10.1.0.1..10.1.0.5", [OUT], True, id="range of addresses, covered"),
        pytest.param("10.0.0.1..10.1.0.5", [OUT], False, id="range of addresses, half covered"),
    ],
)
def test_protocols_and_ports(local: str, policies: list[XfrmPolicy], expected: bool) -> None:
    packet = Packet(flow(local), THERE, reqid=REQID)
    assert (fate(policies, packet=packet) is PROTECTED) is expected


def test_what_cannot_be_compared_is_another_one_s_policy_unless_the_reqid_says_so() -> None:
    policy = narrowed(OUT, protocol="tcp", source_port="0")
    packet = Packet(flow("10.1.0.0/16[tcp/1000-2000]"), THERE, reqid=8)
    assert fate([policy], packet=packet) is NO_POLICY


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        pytest.param({}, True, id="fits"),
        pytest.param({"protocol": "ah"}, False, id="other protocol"),
        pytest.param({"mode": "transport"}, False, id="other mode"),
        pytest.param({"reqid": 8}, False, id="other reqid"),
        pytest.param({"reqid": 0}, True, id="any reqid"),
        pytest.param({"spi": 0xD2}, False, id="other SPI"),
        pytest.param({"spi": 0}, True, id="any SPI"),
        pytest.param({"source": "10.9.0.3"}, False, id="from another end"),
        pytest.param({"source": "0.0.0.0"}, True, id="from any end"),
        pytest.param({"destination": "10.9.0.3"}, True, id="its destination does not count"),
    ],
)
def test_what_comes_through_a_state_fits_a_template(
    facts: dict[str, object], expected: bool
) -> None:
    assert came_through(TUNNEL._replace(**facts), STATE) is expected


@pytest.mark.parametrize(
    ("direction", "interface", "expected"),
    [
        pytest.param("in", "eth0", False, id="in, a device: it holds for nothing"),
        pytest.param("fwd", "eth0", False, id="fwd, a device: it holds for nothing"),
        pytest.param("in", "lo", True, id="in, lo: it holds"),
    ],
)
@pytest.mark.parametrize("policy", [OUT, PASS, DROP], ids=["protect", "pass", "drop"])
def test_inbound_policies_of_an_interface(
    policy: XfrmPolicy, direction: str, interface: str, expected: bool
) -> None:
    bound = narrowed(policy, interface=interface)._replace(direction=direction)
    table = Kernel(States(), Policies((bound,))).policies
    assert (table.chosen(direction, Packet(flow(), THERE)) is bound) is expected


def test_of_equal_priority_a_policy_of_networks_comes_before_one_between_two_hosts() -> None:
    packet = Packet(flow(*HOSTS), THERE)
    wide = PASS._replace(selector=BROAD.selector, priority=DIRECT.priority)
    assert fate([wide, DIRECT], (SENT,), packet) is BYPASS
    assert fate([DIRECT, wide], (SENT,), packet) is BYPASS
    assert fate([DIRECT, wide._replace(priority=DIRECT.priority + 1)], (SENT,), packet) is PROTECTED


def test_the_ends_of_a_transport_template_do_not_count() -> None:
    assert came_through(template(source="10.9.0.3"), SENT)


def test_what_keeps_a_packet_from_its_own_policy_is_told() -> None:
    def told(policy: XfrmPolicy) -> str:
        kernel = Kernel(States(), Policies((policy,)))
        return kernel.policies.unfit("out", Packet(flow(), THERE, UNMARKED, 0, REQID))

    assert told(OUT._replace(mark=MARK)) == "mark 0x2a/0xffffffff"
    assert told(OUT._replace(if_id=23)) == "if_id 0x17"
    assert told(narrowed(OUT, interface="eth1")) == "dev eth1"
    assert told(towards("10.3.0.0/16", NET[1])) == ""
    assert told(OUT._replace(templates=(TUNNEL._replace(reqid=8),), mark=MARK)) == ""


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        pytest.param((*NET, "out"), True, id="its ends"),
        pytest.param((*NET, None), True, id="direction not known"),
        pytest.param((None, None, None), True, id="nothing known"),
        pytest.param((*NET, "in"), False, id="other direction"),
        pytest.param((*NET[::-1], "out"), False, id="ends exchanged"),
        pytest.param((NET[0], "10.3.0.0/16", "out"), False, id="other end"),
    ],
)
def test_an_unread_policy_may_be_that_of_a_flow(
    record: tuple[str | None, str | None, str | None], expected: bool
) -> None:
    kernel = Kernel(States(), Policies((), (UnreadRecord(*record),)))
    assert kernel.policies.may_hide(flow(), "out") is expected


def test_an_unread_state_may_be_one_between_its_hosts() -> None:
    kernel = Kernel(States((), (UnreadRecord(THERE, HERE, None),)), Policies())
    assert kernel.states.may_hide(HERE, THERE)
    assert not kernel.states.may_hide(HERE, "10.9.0.3")


def test_a_reqid_is_held_by_states_and_by_policies() -> None:
    assert Kernel(States((STATE,)), Policies()).holds(REQID)
    assert Kernel(States(), Policies((IN,))).holds(REQID)
    assert not Kernel(States((STATE._replace(spi=0),)), Policies((PASS,))).holds(REQID)
