"""What ``ike=``, ``esp=`` and ``ah=`` allow, against what was negotiated.

Upstream: strongSwan, src/libstrongswan/crypto/proposal/proposal.c: ``check_proposal`` (what is
added to what is listed, and taken away), ``select_algo`` (one algorithm of each kind, and none
where that is listed, or of a CHILD_SA's key exchange where the IKE_SA has had one).
"""

from __future__ import annotations

from functools import lru_cache

from check_ipsec.grammar.proposal import parse, parse_printed
from check_ipsec.model.algorithms import Algorithm, Kind

Place = tuple[Kind, "int | None"]
# proposal.c, integ_prf_map
PRF_OF = {
    "HMAC_SHA1_96": "PRF_HMAC_SHA1",
    "HMAC_SHA1_160": "PRF_HMAC_SHA1",
    "HMAC_SHA2_256_128": "PRF_HMAC_SHA2_256",
    "HMAC_SHA2_384_192": "PRF_HMAC_SHA2_384",
    "HMAC_SHA2_512_256": "PRF_HMAC_SHA2_512",
    "HMAC_MD5_96": "PRF_HMAC_MD5",
    "HMAC_MD5_128": "PRF_HMAC_MD5",
    "AES_XCBC_96": "PRF_AES128_XCBC",
    "CAMELLIA_XCBC_96": "PRF_CAMELLIA128_XCBC",
    "AES_CMAC_96": "PRF_AES128_CMAC",
}


@lru_cache(maxsize=256)
def allows(key: str, setting: str, negotiated: str) -> bool | None:
    """Whether a negotiated proposal is one of those that a setting lists.

    ``key`` is ``ike``, ``esp`` or ``ah``. None where the setting is open to charon's own
    proposals too (no ``!`` at its end), or where it or what was negotiated holds something
    that is not known.
    """
    listed, chosen = parse(setting), parse_printed(negotiated)
    if not listed.strict or listed.unknown or chosen.unknown:
        return None
    return any(
        _is_chosen_of(key, completed(key, proposal), chosen.algorithms)
        for proposal in listed.proposals
    )


def completed(key: str, listed: tuple[Algorithm, ...]) -> tuple[Algorithm, ...]:
    """What charon makes of the keywords of a proposal."""
    if key == "ah":
        return tuple(_of_ah(one) for one in listed if one.kind is not Kind.PRF)
    aead = any(one.kind is Kind.AEAD for one in listed)
    kept = tuple(one for one in listed if not (aead and one.kind is Kind.INTEGRITY))
    if key != "ike":
        return tuple(one for one in kept if one.kind is not Kind.PRF)
    if any(one.kind is Kind.PRF for one in listed):
        return kept
    integrity = (one.name for one in listed if one.kind is Kind.INTEGRITY)
    return (*kept, *(Algorithm(Kind.PRF, PRF_OF[name]) for name in integrity if name in PRF_OF))


def _of_ah(one: Algorithm) -> Algorithm:
    """The integrity algorithm that the keyword of GMAC stands for."""
    if one.name == "NULL_AES_GMAC":
        return Algorithm(Kind.INTEGRITY, f"AES_{one.bits}_GMAC")
    return one


def _is_chosen_of(key: str, listed: tuple[Algorithm, ...], chosen: tuple[Algorithm, ...]) -> bool:
    """Whether one algorithm of each place was chosen, and none beside."""
    if not {one.printed for one in chosen} <= {one.printed for one in listed}:
        return False
    taken = {place(one) for one in chosen}
    return all(
        where in taken or any(not one.name for one in listed if place(one) == where)
        for where in map(place, listed)
        if not is_left_out(key, where)
    )


def place(one: Algorithm) -> Place:
    """What only one algorithm of a proposal can be: the first cipher, the second key exchange."""
    kind = Kind.ENCRYPTION if one.kind is Kind.AEAD else one.kind
    return kind, one.round


def is_left_out(key: str, where: Place) -> bool:
    """Whether charon need not print an algorithm of this place although it is listed.

    The keys of a CHILD_SA may come of the IKE_SA's key exchange; its additional ones are
    never printed. AH encrypts nothing.
    """
    if key == "ike":
        return where[0] is Kind.SEQUENCE_NUMBERS
    return where[0] is Kind.KEY_EXCHANGE or (key == "ah" and where[0] is Kind.ENCRYPTION)
