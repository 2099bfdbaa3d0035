"""The certificates that charon has, found by what is printed of them.

Certificates go by their place in charon's lists; a fleet's node has hundreds of them, so each
name is looked up, not searched for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timezone

from check_ipsec.model.certificates import Certificate, Kind

LONG_AGO = datetime(1, 1, 1, tzinfo=timezone.utc)


class Shelf:
    """``certificates`` with their subjects and altNames indexed."""

    def __init__(self, certificates: tuple[Certificate, ...]) -> None:
        self.certificates = certificates
        self._by_subject: dict[str, list[int]] = defaultdict(list)
        self._by_alt_name: dict[str, list[int]] = defaultdict(list)
        for number, one in enumerate(certificates):
            self._by_subject[one.subject].append(number)
            for name in set(one.alt_names.split(", ")) - {""}:
                self._by_alt_name[name].append(number)

    def with_subject(self, subject: str) -> tuple[int, ...]:
        """Those with that subject."""
        return tuple(self._by_subject.get(subject, ()))

    def with_identity(self, identity: str) -> tuple[int, ...]:
        """Those with that subject, or with that among the altNames; as charon prints both.

        An altName that is a DN has commas too, so all of it is compared.
        """
        found = {*self._by_subject.get(identity, ())}
        for number in self._by_alt_name.get(identity.split(", ")[0], ()):
            if f", {identity}, " in f", {self.certificates[number].alt_names}, ":
                found.add(number)
        return tuple(sorted(found))

    def newest(self, numbers: Iterable[int], most: int) -> list[int]:
        """So many of them, by when they begin."""
        return sorted(
            numbers,
            key=lambda number: self.certificates[number].not_before or LONG_AGO,
            reverse=True,
        )[:most]

    def issuers(self, certificate: Certificate) -> list[int]:
        """The authorities that may have issued it; the one that ends last comes first."""
        found = [
            number
            for number in self.with_subject(certificate.issuer)
            if self.certificates[number].kind is Kind.AUTHORITY
            and not is_another_key(certificate, self.certificates[number])
        ]
        return sorted(
            found,
            key=lambda number: self.certificates[number].not_after or LONG_AGO,
            reverse=True,
        )

    def chain(self, number: int) -> tuple[tuple[int, ...], str]:
        """The authorities above a certificate, and the first one that is missing, or nothing.

        Only a self-signed one ends it (credential_manager.c, ``verify_trust_chain``).
        """
        above: list[int] = []
        current = self.certificates[number]
        while not current.is_self_signed:
            following = next(iter(self.issuers(current)), None)
            if following is None or following in above or following == number:
                return tuple(above), current.issuer
            above.append(following)
            current = self.certificates[following]
        return tuple(above), ""


def is_another_key(certificate: Certificate, issuer: Certificate) -> bool:
    """Whether it names a key that is not the issuer's."""
    known = certificate.authority_key and issuer.subject_keys
    return bool(known) and certificate.authority_key not in issuer.subject_keys
