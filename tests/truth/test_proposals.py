"""What ike=, esp= and ah= allow, and every keyword as real daemons have printed it."""

import json
import re
from pathlib import Path

import pytest

from check_ipsec.grammar.proposal import parse, parse_printed
from check_ipsec.model.algorithms import Kind, algorithm, keywords, named
from check_ipsec.truth.crypto import Policy, weaknesses
from check_ipsec.truth.proposals import allows
from tests.hosts import ROOT

STRICT = "aes128gcm16-prfsha384-ecp384bp!"
NEGOTIATED = "AES_GCM_16_128/PRF_HMAC_SHA2_384/ECP_384_BP"
PRINTED = sorted((ROOT / "fixtures/keywords").glob("*.json"))
DEFAULTS = sorted((ROOT / "fixtures/keywords").glob("*.defaults"))
CBC = "AES_CBC_128/HMAC_SHA2_256_128"


@pytest.mark.parametrize(
    ("key", "setting", "negotiated", "expected"),
    [
        pytest.param("ike", STRICT, NEGOTIATED, True, id="as the fleet has it"),
        pytest.param(
            "esp", "aes128gcm16-ecp384bp-noesn!", "AES_GCM_16_128", True, id="no group at first"
        ),
        pytest.param("esp", "aes128gcm16-ecp384bp!", "AES_GCM_16_128/ECP_384_BP", True, id="PFS"),
        pytest.param(
            "esp", "aes128gcm16!", "AES_GCM_16_128/ECP_384_BP", False, id="PFS not asked for"
        ),
        pytest.param(
            "ike", STRICT, "AES_GCM_16_256/PRF_HMAC_SHA2_384/ECP_384_BP", False, id="key size"
        ),
        pytest.param(
            "ike",
            "aes128-sha256-ecp256!",
            "AES_CBC_128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/ECP_256",
            True,
            id="the PRF is that of the integrity algorithm",
        ),
        pytest.param(
            "ike",
            "aes128-sha1-modp2048!",
            "AES_CBC_128/HMAC_SHA1_96/PRF_HMAC_SHA1/MODP_2048",
            True,
            id="SHA-1",
        ),
        pytest.param(
            "ike",
            "aes128-sha256-prfsha512-ecp256!",
            "AES_CBC_128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/ECP_256",
            False,
            id="another PRF",
        ),
        pytest.param(
            "ike",
            "3des-sha1-modp1024,aes256gcm16-prfsha256-x25519!",
            "AES_GCM_16_256/PRF_HMAC_SHA2_256/CURVE_25519",
            True,
            id="the second one",
        ),
        pytest.param(
            "esp", "3des-sha1,aes256gcm16!", "3DES_CBC/HMAC_SHA2_256_128", False, id="none of two"
        ),
        pytest.param("esp", "aes128gcm16-esn!", "AES_GCM_16_128/ESN", True, id="ESN"),
        pytest.param("esp", "aes128gcm16-esn!", "AES_GCM_16_128", False, id="ESN not agreed on"),
        pytest.param("esp", "aes128gcm16-esn-noesn!", "AES_GCM_16_128", True, id="ESN or not"),
        pytest.param(
            "ike",
            "aes256gcm16-prfsha384-x25519-ke1_mlkem768!",
            "AES_GCM_16_256/PRF_HMAC_SHA2_384/CURVE_25519/KE1_ML_KEM_768",
            True,
            id="additional key exchange",
        ),
        pytest.param("ah", "sha256!", "HMAC_SHA2_256_128", True, id="AH"),
        pytest.param("esp", "aes128gcm16", "3DES_CBC/HMAC_SHA1_96", None, id="open to others"),
        pytest.param("esp", "newcipher!", "3DES_CBC/HMAC_SHA1_96", None, id="unknown keyword"),
        pytest.param(
            "ike",
            "aes256gcm16-prfsha384-x25519-ke1_mlkem768!",
            "AES_GCM_16_256/PRF_HMAC_SHA2_384/CURVE_25519",
            False,
            id="additional key exchange not agreed on",
        ),
        pytest.param(
            "ike",
            "aes256gcm16-prfsha384-x25519-ke1_mlkem768-ke1_none!",
            "AES_GCM_16_256/PRF_HMAC_SHA2_384/CURVE_25519",
            True,
            id="additional key exchange, or none",
        ),
        pytest.param(
            "ike",
            "aes256gcm16-prfsha384-mlkem768!",
            "AES_GCM_16_256/PRF_HMAC_SHA2_384/CURVE_25519/KE1_ML_KEM_768",
            False,
            id="not first but additional",
        ),
        pytest.param("ah", "aes128gmac!", "AES_128_GMAC", True, id="AH with GMAC"),
        pytest.param("esp", "aes128gmac!", "NULL_AES_GMAC_128", True, id="ESP with GMAC"),
        pytest.param("esp", "aes128-sha256!", "AES_CBC_128", False, id="no integrity"),
        pytest.param("esp", "aes128!", "AES_CBC_128", True, id="no integrity asked for"),
        pytest.param("esp", "aes128-sha256-none!", f"{CBC}/MODP_2048", False, id="no group"),
        pytest.param("esp", " aes128 - sha256 , aes256gcm16 !", CBC, True, id="blank before !"),
        pytest.param("esp", " aes128 - sha256 , aes256gcm16!", CBC, True, id="blanks"),
        pytest.param("esp", "aes128-sha256!", f"{CBC}/NEWTHING", None, id="unknown algorithm"),
        pytest.param("esp", "aes128-sha256,!", CBC, None, id="empty proposal"),
    ],
)
def test_proposals(key: str, setting: str, negotiated: str, expected: bool | None) -> None:
    assert allows(key, setting, negotiated) is expected


def test_every_keyword_is_there() -> None:
    # proposal_keywords_static.txt of 6.0.6 has 153, without ntru and newhope of before 6.0
    assert len(keywords()) == 158


@pytest.mark.parametrize("keyword", keywords())
def test_every_keyword_stands_for_what_its_printed_name_does(keyword: str) -> None:
    one = algorithm(keyword)
    assert one
    assert not one.name or named(one.printed) == one


@pytest.mark.parametrize(
    "keyword", ["", "ke", "ke1_", "ke0_x25519", "ke8_x25519", "ke1_aes", "AES"]
)
def test_what_is_no_keyword(keyword: str) -> None:
    assert algorithm(keyword) is None
    assert parse(f"{keyword}-aes!").unknown == (keyword,)


@pytest.mark.parametrize("word", ["KE1_AES_CBC_128", "KE0_ECP_256", "(1031)", "UNKNOWN_3_99"])
def test_what_no_release_prints_is_unknown(word: str) -> None:
    assert parse_printed(f"AES_CBC_128/{word}").unknown == (word,)


def test_releases_whose_keywords_were_negotiated() -> None:
    assert [path.stem for path in PRINTED] == ["5.9.8", "6.1.0"]


@pytest.mark.parametrize("path", PRINTED, ids=lambda path: path.stem)
def test_real_daemons_print_what_the_table_has(path: Path) -> None:
    rows = json.loads(path.read_text())
    assert len(rows) > 250
    for name, row in rows.items():
        key, _, keyword = name.partition("-")
        assert allows(key, row["setting"], row["printed"]) is True, name
        one = algorithm(keyword)
        assert one
        # of the additional key exchanges of a CHILD_SA nothing is printed
        if one.name and not (one.round and key == "esp"):
            assert one in parse_printed(row["printed"]).algorithms, name


def test_releases_whose_defaults_are_known() -> None:
    assert [path.stem for path in DEFAULTS] == ["5.9.1", "5.9.8", "6.0.1", "6.1.0"]


@pytest.mark.parametrize("path", DEFAULTS, ids=lambda path: path.stem)
def test_what_charon_proposes_by_default_is_known(path: Path) -> None:
    weak = set()
    for proposal in path.read_text().splitlines():
        about, _, words = proposal.partition(":")
        # of the log alone; of an SA neither is printed
        printed = parse_printed(re.sub("/NO_EXT_SEQ|/KE_NONE", "", words))
        assert not printed.unknown
        weak |= {(about, name) for _, name in weaknesses(about, printed.algorithms, Policy())}
    assert weak == {("IKE", "3DES_CBC")}


def test_kinds_are_those_of_upstream() -> None:
    kinds = [one.kind for one in keywords().values()]
    assert {kind: kinds.count(kind) for kind in Kind} == {
        Kind.ENCRYPTION: 30,
        Kind.AEAD: 65,
        Kind.INTEGRITY: 16,
        Kind.PRF: 8,
        Kind.KEY_EXCHANGE: 37,
        Kind.SEQUENCE_NUMBERS: 2,
    }
