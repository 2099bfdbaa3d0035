"""Certificates and lists of revoked ones in DER, read with the library *cryptography*.

The only module that needs it. Names are put as charon prints them, as far as it is only the
form of a name that people read: what is compared are numbers, times and keys. Both forms of a
time (UTCTime up to 2049, GeneralizedTime after) are times in UTC.
"""

from __future__ import annotations

import warnings
from base64 import b64decode
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from check_ipsec.model.certificates import Certificate, Crl, Key, Kind


def is_crl(found: Certificate | Crl) -> bool:
    """Whether it is a list of revoked certificates."""
    return isinstance(found, Crl)


def read(base64: str) -> Certificate | Crl | None:
    """A certificate or a list of revoked ones, None where it is neither."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        der = b64decode(base64)
        try:
            return _certificate(x509.load_der_x509_certificate(der))
        except (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension):
            pass
        try:
            return _crl(x509.load_der_x509_crl(der))
        except (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension):
            return None


def _certificate(found: x509.Certificate) -> Certificate:
    constraints = _extension(found, x509.BasicConstraints)
    return Certificate(
        kind=Kind.AUTHORITY if constraints and constraints.ca else Kind.END_ENTITY,
        subject=_name(found.subject),
        issuer=_name(found.issuer),
        not_before=_time(found, "not_valid_before"),
        not_after=_time(found, "not_valid_after"),
        serial=serial(found.serial_number),
        alt_names=", ".join(_alt_names(found)),
        authority_key=_octets(getattr(_extension(found, x509.AuthorityKeyIdentifier),
                                      "key_identifier", None)),
        subject_keys=tuple(_subject_keys(found)),
        key=_key(found),
        signature=_hash(found),
    )  # fmt: skip


def _crl(found: x509.CertificateRevocationList) -> Crl:
    return Crl(
        issuer=_name(found.issuer),
        this_update=_time(found, "last_update"),
        next_update=_time(found, "next_update"),
        authority_key=_octets(getattr(_extension(found, x509.AuthorityKeyIdentifier),
                                      "key_identifier", None)),
        is_delta=_extension(found, x509.DeltaCRLIndicator) is not None,
        revoked=frozenset(serial(one.serial_number) for one in found),
    )  # fmt: skip


def serial(number: int) -> str:
    """A serial number as charon prints it."""
    return _octets(number.to_bytes(max(1, (number.bit_length() + 7) // 8), "big"))


def _octets(data: bytes | None) -> str:
    return data.hex(":") if data else ""


def _time(found: Any, name: str) -> datetime | None:
    """A time in UTC; before release 42 the library gave it without its zone."""
    value: datetime | None = getattr(found, f"{name}_utc", None) or getattr(found, name)
    return value and value.replace(tzinfo=timezone.utc)


def _extension(found: Any, kind: Any) -> Any:
    """An extension, None where there is none or it cannot be read."""
    try:
        return found.extensions.get_extension_for_class(kind).value
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension):
        return None


def _name(name: x509.Name) -> str:
    return ", ".join(f"{one.rfc4514_attribute_name}={one.value!s}" for one in name)


def _alt_names(found: x509.Certificate) -> Iterator[str]:
    for one in _extension(found, x509.SubjectAlternativeName) or ():
        yield _name(one.value) if isinstance(one.value, x509.Name) else str(one.value)


def _subject_keys(found: x509.Certificate) -> Iterator[str]:
    own = _extension(found, x509.SubjectKeyIdentifier)
    if own:
        yield _octets(own.digest)
    try:
        yield _octets(x509.SubjectKeyIdentifier.from_public_key(found.public_key()).digest)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return


def _key(found: x509.Certificate) -> Key | None:
    """The public key; those of a fixed size are no matter of bits."""
    try:
        key: Any = found.public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    kind = type(key).__name__.strip("_").removesuffix("PublicKey")
    names = {"EllipticCurve": "ECDSA", "EC": "ECDSA", "Ed25519": "ED25519", "Ed448": "ED448"}
    return Key(names.get(kind, kind), getattr(key, "key_size", 0))


def _hash(found: x509.Certificate) -> str | None:
    try:
        algorithm = found.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return None
    return algorithm.name if algorithm else None
