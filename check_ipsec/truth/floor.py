"""How weak an algorithm is, by the RFCs, as of RFC 9395.

======== =====================================================================
RFC 8247 IKEv2: encryption, PRF, integrity and key exchange, a table each (section 2)
RFC 8221 ESP and AH: encryption (section 5) and authentication (section 6); encryption
         without authentication (section 4)
RFC 9395 what of both is deprecated since
======== =====================================================================

What no RFC names MAY be used, and so may what is MUST- or SHOULD-. Two rows are
stricter than the RFCs: 3DES in IKE, which RFC 8247 leaves at MAY, is held against IKE as RFC
8221 holds it against ESP, for its blocks are as short; and MODP_NULL is no key exchange at all.
"""

from __future__ import annotations

from enum import Enum

from check_ipsec.model.algorithms import Algorithm


class Level(Enum):
    """What an RFC says of an algorithm, where that is against it."""

    MUST_NOT = "MUST NOT"
    SHOULD_NOT = "SHOULD NOT"


BOTH = {
    "DES_CBC": Level.MUST_NOT,
    "3DES_CBC": Level.SHOULD_NOT,
    "CAST_CBC": Level.SHOULD_NOT,
    "HMAC_MD5_96": Level.MUST_NOT,
    "HMAC_MD5_128": Level.SHOULD_NOT,
    "HMAC_SHA1_160": Level.SHOULD_NOT,
    "MODP_NULL": Level.MUST_NOT,
    "MODP_768": Level.MUST_NOT,
    "MODP_1024_160": Level.MUST_NOT,
    "MODP_1024": Level.SHOULD_NOT,
    "MODP_1536": Level.SHOULD_NOT,
    "MODP_2048_224": Level.SHOULD_NOT,
    "MODP_2048_256": Level.SHOULD_NOT,
}
IKE = {**BOTH, "BLOWFISH_CBC": Level.SHOULD_NOT, "PRF_HMAC_MD5": Level.MUST_NOT}
CHILD = {**BOTH, "BLOWFISH_CBC": Level.MUST_NOT}
# below the strength of 2048 bit, which is 112 bit (NIST SP 800-57, table 2)
SMALL_GROUPS = {"MODP_NULL", "MODP_768", "MODP_1024", "MODP_1024_160", "MODP_1536", "ECP_192"}
NO_ENCRYPTION = {"NULL", "NULL_AES_GMAC"}


def level(algorithm: Algorithm, ike: bool) -> Level | None:
    """What the RFCs say against an algorithm in IKE, or in ESP and AH."""
    return (IKE if ike else CHILD).get(algorithm.name)
