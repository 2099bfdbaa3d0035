"""Certificates and lists of revoked ones: ``ipsec listcerts``, and the files on the disk."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import NamedTuple

from check_ipsec.model.unread import UnreadLine

# why nothing is known of a file that could be read
NO_CERTIFICATE = "not a certificate"


class Kind(Enum):
    """What a list is of; of other things nothing is known here."""

    END_ENTITY = "X.509 End Entity Certificate"
    AUTHORITY = "X.509 CA Certificate"
    OPENPGP = "PGP End Entity Certificate"
    PUBLIC_KEY = "Raw Public Key"
    OTHER = "(other)"


class Key(NamedTuple):
    """A public key: its kind as charon has it (``RSA``, ``ECDSA``), its size in bits."""

    kind: str
    bits: int


class Certificate(NamedTuple):
    """A certificate; what is not said of it is None or empty.

    Names are as charon prints them, ``alt_names`` all in one text. Times know their zone.
    ``authority_key`` is the key identifier of the issuer, ``subject_keys`` are those of the
    key itself. ``private_key``: charon has it, None in a file. ``signature`` is the hash of the
    signature (``sha1``), which only files say. ``understood``: nothing of it is unread.
    """

    kind: Kind
    subject: str
    issuer: str
    not_before: datetime | None
    not_after: datetime | None
    serial: str = ""
    alt_names: str = ""
    flags: tuple[str, ...] = ()
    crl_uris: int = 0
    ocsp_uris: int = 0
    authority_key: str = ""
    subject_keys: tuple[str, ...] = ()
    key: Key | None = None
    private_key: bool | None = None
    signature: str | None = None
    understood: bool = True

    @property
    def is_self_signed(self) -> bool:
        """Whether it names nobody else as its issuer."""
        if "self-signed" in self.flags or self.kind is Kind.OPENPGP:
            return True
        others = self.authority_key and self.subject_keys
        foreign = others and self.authority_key not in self.subject_keys
        return self.subject == self.issuer and not foreign


class Crl(NamedTuple):
    """A list of revoked certificates. ``is_delta``: only what has changed since another."""

    issuer: str
    this_update: datetime | None
    next_update: datetime | None
    authority_key: str = ""
    is_delta: bool = False
    revoked: frozenset[str] = frozenset()


class Credentials(NamedTuple):
    """All that a text lists, or a file holds, in its order."""

    certificates: tuple[Certificate, ...] = ()
    crls: tuple[Crl, ...] = ()
    unread: tuple[UnreadLine, ...] = ()


class CertificateFile(NamedTuple):
    """A file on the disk; ``error`` says why nothing is known of what is in it."""

    path: str
    error: str | None
    credentials: Credentials = Credentials()
