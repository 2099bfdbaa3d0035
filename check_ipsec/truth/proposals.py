"""What ``ike=``, ``esp=`` and ``ah=`` allow, against what was negotiated.

Upstream: strongSwan, src/libstrongswan/crypto/proposal/proposal_keywords_static.txt (the
keywords), proposal.c (``check_proposal``: what is added and taken away,
``proposal_printf_hook``: what is printed) and the ``*_names`` of crypters/crypter.c,
signers/signer.c, prfs/prf.c and key_exchange.c.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

BITS = ("128", "192", "256")
TAGS = {"8": "8", "64": "8", "12": "12", "96": "12", "16": "16", "128": "16", "": "16"}
INTEGRITY = {
    "sha": "HMAC_SHA1_96",
    "sha1": "HMAC_SHA1_96",
    "sha1_160": "HMAC_SHA1_160",
    "sha256": "HMAC_SHA2_256_128",
    "sha2_256": "HMAC_SHA2_256_128",
    "sha256_96": "HMAC_SHA2_256_96",
    "sha2_256_96": "HMAC_SHA2_256_96",
    "sha384": "HMAC_SHA2_384_192",
    "sha2_384": "HMAC_SHA2_384_192",
    "sha512": "HMAC_SHA2_512_256",
    "sha2_512": "HMAC_SHA2_512_256",
    "md5": "HMAC_MD5_96",
    "md5_128": "HMAC_MD5_128",
    "aesxcbc": "AES_XCBC_96",
    "camelliaxcbc": "CAMELLIA_XCBC_96",
    "aescmac": "AES_CMAC_96",
}
PRF = {
    "prfsha1": "PRF_HMAC_SHA1",
    "prfsha256": "PRF_HMAC_SHA2_256",
    "prfsha384": "PRF_HMAC_SHA2_384",
    "prfsha512": "PRF_HMAC_SHA2_512",
    "prfmd5": "PRF_HMAC_MD5",
    "prfaesxcbc": "PRF_AES128_XCBC",
    "prfcamelliaxcbc": "PRF_CAMELLIA128_XCBC",
    "prfaescmac": "PRF_AES128_CMAC",
}
GROUPS = {
    **{f"modp{bits}": f"MODP_{bits}" for bits in (768, 1024, 1536, 2048, 3072, 4096, 6144, 8192)},
    **{f"ecp{bits}": f"ECP_{bits}" for bits in (192, 224, 256, 384, 521)},
    **{f"ecp{bits}bp": f"ECP_{bits}_BP" for bits in (224, 256, 384, 512)},
    "modp1024s160": "MODP_1024_160",
    "modp2048s224": "MODP_2048_224",
    "modp2048s256": "MODP_2048_256",
    "modpnull": "MODP_NULL",
    "curve25519": "CURVE_25519",
    "x25519": "CURVE_25519",
    "curve448": "CURVE_448",
    "x448": "CURVE_448",
    "gost256": "GOST3410_256",
    "gost512": "GOST3410_512",
    **{f"mlkem{bits}": f"ML_KEM_{bits}" for bits in (512, 768, 1024)},
}
OTHERS = {
    "null": "NULL",
    "des": "DES_CBC",
    "3des": "3DES_CBC",
    "cast128": "CAST_CBC_128",
    "chacha20poly1305": "CHACHA20_POLY1305",
    "chacha20poly1305compat": "CHACHA20_POLY1305_256",
    # nothing is printed of these
    "none": "",
    "modpnone": "",
    "noesn": "",
    "esn": "ESN",
}


def _ciphers() -> Iterator[tuple[str, str]]:
    for bits in BITS:
        yield from ((f"{name}{bits}", f"{name.upper()}_CBC_{bits}") for name in BLOCK_CIPHERS)
        yield f"blowfish{bits}", f"BLOWFISH_CBC_{bits}"
        yield f"aes{bits}gmac", f"NULL_AES_GMAC_{bits}"
        for name in ("aes", "camellia"):
            yield f"{name}{bits}ctr", f"{name.upper()}_CTR_{bits}"
        for tag, octets in TAGS.items():
            yield f"aes{bits}ccm{tag}", f"AES_CCM_{octets}_{bits}"
            yield f"aes{bits}gcm{tag}", f"AES_GCM_{octets}_{bits}"
            if tag:
                yield f"camellia{bits}ccm{tag}", f"CAMELLIA_CCM_{octets}_{bits}"
    yield from ((name, f"{name.upper()}_CBC_128") for name in (*BLOCK_CIPHERS, "blowfish"))


BLOCK_CIPHERS = ("aes", "camellia", "serpent", "twofish")


@lru_cache(maxsize=1)
def names() -> dict[str, str]:
    """Every keyword with the name that charon prints of it."""
    return {**dict(_ciphers()), **INTEGRITY, **PRF, **GROUPS, **OTHERS}


def printed(keyword: str) -> str | None:
    """The name of a keyword, also of an additional key exchange; None for no keyword."""
    number, _, method = keyword.partition("_")
    if len(number) == 3 and number[:2] == "ke" and number[2] in "1234567":
        group = GROUPS.get(method)
        return "" if method == "none" else group and f"{number.upper()}_{group}"
    return names().get(keyword)


@lru_cache(maxsize=256)
def allows(setting: str, negotiated: str) -> bool | None:
    """Whether a negotiated proposal is one of those that a setting lists.

    None where the setting is open to charon's own proposals too (no ``!`` at its end), or
    holds a keyword that is not known.
    """
    proposals = [proposal.strip().split("-") for proposal in setting.rstrip("!").split(",")]
    if not setting.endswith("!") or any(
        printed(keyword) is None for keywords in proposals for keyword in keywords
    ):
        return None
    chosen = set(negotiated.split("/"))
    return any(_is_allowed(keywords, chosen) for keywords in proposals)


def _is_allowed(keywords: list[str], chosen: set[str]) -> bool:
    allowed = {printed(keyword) or "" for keyword in keywords}
    if not any(keyword in PRF for keyword in keywords):
        allowed |= {_prf_of(keyword) for keyword in keywords if keyword in INTEGRITY}
    must_count_on = "esn" in keywords and "noesn" not in keywords
    return chosen <= allowed and (not must_count_on or "ESN" in chosen)


def _prf_of(integrity: str) -> str:
    """The PRF that goes with an integrity algorithm (proposal.c, integ_prf_map)."""
    stem = integrity.removesuffix("_96").removesuffix("_160").removesuffix("_128")
    return PRF.get("prf" + {"sha": "sha1"}.get(stem, stem.replace("sha2_", "sha")), "")
