"""The algorithms of IKE, ESP and AH: strongSwan's keywords and the names that charon prints.

Upstream: strongSwan, src/libstrongswan/crypto/proposal/proposal_keywords_static.txt (the
keywords, those of releases 5.0 to 6.1), key_exchange.c (``ke1_`` to ``ke7_``,
``key_exchange_method_names``), crypters/crypter.c (``encryption_algorithm_names``,
``encryption_algorithm_is_aead``), signers/signer.c (``integrity_algorithm_names``) and
prfs/prf.c (``pseudo_random_function_names``).
"""

from collections.abc import Iterator
from enum import Enum
from functools import lru_cache
from typing import NamedTuple, Optional


class Kind(Enum):
    """What an algorithm does; AEAD encrypts and authenticates."""

    ENCRYPTION = "encryption"
    AEAD = "AEAD"
    INTEGRITY = "integrity"
    PRF = "PRF"
    KEY_EXCHANGE = "key exchange"
    SEQUENCE_NUMBERS = "sequence numbers"


class Algorithm(NamedTuple):
    """An algorithm: ``name`` as charon prints it, with the key size in ``bits`` behind it.

    ``bits`` is None where the name says it all, ``round`` the number of an additional key
    exchange. Of what charon does not print, the name is empty.
    """

    kind: Kind
    name: str
    bits: Optional[int] = None
    round: Optional[int] = None

    @property
    def printed(self) -> str:
        """The word of it in a proposal that charon prints."""
        begin = f"KE{self.round}_" if self.round and self.name else ""
        return f"{begin}{self.name}" if self.bits is None else f"{self.name}_{self.bits}"


BITS = (128, 192, 256)
TAGS = {"8": 8, "64": 8, "12": 12, "96": 12, "16": 16, "128": 16, "": 16}
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
KEY_EXCHANGES = {
    "none": "",
    "modpnone": "",
    "modpnull": "MODP_NULL",
    **{f"modp{bits}": f"MODP_{bits}" for bits in (768, 1024, 1536, 2048, 3072, 4096, 6144, 8192)},
    "modp1024s160": "MODP_1024_160",
    "modp2048s224": "MODP_2048_224",
    "modp2048s256": "MODP_2048_256",
    **{f"ecp{bits}": f"ECP_{bits}" for bits in (192, 224, 256, 384, 521)},
    **{f"ecp{bits}bp": f"ECP_{bits}_BP" for bits in (224, 256, 384, 512)},
    "curve25519": "CURVE_25519",
    "x25519": "CURVE_25519",
    "curve448": "CURVE_448",
    "x448": "CURVE_448",
    # before 6.0
    **{f"ntru{bits}": f"NTRU_{bits}" for bits in (112, 128, 192, 256)},
    "newhope128": "NEWHOPE_128",
    # since 6.0
    "gost256": "GOST3410_256",
    "gost512": "GOST3410_512",
    **{f"mlkem{bits}": f"ML_KEM_{bits}" for bits in (512, 768, 1024)},
}
SEQUENCE_NUMBERS = {"noesn": "", "esn": "ESN"}
BLOCK_CIPHERS = ("aes", "camellia", "serpent", "twofish", "blowfish")


def _encryption() -> Iterator[tuple[str, Algorithm]]:
    yield "null", Algorithm(Kind.ENCRYPTION, "NULL")
    yield "des", Algorithm(Kind.ENCRYPTION, "DES_CBC")
    yield "3des", Algorithm(Kind.ENCRYPTION, "3DES_CBC")
    yield "cast128", Algorithm(Kind.ENCRYPTION, "CAST_CBC", 128)
    for cipher in BLOCK_CIPHERS:
        name = f"{cipher.upper()}_CBC"
        yield cipher, Algorithm(Kind.ENCRYPTION, name, 128)
        yield from ((f"{cipher}{bits}", Algorithm(Kind.ENCRYPTION, name, bits)) for bits in BITS)
    for cipher in ("aes", "camellia"):
        name = f"{cipher.upper()}_CTR"
        yield from ((f"{cipher}{bits}ctr", Algorithm(Kind.ENCRYPTION, name, bits)) for bits in BITS)


def _aead() -> Iterator[tuple[str, Algorithm]]:
    for bits in BITS:
        for tag, octets in TAGS.items():
            yield f"aes{bits}ccm{tag}", Algorithm(Kind.AEAD, f"AES_CCM_{octets}", bits)
            yield f"aes{bits}gcm{tag}", Algorithm(Kind.AEAD, f"AES_GCM_{octets}", bits)
            if tag:
                yield (
                    f"camellia{bits}ccm{tag}",
                    Algorithm(Kind.AEAD, f"CAMELLIA_CCM_{octets}", bits),
                )
        yield f"aes{bits}gmac", Algorithm(Kind.AEAD, "NULL_AES_GMAC", bits)
    yield "chacha20poly1305", Algorithm(Kind.AEAD, "CHACHA20_POLY1305")
    # as chacha20poly1305 was printed before 5.7
    yield "chacha20poly1305compat", Algorithm(Kind.AEAD, "CHACHA20_POLY1305", 256)


@lru_cache(maxsize=1)
def keywords() -> dict[str, Algorithm]:
    """Every keyword, but for those of additional key exchanges."""
    found = {**dict(_encryption()), **dict(_aead())}
    for kind, names in (
        (Kind.INTEGRITY, INTEGRITY),
        (Kind.PRF, PRF),
        (Kind.KEY_EXCHANGE, KEY_EXCHANGES),
        (Kind.SEQUENCE_NUMBERS, SEQUENCE_NUMBERS),
    ):
        found.update((keyword, Algorithm(kind, name)) for keyword, name in names.items())
    return found


def algorithm(keyword: str) -> Optional[Algorithm]:
    """What a keyword stands for, also one of an additional key exchange; None for no keyword."""
    begin, _, method = keyword.partition("_")
    if len(begin) == 3 and begin[:2].lower() == "ke" and begin[2] in "1234567":
        found = keywords().get(method)
        if found is None or found.kind is not Kind.KEY_EXCHANGE:
            return None
        return found._replace(round=int(begin[2]))
    return keywords().get(keyword)


@lru_cache(maxsize=1)
def _by_name() -> dict[str, Algorithm]:
    found = {one.printed: one for one in keywords().values() if one.name}
    # of AH only, where the keywords of GMAC stand for these
    found |= {f"AES_{bits}_GMAC": Algorithm(Kind.INTEGRITY, f"AES_{bits}_GMAC") for bits in BITS}
    return found


def named(word: str) -> Optional[Algorithm]:
    """The algorithm that charon prints as ``word``, None where none is known by it."""
    begin, _, name = word.partition("_")
    if len(begin) == 3 and begin[:2] == "KE" and begin[2] in "1234567":
        found = _by_name().get(name)
        if found is None or found.kind is not Kind.KEY_EXCHANGE:
            return None
        return found._replace(round=int(begin[2]))
    return _by_name().get(word)
