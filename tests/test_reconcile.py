"""The truth table of check_ipsec.reconcile, a row a test."""

from typing import Any

import pytest

from check_ipsec.expectation import Expectation, Override
from check_ipsec.kernel import Kernel
from check_ipsec.model import ChildState, Connection, IkeState, Shunt, Status
from check_ipsec.reasons import Reason
from check_ipsec.reconcile import fleeting, reconcile
from check_ipsec.unlisted import unlisted
from check_ipsec.verdict import State, Verdict
from tests.build import (
    LOCAL,
    POLICIES,
    REMOTE,
    STATES,
    child,
    connection,
    ike,
    kernel,
    peer,
    status,
    xfrm_policy,
    xfrm_state,
)

TRAP = child(ChildState.ROUTED, unique_id=1)
UP = ike(IkeState.ESTABLISHED, child())
ON_DEMAND = connection(auto="route")
CLIENTS = peer(remote="%any")
NO_SPI = "0" * 16
REAUTH = ike(IkeState.DELETING, child(), tasks_active=("IKE_DELETE", "IKE_REAUTH"))
OTHER_PAIR = (xfrm_state(REMOTE, LOCAL, 0xD1), xfrm_state(LOCAL, REMOTE, 0xD2))
NEXT_OUT = xfrm_policy("out", spi=0xD2)
IDLE_TRAP = (xfrm_policy("out", spi=0), POLICIES[1])


def verdict(one: Connection, said: Status, held: Kernel | None, **facts: Any) -> Verdict:
    return reconcile([one], said, held, **{"asked": True, **facts})[0]


def row(
    number: str, state: State, reason: Reason | None, *, one: Connection | None = None,
    said: Status | None = None, held: Kernel | None = None, **facts: Any,
) -> Any:  # fmt: skip
    given = (one or connection(), said or status(UP), held if held is not None else kernel())
    return pytest.param(state, reason, given, facts, id=number)


TABLE = [
    row("1 ignored", State.IGNORED, Reason.SWITCHED_OFF, one=connection(auto="ignore")),
    row("1 template", State.IGNORED, Reason.SWITCHED_OFF, one=connection(auto="")),
    row("2 not loaded", State.NOT_CONNECTED, Reason.NOT_LOADED, said=status(UP, peers=())),
    row("2 bad value", State.NOT_CONNECTED, Reason.NOT_LOADED,
        one=connection(auto="Start", problem="/etc/ipsec.conf:4: bad value for auto: Start")),
    row("3 clients idle", State.CLIENTS, Reason.CLIENTS, said=status(peers=(CLIENTS,))),
    row("3 client without kernel state", State.CLIENTS, Reason.CLIENTS,
        said=status(UP, peers=(CLIENTS,)), held=kernel(states=())),
    row("3 shunt that is only to be loaded", State.LOADED, None,
        one=connection(type="passthrough"), said=status()),
    row("4 shunt", State.SHUNT, None, one=connection(type="drop", auto="route"),
        said=status(shunts=(Shunt("bob", (), (), "DROP"),))),
    row("4b shunt missing", State.NOT_CONNECTED, Reason.SHUNT_NOT_INSTALLED,
        one=connection(type="drop", auto="route"), said=status()),
    row("5 established", State.ESTABLISHED, None),
    *(row(f"5 under {state.value}", State.ESTABLISHED, None, said=status(ike(state, child())))
      for state in (IkeState.PASSIVE, IkeState.REKEYING, IkeState.REKEYED)),
    *(row(f"5 {state.value}", State.ESTABLISHED, None,
          said=status(ike(IkeState.ESTABLISHED, child(state))))
      for state in (ChildState.UPDATING, ChildState.REKEYING, ChildState.REKEYED)),
    row("5 beside one that is connecting", State.ESTABLISHED, None,
        said=status(ike(IkeState.CONNECTING, unique_id=9), UP)),
    row("5 beside one that is deleted", State.ESTABLISHED, None,
        said=status(ike(IkeState.ESTABLISHED, child(ChildState.DELETED), child()))),
    row("5 under another connection's IKE_SA", State.ESTABLISHED, None,
        said=status(ike(IkeState.ESTABLISHED, child(), name="alice"),
                    peers=(peer("alice", ("alice", "bob")),))),
    row("5 rekeyed between two reads", State.ESTABLISHED, None,
        held=kernel(OTHER_PAIR, (NEXT_OUT, POLICIES[1]))),
    row("5 kernel not to be asked", State.ESTABLISHED, None, asked=False),
    row("5 installpolicy=no", State.ESTABLISHED, None, one=connection(installpolicy="no"),
        held=kernel(policies=())),
    row("6 states flushed", State.NOT_CONNECTED, Reason.NO_KERNEL_STATE, held=kernel(states=())),
    row("6 one SPI gone", State.NOT_CONNECTED, Reason.NO_KERNEL_STATE,
        held=kernel(states=STATES[:1])),
    row("6 another pair that no policy names", State.NOT_CONNECTED, Reason.NO_KERNEL_STATE,
        held=kernel(states=OTHER_PAIR)),
    row("6 on demand too", State.NOT_CONNECTED, Reason.NO_KERNEL_STATE, one=ON_DEMAND,
        said=status(UP, traps=(TRAP,)), held=kernel(states=())),
    row("7 out policy gone", State.NOT_CONNECTED, Reason.NO_OUTBOUND_POLICY,
        held=kernel(policies=POLICIES[1:])),
    row("7 in policy gone", State.NOT_CONNECTED, Reason.NO_INBOUND_POLICY,
        held=kernel(policies=POLICIES[:1])),
    row("7 fwd policy gone in tunnel mode", State.NOT_CONNECTED, Reason.NO_INBOUND_POLICY,
        said=status(ike(IkeState.ESTABLISHED, child(mode="TUNNEL")))),
    row("8 trap gone from the kernel", State.NOT_CONNECTED, Reason.NO_KERNEL_TRAP, one=ON_DEMAND,
        said=status(traps=(TRAP,)), held=kernel((), ())),
    row("8b trap names an SA that is gone", State.NOT_CONNECTED, Reason.NO_KERNEL_STATE,
        one=ON_DEMAND, said=status(traps=(TRAP,)), held=kernel(states=())),
    row("9 on demand, idle", State.ON_DEMAND, None, one=ON_DEMAND,
        said=status(traps=(TRAP,)), held=kernel((), IDLE_TRAP)),
    row("9 on demand, its SA busy", State.ON_DEMAND, None, one=ON_DEMAND,
        said=status(traps=(TRAP,)), partial=True),
    row("9 on demand, trying", State.ON_DEMAND, None, one=ON_DEMAND,
        said=status(ike(IkeState.CONNECTING, responder_spi=NO_SPI), traps=(TRAP,))),
    row("9 on demand under a living IKE_SA", State.ON_DEMAND, None, one=ON_DEMAND,
        said=status(ike(), traps=(TRAP,))),
    row("10 reauthenticating", State.CONNECTING, Reason.REAUTHENTICATING, said=status(REAUTH)),
    row("11 peer silent", State.CONNECTING, Reason.PEER_SILENT,
        said=status(ike(IkeState.CONNECTING, responder_spi=NO_SPI))),
    row("11 authenticating", State.CONNECTING, Reason.NEGOTIATING,
        said=status(ike(IkeState.CONNECTING, tasks_active=("IKE_AUTH", "CHILD_CREATE")))),
    row("11 created", State.CONNECTING, Reason.PEER_SILENT,
        said=status(ike(IkeState.CREATED, responder_spi=NO_SPI))),
    *(row(f"11 child {state.value}", State.CONNECTING, Reason.NEGOTIATING,
          said=status(ike(IkeState.ESTABLISHED, child(state))))
      for state in (ChildState.CREATED, ChildState.INSTALLING, ChildState.RETRYING)),
    row("12 no child", State.NOT_CONNECTED, Reason.NO_CHILD_SA, said=status(ike())),
    row("12 merged, only the sibling's child", State.NOT_CONNECTED, Reason.NO_CHILD_SA,
        said=status(ike(IkeState.ESTABLISHED, child(name="alice"), name="alice"),
                    peers=(peer("alice", ("alice", "bob")),))),
    row("12 only a deleted child", State.NOT_CONNECTED, Reason.NO_CHILD_SA,
        said=status(ike(IkeState.ESTABLISHED, child(ChildState.DELETED)))),
    row("13 deleting with an installed child", State.NOT_CONNECTED, Reason.CLOSING,
        said=status(ike(IkeState.DELETING, child()))),
    row("13 destroying", State.NOT_CONNECTED, Reason.CLOSING,
        said=status(ike(IkeState.DESTROYING))),
    row("14 only a trap", State.NOT_CONNECTED, Reason.ONLY_TRAP, said=status(traps=(TRAP,))),
    row("15 nothing", State.NOT_CONNECTED, Reason.NO_SA, said=status()),
    row("16 left out of a partial answer", State.UNVERIFIED, Reason.PARTIAL_ANSWER,
        said=status(), partial=True),
    row("16 not for what the answer does show", State.NOT_CONNECTED, Reason.NO_CHILD_SA,
        said=status(ike()), partial=True),
    row("override", State.CLIENTS, Reason.CLIENTS, said=status(),
        overrides=(Override("b*", Expectation.CLIENTS),)),
]  # fmt: skip


@pytest.mark.parametrize(("state", "reason", "given", "facts"), TABLE)
def test_row(state: State, reason: Reason | None, given: Any, facts: Any) -> None:
    found = verdict(*given, **facts)
    assert (found.state, found.reason) == (state, reason)


@pytest.mark.parametrize(
    ("one", "said"),
    [(connection(), status(UP)), (ON_DEMAND, status(traps=(TRAP,)))],
    ids=["5b established", "9b on demand"],
)
def test_a_kernel_that_could_not_be_asked_verifies_nothing(one: Connection, said: Status) -> None:
    found = verdict(one, said, None)
    assert (found.state, found.reason) == (State.UNVERIFIED, Reason.KERNEL_NOT_ASKED)
    assert not found.verified
    assert found.cleartext is None


def test_what_the_daemon_alone_proves_needs_no_kernel() -> None:
    found = verdict(connection(), status(ike()), None)
    assert (found.state, found.reason) == (State.NOT_CONNECTED, Reason.NO_CHILD_SA)


def test_a_daemon_that_does_not_answer_leaves_nothing_connected() -> None:
    asleep, required = reconcile([connection(auto="ignore"), connection()], None, kernel(), True)
    assert (asleep.state, required.state) == (State.IGNORED, State.NOT_CONNECTED)
    assert required.reason is Reason.NO_DAEMON
    assert required.cleartext is False


@pytest.mark.parametrize(("state", "reason", "given", "facts"), TABLE)
def test_what_charon_and_kernel_call_not_connected_is_looked_at_twice(
    state: State, reason: Reason | None, given: Any, facts: Any
) -> None:
    found = verdict(*given, **facts)
    assert fleeting(found) == (state is State.NOT_CONNECTED and not found.connection.problem)


def test_a_daemon_that_is_gone_is_no_moment() -> None:
    (alone,) = reconcile([connection()], None, kernel(), True)
    assert alone.state is State.NOT_CONNECTED
    assert not fleeting(alone)


@pytest.mark.parametrize(
    ("held", "clear"),
    [
        (kernel(), False),
        (kernel(policies=()), True),
        (kernel(policies=(xfrm_policy("out", templates=()),)), True),
        (kernel(policies=(xfrm_policy("out", templates=(), action="block"),)), False),
        (
            kernel(policies=(xfrm_policy("out", source="0.0.0.0/0", destination="0.0.0.0/0"),)),
            False,
        ),
        (kernel(policies=(*POLICIES, xfrm_policy("out", templates=(), priority=1))), True),
    ],
    ids=["protected", "no policy", "pass shunt", "drop shunt", "broader trap", "pass before it"],
)
@pytest.mark.parametrize("said", [status(UP), status(), status(peers=())],
                         ids=["up", "down", "not loaded"])  # fmt: skip
def test_cleartext(held: Kernel, clear: bool, said: Status) -> None:
    assert verdict(connection(), said, held).cleartext is clear


def test_a_client_sa_that_the_kernel_lacks_is_noted() -> None:
    one = connection(right="%any")
    found = verdict(one, status(UP, peers=(CLIENTS,)), kernel(states=()))
    assert found.notes == ("1 client SA lacks kernel state or policy",)
    assert found.detail == "1"


def test_other_ends_than_those_of_the_file_are_noted() -> None:
    moved = connection(right="10.0.0.9")
    note = "loaded with other ends than ipsec.conf has: `ipsec update` is due"
    assert verdict(moved, status(UP), kernel()).notes == (note,)
    swapped = peer(local=REMOTE, remote=f"%{LOCAL}, 10.0.0.0/8")
    assert not verdict(connection(), status(UP, peers=(swapped,)), kernel()).notes
    assert not verdict(connection(right="bob.example"), status(UP), kernel()).notes


def test_an_attempt_on_demand_is_noted() -> None:
    trying = status(ike(IkeState.CONNECTING, responder_spi=NO_SPI), traps=(TRAP,))
    assert verdict(ON_DEMAND, trying, kernel()).notes == (
        "attempt under way: peer does not answer",
    )


def test_what_the_file_does_not_name_is_unlisted() -> None:
    stale = ike(IkeState.ESTABLISHED, child(name="old"), name="old", unique_id=8)
    merged = ike(IkeState.ESTABLISHED, child(name="bob"), name="gone", unique_id=9)
    said = status(
        stale, merged, peers=(peer(), peer("old", ("old",)), peer("gone", ("bob",))),
        traps=(TRAP._replace(name="trap"),),
    )  # fmt: skip
    found = unlisted([connection()], said)
    assert found.loaded == ("old",)
    assert [one.name for one in found.ike_sas] == ["old"]
    assert [one.name for _, one in found.sas] == ["old"]
    assert [trap.name for trap in found.traps] == ["trap"]
