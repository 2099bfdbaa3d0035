"""What is against policy, a function a reason: each at its border."""

import re
from typing import Any

import pytest

from check_ipsec.grammar import statusall, xfrm_state
from check_ipsec.model.daemon import AuthRound, ChildSa, ChildState, IkeSa, Peer
from check_ipsec.model.kernel import XfrmState
from check_ipsec.truth.concerns import Concern, Found
from check_ipsec.truth.crypto import REASONS, Moment, Policy, concerns, seconds
from check_ipsec.truth.observe_crypto import Agreement
from tests.hosts import ROOT

FLEET = {
    "ike": "aes128gcm16-prfsha384-ecp384bp!",
    "esp": "aes128gcm16-ecp384bp-noesn!",
    "type": "transport",
    "keyexchange": "ikev2",
}
STATUS = statusall.parse((ROOT / "fixtures/crypto/as-the-fleet/statusall").read_text(), "statusall")
IKE = STATUS.ike_sas[0]
CHILD = IKE.child_sas[0]
PEER = STATUS.peers[0]
POLICY = Policy()
STRONG = "AES_GCM_16_128/PRF_HMAC_SHA2_384/ECP_384_BP"


def found(
    settings: dict[str, str] | None = None,
    ike: dict[str, Any] | None = None,
    child: dict[str, Any] | None = None,
    peers: tuple[Peer, ...] = (PEER,),
    policy: Policy = POLICY,
    states: dict[tuple[str, str, int], XfrmState] | None = None,
    listed: bool = True,
) -> list[Found]:
    """What is said of a connection that differs from the fleet's in these."""
    one: IkeSa = IKE._replace(**(ike or {}))
    sa: ChildSa = CHILD._replace(**(child or {}))
    agreement = Agreement(
        "bob", {**FLEET, **(settings or {})} if listed else None, peers, (one,), ((one, sa),)
    )
    return concerns(Moment(agreement, policy, states))


def test_what_the_fleet_has_agreed_on_is_as_policy_has_it() -> None:
    assert (IKE.proposal, CHILD.proposal) == (STRONG, "AES_GCM_16_128")
    assert found() == []
    assert found(listed=False) == []
    assert len(REASONS) == 9


def ike_of(proposal: str) -> list[tuple[str, str]]:
    """What is weak in it, by reason and name."""
    said = found(listed=False, ike={"proposal": proposal})
    assert {one.about for one in said} <= {"IKE"}
    return [(one.concern.name, one.text) for one in said]


@pytest.mark.parametrize(
    ("proposal", "weak"),
    [
        ("3DES_CBC/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_2048", [("DISCOURAGED", "3DES_CBC")]),
        ("DES_CBC/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/ECP_256", [("FORBIDDEN", "DES_CBC")]),
        ("BLOWFISH_CBC_256/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/ECP_256",
         [("DISCOURAGED", "BLOWFISH_CBC_256")]),
        ("AES_CBC_128/HMAC_MD5_96/PRF_HMAC_MD5/ECP_256",
         [("FORBIDDEN", "HMAC_MD5_96"), ("FORBIDDEN", "PRF_HMAC_MD5")]),
        ("AES_CBC_128/HMAC_SHA1_96/PRF_HMAC_SHA1/MODP_2048", []),
        ("AES_CBC_128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_1024",
         [("DISCOURAGED", "MODP_1024"), ("SMALL_GROUP", "MODP_1024")]),
        ("AES_CBC_128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_1536",
         [("DISCOURAGED", "MODP_1536"), ("SMALL_GROUP", "MODP_1536")]),
        ("AES_CBC_128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_768",
         [("FORBIDDEN", "MODP_768"), ("SMALL_GROUP", "MODP_768")]),
        ("AES_CBC_128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/ECP_192", [("SMALL_GROUP", "ECP_192")]),
        ("AES_CBC_128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_2048_256",
         [("DISCOURAGED", "MODP_2048_256")]),
        ("AES_CBC_128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/ECP_192/KE1_ML_KEM_768", []),
        ("AES_CBC_128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/ECP_192/KE1_MODP_1024",
         [("SMALL_GROUP", "ECP_192"), ("DISCOURAGED", "KE1_MODP_1024")]),
        ("AES_CBC_128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/CURVE_25519/KE1_ML_KEM_768", []),
        ("AES_CBC_128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/(1031)",
         [("UNKNOWN", "(1031) not known")]),
        ("", [("UNKNOWN", "proposal not known")]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_weak_in_ike(proposal: str, weak: list[tuple[str, str]]) -> None:
    assert ike_of(proposal) == weak


@pytest.mark.parametrize(
    ("protocol", "proposal", "weak"),
    [
        ("ESP", "NULL/HMAC_SHA2_256_128", [("NOT_ENCRYPTED", "NULL")]),
        ("ESP", "NULL_AES_GMAC_128", [("NOT_ENCRYPTED", "NULL_AES_GMAC_128")]),
        ("ESP", "BLOWFISH_CBC_128/HMAC_SHA1_96", [("FORBIDDEN", "BLOWFISH_CBC_128")]),
        ("ESP", "AES_CBC_128", [("FORBIDDEN", "no integrity")]),
        ("ESP", "NULL", [("NOT_ENCRYPTED", "NULL"), ("FORBIDDEN", "no integrity")]),
        ("ESP", "CHACHA20_POLY1305", []),
        ("ESP", "AES_GCM_16_128/MODP_1024/ESN",
         [("DISCOURAGED", "MODP_1024"), ("SMALL_GROUP", "MODP_1024")]),
        ("AH", "HMAC_SHA2_256_128", []),
        ("AH", "HMAC_MD5_96", [("FORBIDDEN", "HMAC_MD5_96")]),
    ],
)  # fmt: skip
def test_weak_in_esp_and_ah(protocol: str, proposal: str, weak: list[tuple[str, str]]) -> None:
    said = found(listed=False, child={"protocol": protocol, "proposal": proposal})
    assert [(one.concern.name, one.text) for one in said] == weak
    assert {one.about for one in said} <= {protocol}


def test_what_is_allowed_is_not_weak() -> None:
    allowed = Policy(frozenset({"3DES_CBC", "MODP_1024", "NULL"}))
    weak = {"proposal": "3DES_CBC/HMAC_MD5_96/PRF_HMAC_SHA2_256/MODP_1024"}
    null = {"proposal": "NULL/HMAC_SHA1_96"}
    said = found(listed=False, ike=weak, child=null, policy=allowed)
    assert [one.text for one in said] == ["HMAC_MD5_96"]


def words(**how: Any) -> list[str]:
    return [f"{one.concern.name} {one.text}" for one in found(**how)]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"ike": "aes128gcm16-prfsha384-ecp384bp"}, ["OPEN ike= without !"]),
        ({"ike": FLEET["ike"][:-1] + ",aes256-sha1-modp1024!"}, ["OPEN ike= has MODP_1024"]),
        ({"esp": "aes128gcm16-ecp384bp,null-sha256-ecp256!"}, ["OPEN esp= has NULL"]),
        ({"esp": "aes128gcm16-ecp384bp,aes128-ecp256!"}, ["OPEN esp= has no integrity"]),
        ({"ike": "aes256gcm16-prfsha384-ecp384bp!"}, [f"NOT_LISTED {STRONG} not in ike="]),
        ({"esp": "aes128gcm16!"}, ["NO_PFS no PFS"]),
        ({"esp": "aes128gcm16!", "rekey": "no"}, []),
        ({"esp": "aes128gcm16-ecp384bp-none!"}, []),
        ({"esp": "aes128gcm16-none!"}, ["NO_PFS no PFS"]),
        ({"esp": "aes128gcm16,aes128gcm16-ecp256!"}, []),
        ({"ike": "newcipher-ecp256!"}, ["UNKNOWN newcipher not known"]),
        ({"ike": "!"}, ["UNKNOWN (empty) not known"]),
        ({"type": "tunnel"}, ["MODE TRANSPORT, not type=tunnel"]),
        ({"type": "transport_proxy"}, []),
        ({"esp": "aes128gcm16-ecp384bp-esn!"}, ["NOT_LISTED AES_GCM_16_128 not in esp="]),
        ({"esp": "aes128gcm16-ecp384bp-esn-noesn!"}, []),
    ],
    ids=str,
)  # fmt: skip
def test_what_the_file_has(settings: dict[str, str], said: list[str]) -> None:
    assert words(settings=settings) == said


def test_without_a_floor_the_file_may_list_what_is_discouraged_but_no_null() -> None:
    lists = {"ike": FLEET["ike"][:-1] + ",3des-md5-ecp256!", "esp": "null-sha1-ecp256!"}
    said = found(
        settings=lists, child={"proposal": "NULL/HMAC_SHA1_96"}, policy=Policy(floor=False)
    )
    assert [one.concern for one in said] == [Concern.NOT_ENCRYPTED]


def test_a_keyword_that_is_absent_is_open() -> None:
    bare = Agreement("bob", {"type": "transport"}, (PEER,), (IKE,), ((IKE, CHILD),))
    said = concerns(Moment(bare, Policy(), None))
    assert [one.text for one in said] == ["no ike=", "no esp="]


def test_ah_comes_before_esp() -> None:
    sa = {"protocol": "AH", "proposal": "HMAC_SHA2_256_128"}
    assert words(settings={"ah": "sha256-ecp256!", "esp": "null!"}, child=sa) == []
    assert words(settings={"ah": "sha512-ecp256!"}, child=sa) == [
        "NOT_LISTED HMAC_SHA2_256_128 not in ah="
    ]


# --- PFS of an SA -----------------------------------------------------------------------

OPEN = {"esp": "aes128gcm16-ecp384bp-none!"}


@pytest.mark.parametrize(
    ("age", "rekey_in", "proposal", "said"),
    [
        # lifetime 1h, margintime 9m: 51 minutes at most until it is rekeyed
        pytest.param(3600, 2400, "AES_GCM_16_128", ["NO_PFS no PFS"], id="11 minutes old"),
        pytest.param(700, 2400, "AES_GCM_16_128", [], id="may be as old as its IKE_SA"),
        pytest.param(3600, 2400, "AES_GCM_16_128/ECP_384_BP", [], id="with a group"),
        pytest.param(3600, 7200, "AES_GCM_16_128", [], id="of another lifetime"),
        pytest.param(3600, None, "AES_GCM_16_128", [], id="never rekeyed"),
        pytest.param(None, 2400, "AES_GCM_16_128", [], id="age not known"),
        pytest.param(3600, 2400, None, [], id="being rekeyed"),
    ],
)
def test_a_child_that_is_younger_than_its_ike_sa_proves_it(
    age: int | None, rekey_in: int | None, proposal: str | None, said: list[str]
) -> None:
    state = ChildState.INSTALLED if proposal else ChildState.REKEYING
    child = {"rekey_in": rekey_in, "proposal": proposal, "state": state}
    assert words(settings=OPEN, ike={"age": age}, child=child) == said


def test_quick_mode_prints_a_group_or_has_none() -> None:
    v1 = {"version": "IKEv1", "age": 10}
    said = words(settings={**OPEN, "keyexchange": "ikev1"}, ike=v1)
    assert said == ["IKEV1 IKEv1", "NO_PFS no PFS"]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("3600", 3600),
        ("60s", 60),
        ("9m", 540),
        ("3h", 10800),
        ("1d", 86400),
        ("", None),
        ("1w", None),
    ],
)
def test_durations(text: str, number: int | None) -> None:
    assert seconds(text) == number


# --- IKEv1 ------------------------------------------------------------------------------

PSK = AuthRound(None, "pre-shared key authentication")
LOADED = PEER._replace(aggressive=True, version="IKEv1", local_rounds=(PSK,))
V1 = {"keyexchange": "ikev1", "aggressive": "yes"}


@pytest.mark.parametrize(
    ("settings", "peers", "is_weak"),
    [
        pytest.param({}, (LOADED,), True, id="as it was loaded"),
        pytest.param({**V1, "authby": "secret"}, (), True, id="as the file has it"),
        pytest.param({**V1, "leftauth": "psk"}, (), True, id="by leftauth"),
        pytest.param({**V1, "authby": "rsasig"}, (), False, id="with a key of its own"),
        pytest.param({**V1}, (), False, id="the default is no secret"),
        pytest.param({"aggressive": "yes", "authby": "psk"}, (), False, id="IKEv2 has no such"),
        pytest.param(
            {},
            (LOADED._replace(local_rounds=(PSK._replace(method="public key authentication"),)),),
            False,
            id="a public key was loaded",
        ),
    ],
)
def test_aggressive_mode(settings: dict[str, str], peers: tuple[Peer, ...], is_weak: bool) -> None:
    said = {one.concern for one in found(settings=settings, peers=peers)}
    assert (Concern.AGGRESSIVE in said) is is_weak


# --- the kernel -------------------------------------------------------------------------


def test_a_state_with_another_algorithm() -> None:
    text = (ROOT / "fixtures/crypto/as-the-fleet/xfrm-state").read_text()
    for wrong, said in (
        ("rfc4106(gcm(aes))", []),
        ("rfc4543(gcm(aes))", ["KERNEL kernel has rfc4543(gcm(aes)), not AES_GCM_16_128"]),
    ):
        changed = text.replace("rfc4106(gcm(aes))", wrong)
        states = xfrm_state.parse(changed, "ip xfrm state").states
        by_key = {(one.protocol, one.destination, one.spi): one for one in states}
        assert words(states=by_key) == said


@pytest.mark.parametrize("flags", ["flag esn", "flag af-unspec esn", "flag esnextra_flag 0x2"])
@pytest.mark.parametrize("agreed_on", ["", "/ESN", "/ESN/NEWTHING"])
def test_a_state_with_other_sequence_numbers(flags: str, agreed_on: str) -> None:
    text = (ROOT / "fixtures/crypto/as-the-fleet/xfrm-state").read_text()
    said = []
    for changed in (text, re.sub(r"replay-window \d+ ", rf"\g<0>{flags}", text)):
        states = xfrm_state.parse(changed, "ip xfrm state").states
        by_key = {(one.protocol, one.destination, one.spi): one for one in states}
        child = {"proposal": f"{CHILD.proposal}{agreed_on}"}
        said.append([one for one in words(states=by_key, child=child) if "NUMBERS" in one])
    assert (
        said
        == {
            "": [[], ["NUMBERS kernel has ESN"]],
            "/ESN": [["NUMBERS kernel has no ESN"], []],
            "/ESN/NEWTHING": [[], []],
        }[agreed_on]
    )


def test_a_state_that_is_not_there_is_check_ipsecs_question() -> None:
    assert words(states={}) == words(states=None) == []
