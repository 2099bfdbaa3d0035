"""What can be wrong with a certificate that is in use; a function each.

============= ======================================================================
flaw          a certificate, or a list of revoked ones
============= ======================================================================
EXPIRED       has ended
ENDING        ends; how soon is too soon, thresholds say
EARLY         begins in the future, or the clock of the host was set back
REVOKED       its serial number is in a list of its issuer
NO_KEY        charon has no private key for it, and this host is to authenticate with it
NOT_LOADED    a connection names it, and charon has not loaded it; or an end has none
RENEWED       the file that a connection names holds a newer one, charon has the older one
IDENTITY      leftid= or rightid= is not in it: charon uses the subject in its place
              (stroke_config.c, ``build_auth_cfg``); id= of swanctl.conf is not in it, and is
              used all the same: the peer refuses it
CHAIN         an authority above it is not loaded. A peer's that is loaded from a file is
              trusted by itself (credential_manager.c, ``trusted_enumerate``)
WEAK          a key below 2048 bits (RSA) or 224 bits (ECDSA); signed with SHA-1 or MD5,
              which only the files say
CRL_OLD       the list is past its next update
CRL_STRICT    the same, or there is none and nowhere to get one, and strictcrlpolicy=yes
              or ``revocation = strict``: charon then refuses whom the authority has certified
NOT_READ      its end, its key or its subject was not understood
============= ======================================================================

Each function takes the certificate by its number and all that was seen, and gives a few
words that begin with a verb, or nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple

from check_ipsec.model.certificates import Certificate, Crl
from check_ipsec.truth.reasons import Heading
from check_ipsec.truth.rounds import Use
from check_ipsec.truth.shelf import LONG_AGO, Shelf
from check_ipsec.truth.uses import Users

WEAK_BITS = {"RSA": 2048, "DSA": 2048, "ECDSA": 224}
WEAK_HASHES = {"md2": "MD2", "md5": "MD5", "sha1": "SHA-1"}


class Flaw(Heading):
    """The fixed words, which the runbook has as headings."""

    EXPIRED = "expired"
    ENDING = "ends soon"
    EARLY = "not yet valid"
    REVOKED = "revoked"
    NO_KEY = "private key missing"
    NOT_LOADED = "certificate not loaded"
    RENEWED = "renewed on disk only"
    IDENTITY = "identity not in the certificate"
    CHAIN = "chain not complete"
    WEAK = "weak key or signature"
    CRL_OLD = "CRL out of date"
    CRL_STRICT = "CRL missing or out of date under strictcrlpolicy"
    NOT_READ = "certificate not understood"


class Seen(NamedTuple):
    """All that a flaw is found by.

    ``users`` are by the number of a certificate, ``uses`` are all. ``signatures`` are the
    hashes that files tell, ``renewed`` says of a certificate how its file differs by now.
    ``unknown`` are the connections whose peer's certificate is not known; ``policies`` are
    the strictcrlpolicy of each connection, ``addressed`` those for which the file says where
    lists of revoked certificates are.
    """

    now: datetime
    shelf: Shelf
    crls: tuple[Crl, ...]
    users: Mapping[int, Users]
    uses: tuple[Use, ...]
    signatures: Mapping[int, str]
    renewed: Mapping[int, str]
    unknown: frozenset[str]
    policies: Mapping[str, str]
    addressed: frozenset[str] = frozenset()

    @property
    def certificates(self) -> tuple[Certificate, ...]:
        """Those that charon has."""
        return self.shelf.certificates


def span(seconds: float) -> str:
    """A time in words, in its largest unit of which there are two, or one day."""
    for unit, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        number = int(seconds // unit)
        if number >= 2 or (number and unit == 86400):
            return f"{number} {name}{'s' * (number != 1)}"
    return f"{int(seconds)} seconds"


def days_left(certificate: Certificate, now: datetime) -> float | None:
    """Days until it ends, below 0 once it has."""
    end = certificate.not_after
    return (end - now).total_seconds() / 86400 if end else None


def expired(number: int, seen: Seen) -> str:
    """EXPIRED."""
    left = days_left(seen.certificates[number], seen.now)
    return f"ended {span(-left * 86400)} ago" if left is not None and left < 0 else ""


def ending(number: int, seen: Seen) -> str:
    """ENDING."""
    left = days_left(seen.certificates[number], seen.now)
    return f"ends in {span(left * 86400)}" if left is not None and left >= 0 else ""


def early(number: int, seen: Seen) -> str:
    """EARLY."""
    begin = seen.certificates[number].not_before
    if begin is None or begin <= seen.now:
        return ""
    return f"starts in {span((begin - seen.now).total_seconds())}"


def revoked(number: int, seen: Seen) -> str:
    """REVOKED."""
    one = seen.certificates[number]
    return "is revoked" if any(
        one.serial in crl.revoked and is_of(crl, number, seen) for crl in seen.crls
    ) else ""  # fmt: skip


def is_of(crl: Crl, number: int, seen: Seen) -> bool:
    """Whether a list is one of the certificate's issuer."""
    one = seen.certificates[number]
    known = bool(crl.authority_key and one.authority_key)
    return crl.issuer == one.issuer and not (known and crl.authority_key != one.authority_key)


def no_key(number: int, seen: Seen) -> str:
    """NO_KEY."""
    who = seen.users[number]
    is_own = who.own and not who.authority
    lacks = seen.certificates[number].private_key is False
    return "has no private key" if is_own and lacks else ""


def renewed(number: int, seen: Seen) -> str:
    """RENEWED."""
    return seen.renewed.get(number, "")


def broken_chain(number: int, seen: Seen) -> str:
    """CHAIN."""
    who = seen.users[number]
    if who.maybe or (who.pinned and not who.own):
        return ""
    _, missing = seen.shelf.chain(number)
    return f"has no complete chain ({missing} is not loaded)" if missing else ""


def weak(number: int, seen: Seen) -> str:
    """WEAK."""
    one = seen.certificates[number]
    if one.key and one.key.bits < WEAK_BITS.get(one.key.kind, 0):
        return f"is weak ({one.key.kind} {one.key.bits} bits)"
    signature = seen.signatures.get(number, "")
    if signature in WEAK_HASHES and not one.is_self_signed:
        return f"is weak (signed with {WEAK_HASHES[signature]})"
    return ""


def not_read(number: int, seen: Seen) -> str:
    """NOT_READ."""
    return "" if seen.certificates[number].understood else "is not understood"


OF_CERTIFICATES: dict[Flaw, Callable[[int, Seen], str]] = {
    Flaw.EXPIRED: expired,
    Flaw.ENDING: ending,
    Flaw.EARLY: early,
    Flaw.REVOKED: revoked,
    Flaw.NO_KEY: no_key,
    Flaw.RENEWED: renewed,
    Flaw.CHAIN: broken_chain,
    Flaw.WEAK: weak,
    Flaw.NOT_READ: not_read,
}


# --- lists of revoked certificates ---------------------------------------------------


def vouches_for_peers(authority: int, seen: Seen) -> bool:
    """Whether a peer is, or may be, certified by it: else nobody here asks for its list."""
    return bool(seen.users[authority].peers or seen.unknown)


def latest(authority: int, seen: Seen) -> Crl | None:
    """The list of an authority that is good for longest, None where there is none."""
    one = seen.certificates[authority]
    own = [
        crl
        for crl in seen.crls
        if crl.issuer == one.subject
        and not crl.is_delta
        and (not crl.authority_key or not one.subject_keys or crl.authority_key in one.subject_keys)
    ]
    return max(own, key=lambda crl: crl.next_update or LONG_AGO, default=None)


def out_of_date(authority: int, seen: Seen) -> str:
    """CRL_OLD, and CRL_STRICT where charon insists."""
    crl = latest(authority, seen)
    if crl is None or crl.next_update is None or crl.next_update >= seen.now:
        return ""
    return f"is out of date for {span((seen.now - crl.next_update).total_seconds())}"


def insists(authority: int, seen: Seen) -> bool:
    """Whether charon refuses whom the authority has certified without a list that is in date.

    With ``ifuri`` only those whose certificate says where to ask.
    """
    somewhere = is_addressed(authority, seen) or any(
        one.crl_uris or one.ocsp_uris for one in issued_by(authority, seen)
    )
    policies = policies_of(authority, seen)
    return "yes" in policies or ("ifuri" in policies and somewhere)


def policies_of(authority: int, seen: Seen) -> set[str]:
    """How those insist on its list whose peers it has certified, or may have."""
    return {seen.policies.get(name, "no") for name in concerned(authority, seen)}


def is_addressed(authority: int, seen: Seen) -> bool:
    """Whether a file says where its list may be."""
    return bool(concerned(authority, seen) & seen.addressed)


def concerned(authority: int, seen: Seen) -> frozenset[str]:
    """The connections whose peers it has certified, or may have."""
    return seen.users[authority].peers or seen.unknown


def issued_by(authority: int, seen: Seen) -> list[Certificate]:
    """The certificates in use that are of an authority."""
    return [
        seen.certificates[number]
        for number in seen.users
        if number != authority and authority in seen.shelf.issuers(seen.certificates[number])[:1]
    ]


def no_list(authority: int, seen: Seen) -> str:
    """CRL_STRICT: nothing says whom the authority has revoked, and nothing says where to ask."""
    if "yes" not in policies_of(authority, seen) or not vouches_for_peers(authority, seen):
        return ""
    if latest(authority, seen) is not None or is_addressed(authority, seen):
        return ""
    issued = issued_by(authority, seen)
    if issued and all(one.crl_uris or one.ocsp_uris for one in issued):
        return ""
    return "has no CRL" if issued or seen.users[authority].maybe else ""
