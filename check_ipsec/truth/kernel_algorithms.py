"""What Linux calls the algorithms of ESP and AH, against what charon says was agreed on.

Upstream: strongSwan, src/libcharon/plugins/kernel_netlink/kernel_netlink_ipsec.c
(``encryption_algs``, ``integrity_algs``); Linux, net/xfrm/xfrm_algo.c, whose names ``ip xfrm
state`` shows in place of the older ones that charon may have used. An algorithm that is not
here is not compared.

Extended sequence numbers (ESN) are a flag of the state (Linux, XFRM_STATE_ESN). ``add_sa`` of
that file does not set it where ``replay_window`` is 0, although it was agreed on; what the peer
sends with ESN does not pass such a state, nor the other way round.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from check_ipsec.model.algorithms import Algorithm, Kind
from check_ipsec.model.kernel import XfrmState

ENCRYPTION = {
    "DES_CBC": "cbc(des)",
    "3DES_CBC": "cbc(des3_ede)",
    "CAST_CBC": "cbc(cast5)",
    "BLOWFISH_CBC": "cbc(blowfish)",
    "NULL": "ecb(cipher_null)",
    "AES_CBC": "cbc(aes)",
    "AES_CTR": "rfc3686(ctr(aes))",
    "CAMELLIA_CBC": "cbc(camellia)",
    "SERPENT_CBC": "cbc(serpent)",
    "TWOFISH_CBC": "cbc(twofish)",
    "CHACHA20_POLY1305": "rfc7539esp(chacha20,poly1305)",
    **{f"AES_CCM_{octets}": "rfc4309(ccm(aes))" for octets in (8, 12, 16)},
    **{f"AES_GCM_{octets}": "rfc4106(gcm(aes))" for octets in (8, 12, 16)},
    "NULL_AES_GMAC": "rfc4543(gcm(aes))",
}
INTEGRITY = {
    "HMAC_MD5_96": "hmac(md5)",
    "HMAC_MD5_128": "hmac(md5)",
    "HMAC_SHA1_96": "hmac(sha1)",
    "HMAC_SHA1_160": "hmac(sha1)",
    "HMAC_SHA2_256_96": "hmac(sha256)",
    "HMAC_SHA2_256_128": "hmac(sha256)",
    "HMAC_SHA2_384_192": "hmac(sha384)",
    "HMAC_SHA2_512_256": "hmac(sha512)",
    "AES_XCBC_96": "xcbc(aes)",
    "AES_CMAC_96": "cmac(aes)",
}


def differing(agreed: Iterable[Algorithm], state: XfrmState) -> Iterator[tuple[str, str]]:
    """The kernel's name, and charon's, where they are of two algorithms."""
    for one in agreed:
        if one.kind is Kind.INTEGRITY:
            wanted, found = INTEGRITY.get(one.name), state.authentication
        elif one.kind in (Kind.ENCRYPTION, Kind.AEAD):
            wanted, found = ENCRYPTION.get(one.name), state.encryption
        else:
            continue
        if wanted and found != wanted and state.understood:
            yield found or "nothing", one.printed


def counts_otherwise(agreed: Iterable[Algorithm], state: XfrmState) -> str | None:
    """What the kernel does where it has ESN and charon says otherwise, or the other way round."""
    wanted = any(one.kind is Kind.SEQUENCE_NUMBERS and one.name for one in agreed)
    if not state.understood or wanted is state.esn:
        return None
    return "kernel has no ESN" if wanted else "kernel has ESN"
