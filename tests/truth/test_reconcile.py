"""The truth table of check_ipsec.reconcile, a row a test."""

from typing import Any

import pytest

from check_ipsec.configuration.expectation import Expectation, Override
from check_ipsec.model.configuration import Connection
from check_ipsec.model.daemon import ChildState, IkeState, Shunt, Status
from check_ipsec.model.unread import UnreadLine
from check_ipsec.truth.kernel import Kernel
from check_ipsec.truth.reasons import Reason
from check_ipsec.truth.reconcile import fleeting, reconcile
from check_ipsec.truth.unlisted import unlisted
from check_ipsec.truth.verdict import State, Verdict
from tests.build import (
    LOCAL,
    POLICIES,
    REMOTE,
    SPI_OUT,
    STATES,
    child,
    connection,
    ike,
    kernel,
    peer,
    status,
    template,
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
OPTIONAL = xfrm_policy("out", templates=(template(SPI_OUT, required=False),))
PASS = xfrm_policy("out", ends=("10.0.0.0/24", "10.0.0.0/24"), templates=(), priority=1)


def hiding(text: str, hides: bool = True) -> UnreadLine:
    return UnreadLine("Security Associations", 9, text, hides)


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
        one=connection(type="passthrough"), said=status(peers=(peer(mode="PASS"),))),
    row("4 shunt", State.SHUNT, None, one=connection(type="drop", auto="route"),
        said=status(peers=(peer(mode="DROP"),), shunts=(Shunt("bob", (), (), "DROP"),))),
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
    row("6 states of another kind", State.NOT_CONNECTED, Reason.OTHER_STATE,
        held=kernel((STATES[0], STATES[1]._replace(encryption="ecb(cipher_null)")))),
    row("6 on demand too", State.NOT_CONNECTED, Reason.NO_KERNEL_STATE, one=ON_DEMAND,
        said=status(UP, traps=(TRAP,)), held=kernel(states=())),
    row("7 out policy gone", State.NOT_CONNECTED, Reason.NO_OUTBOUND_POLICY,
        held=kernel(policies=POLICIES[1:])),
    row("7 in policy gone", State.NOT_CONNECTED, Reason.NO_INBOUND_POLICY,
        held=kernel(policies=POLICIES[:1])),
    row("7 another pair that no policy names", State.NOT_CONNECTED, Reason.POLICY_UNFIT,
        held=kernel(states=OTHER_PAIR)),
    row("7 a policy that passes comes first", State.NOT_CONNECTED, Reason.POLICY_BYPASS,
        held=kernel(policies=(PASS, *POLICIES))),
    row("7 its own policy blocks", State.NOT_CONNECTED, Reason.POLICY_BLOCKS,
        held=kernel(policies=(xfrm_policy("out", action="block", templates=()), POLICIES[1]))),
    row("7 its own policy is optional", State.NOT_CONNECTED, Reason.POLICY_OPTIONAL,
        held=kernel(policies=(OPTIONAL, POLICIES[1]))),
    row("7 the best of several decides", State.NOT_CONNECTED, Reason.NO_OUTBOUND_POLICY,
        said=status(ike(IkeState.ESTABLISHED, child(spi_in=1, spi_out=2), child())),
        held=kernel(policies=POLICIES[1:])),
    row("5c the kernel was not understood", State.UNVERIFIED, Reason.NOT_UNDERSTOOD,
        held=kernel(policies=tuple(one._replace(understood=False) for one in POLICIES))),
    row("5c charon's CHILD_SA was not understood", State.UNVERIFIED, Reason.NOT_UNDERSTOOD,
        said=status(ike(IkeState.ESTABLISHED, child(understood=False)))),
    row("5c charon's IKE_SA was not understood", State.UNVERIFIED, Reason.NOT_UNDERSTOOD,
        said=status(UP._replace(understood=False))),
    row("5c but proved broken", State.NOT_CONNECTED, Reason.NO_KERNEL_STATE,
        said=status(ike(IkeState.ESTABLISHED, child(understood=False))), held=kernel(states=())),
    row("8 trap gone from the kernel", State.NOT_CONNECTED, Reason.NO_KERNEL_TRAP, one=ON_DEMAND,
        said=status(traps=(TRAP,)), held=kernel((), ())),
    row("8 trap behind one that passes", State.NOT_CONNECTED, Reason.POLICY_BYPASS,
        one=ON_DEMAND, said=status(traps=(TRAP,)), held=kernel((), (PASS, *IDLE_TRAP))),
    row("8 one of two traps gone", State.NOT_CONNECTED, Reason.NO_KERNEL_TRAP, one=ON_DEMAND,
        said=status(traps=(TRAP, child(ChildState.ROUTED, remote_ts=("10.9.0.0/16",)))),
        held=kernel((), IDLE_TRAP)),
    row("9b trap that was not understood", State.UNVERIFIED, Reason.NOT_UNDERSTOOD, one=ON_DEMAND,
        said=status(traps=(TRAP._replace(understood=False),)), held=kernel((), IDLE_TRAP)),
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
    row("11b IKE_SA in a state of a newer release", State.UNVERIFIED, Reason.NOT_UNDERSTOOD,
        said=status(ike(IkeState.UNKNOWN, child()))),
    row("11b CHILD_SA in a state of a newer release", State.UNVERIFIED, Reason.NOT_UNDERSTOOD,
        said=status(ike(IkeState.ESTABLISHED, child(ChildState.UNKNOWN)))),
    *(row(f"11b a line that may hide it: {text}", State.UNVERIFIED, Reason.NOT_UNDERSTOOD,
          said=status(unread=(hiding(text),)))
      for text in ("  bob[2]= UP", "bob{4}: SLEEPING", "   bob:  10.0.0.1")),
    row("11b a line about another one", State.NOT_CONNECTED, Reason.NO_SA,
        said=status(unread=(hiding("bobby{4}: SLEEPING"), hiding("a bob")))),
    row("11b more of what was read", State.NOT_CONNECTED, Reason.NO_SA,
        said=status(unread=(hiding("bob:  10.0.0.1", hides=False),))),
    row("11b in place of 2", State.UNVERIFIED, Reason.NOT_UNDERSTOOD,
        said=status(peers=(), unread=(hiding("bob: loaded"),))),
    row("11b in place of 4b", State.UNVERIFIED, Reason.NOT_UNDERSTOOD,
        one=connection(type="drop", auto="route"), said=status(unread=(hiding("bob:  ALL"),))),
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
    bad = state is State.NOT_CONNECTED or found.cleartext is True
    assert fleeting(found) == (bad and not found.connection.problem)


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
            kernel(policies=(xfrm_policy("out", ends=("0.0.0.0/0", "0.0.0.0/0")),)),
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


def test_an_sa_to_a_peer_that_the_file_no_longer_has_is_unlisted() -> None:
    moved = connection(right="10.0.0.9", mobike="no")
    new = peer(remote="10.0.0.9")
    found = verdict(moved, status(UP, peers=(new,)), kernel())
    assert (found.state, found.reason, found.sas) == (State.NOT_CONNECTED, Reason.NO_SA, ())
    beside = unlisted([moved], status(UP, peers=(new,)))
    assert [child.name for _, child in beside.superseded] == ["bob"]
    assert beside.number() == 1


def test_an_sa_to_a_peer_that_charon_has_still_loaded_is_unlike_the_file() -> None:
    moved = connection(right="10.0.0.9", mobike="no")
    found = verdict(moved, status(UP), kernel())
    assert (found.state, found.reason) == (State.ESTABLISHED, Reason.LOADED_DIFFERENTLY)
    assert unlisted([moved], status(UP)).number() == 0


def test_a_healthy_connection_may_be_unlike_the_file() -> None:
    moved = connection(right="10.0.0.9")
    found = verdict(moved, status(UP), kernel())
    assert (found.state, found.stale) == (State.ESTABLISHED, True)
    assert found.reason_text == "loaded differently: right=10.0.0.9, `ipsec update` is due"
    gone = verdict(moved, status(), kernel())
    assert (gone.reason, gone.stale) == (Reason.NO_SA, True)
    assert gone.notes == ("loaded differently: right=10.0.0.9, `ipsec update` is due",)


def test_a_daemon_that_does_not_answer_is_not_unlike_the_file() -> None:
    (found,) = reconcile([connection(right="10.0.0.9")], None, kernel(), True)
    assert not found.stale


def test_what_was_negotiated_may_be_unlike_the_file() -> None:
    strict = connection(esp="aes256gcm16!")
    found = verdict(strict, status(UP), kernel())
    assert found.reason_text == "negotiated differently: esp=aes256gcm16!"
    assert found.stale


def test_two_names_that_charon_prints_alike_are_not_told_apart() -> None:
    padded = connection(" bob")
    both = reconcile([connection(), padded], status(UP), kernel(), True)
    assert [found.state for found in both] == [State.UNVERIFIED] * 2
    assert both[0].reason_text == 'not told apart from: " bob"'
    (alone,) = reconcile([connection()], status(UP), kernel(), True, others=[padded])
    assert alone.state is State.UNVERIFIED
    down = reconcile([connection(), padded], status(), kernel(), True)
    assert {found.reason for found in down} == {Reason.NO_SA}
    off = connection(" bob", auto="")
    assert (
        reconcile([connection()], status(UP), kernel(), True, others=[off])[0].state
        is State.ESTABLISHED
    )
