"""How much of what is asked for is protected, and what of the rest leaves in clear."""

import pytest

from check_ipsec.model.daemon import ChildConfig, ChildSa, ChildState, IkeState
from check_ipsec.truth.coverage import in_clear, uncovered
from check_ipsec.truth.facts import Facts, Index, gather
from check_ipsec.truth.kernel import Kernel
from tests import build
from tests.build import LOCAL, REMOTE, child, connection, ike, kernel, peer, status, template

ASKED = ("10.2.0.0/16", "10.4.0.0/16")
HERE = f"{LOCAL}/32"


def facts(
    *children: ChildSa,
    asked: tuple[str, ...] = ASKED,
    traps: tuple[ChildSa, ...] = (),
    version: str = "IKEv2",
    held: Kernel | None = None,
    **settings: str,
) -> Facts:
    config = ChildConfig("bob", ("dynamic",), asked, "TUNNEL", None)
    up = (ike(IkeState.ESTABLISHED, *children, version=version),) if children else ()
    said = status(*up, peers=(peer()._replace(children=(config,)),), traps=traps)
    return gather(connection(**settings), Index(said), held, held is not None, False, ())


def sa(*remote: str, **more: object) -> ChildSa:
    return child(mode="TUNNEL", local_ts=(HERE,), remote_ts=remote, **more)


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        pytest.param(facts(sa(*ASKED)), "", id="all"),
        pytest.param(facts(sa("0.0.0.0/0")), "", id="more than was asked for"),
        pytest.param(facts(sa(ASKED[0]), sa(ASKED[1])), "", id="all, by two CHILD_SAs"),
        pytest.param(facts(sa(ASKED[0])), f"not {HERE} to {ASKED[1]}", id="one of two"),
        pytest.param(
            facts(sa("10.2.1.0/24", ASKED[1])), "of 10.2.0.0/16 only 10.2.1.0/24", id="narrowed"
        ),
        pytest.param(
            facts(sa("10.2.1.0/24", "10.2.2.0/24"), asked=("10.2.0.0/16",)),
            "of 10.2.0.0/16 only 10.2.1.0/24, 10.2.2.0/24",
            id="narrowed to two",
        ),
        pytest.param(
            facts(sa(f"{REMOTE}/32[tcp]"), asked=("dynamic",)),
            f"not {HERE} to {REMOTE}/32",
            id="narrowed to a protocol",
        ),
        pytest.param(facts(sa(f"{REMOTE}/32"), asked=("dynamic",)), "", id="dynamic"),
        pytest.param(
            facts(sa("10.9.0.7/32", udp_encapsulation=True), asked=("dynamic",)),
            "",
            id="behind a NAT",
        ),
        pytest.param(
            facts(sa("10.2.1.0/24"), leftsourceip="%config"), "", id="a client of a gateway"
        ),
        pytest.param(
            facts(sa(ASKED[0]), version="IKEv1"), f"not {HERE} to {ASKED[1]}", id="IKEv1: one pair"
        ),
        pytest.param(
            facts(sa(ASKED[0]), sa(ASKED[1]), version="IKEv1"), "", id="IKEv1: a pair each"
        ),
        pytest.param(
            facts(sa(ASKED[0]), version="IKEv1", traps=(sa(*ASKED, state=ChildState.ROUTED),)),
            "",
            id="IKEv1: a trap waits for the rest",
        ),
    ],
)
def test_uncovered(known: Facts, expected: str) -> None:
    assert uncovered(known) == expected


def out(remote: str, spi: int = 0) -> object:
    wanted = (template(spi),)
    return build.xfrm_policy("out", ends=(HERE, remote), templates=wanted)


BOTH = kernel(policies=tuple(map(out, ASKED)))
FIRST = kernel(policies=(out(ASKED[0]),))


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        pytest.param(facts(sa(*ASKED), held=BOTH), False, id="all protected"),
        pytest.param(facts(sa(*ASKED), held=FIRST), True, id="one of two"),
        pytest.param(facts(sa(ASKED[0]), held=FIRST), False, id="what the peer took away"),
        pytest.param(
            facts(sa(ASKED[0]), held=FIRST, version="IKEv1"), True, id="what IKEv1 leaves out"
        ),
        pytest.param(facts(held=FIRST), True, id="no SA: what is loaded"),
        pytest.param(facts(held=BOTH), False, id="no SA, held back"),
        pytest.param(
            facts(held=FIRST, traps=(sa(ASKED[0], state=ChildState.ROUTED),)),
            False,
            id="no SA: what the trap is for",
        ),
        pytest.param(facts(asked=("%any",), held=BOTH), None, id="nothing that says addresses"),
        pytest.param(facts(sa(*ASKED)), None, id="kernel not known"),
        pytest.param(facts(sa(*ASKED), held=FIRST, installpolicy="no"), None, id="no policies"),
        pytest.param(facts(sa(*ASKED), held=FIRST, auto=""), None, id="switched off"),
    ],
)
def test_in_clear(known: Facts, expected: bool | None) -> None:
    assert in_clear(known, usable=False) is expected


def test_what_an_unread_policy_may_be_for_is_not_said_to_leave_in_clear() -> None:
    held = build.kernel(
        unread_policies=(build.UnreadRecord(HERE, ASKED[1], None),), policies=(out(ASKED[0]),)
    )
    assert in_clear(facts(sa(*ASKED), held=held), usable=False) is False


def test_what_a_state_does_not_encrypt_is_clear_text_unless_that_was_agreed() -> None:
    null = build.xfrm_state(LOCAL, REMOTE, build.SPI_OUT, encryption="ecb(cipher_null)")
    held = build.kernel(states=(null,), policies=(build.xfrm_policy("out"),))
    assert in_clear(facts(child(), asked=("dynamic",), held=held), usable=False) is True
    agreed = child(proposal="NULL/HMAC_SHA2_256_128")
    assert in_clear(facts(agreed, asked=("dynamic",), held=held), usable=False) is False
