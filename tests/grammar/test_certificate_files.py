"""Certificates on a disk: what is read of a file, what is made of it, and that no key is."""

from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from check_ipsec.errors import ParseError
from check_ipsec.grammar import certificate_files
from check_ipsec.host.certificate_files import certificates, key_files
from check_ipsec.model.certificates import Key, Kind

BEGIN = datetime(2020, 1, 1)
KEY = ec.generate_private_key(ec.SECP256R1())
NAME = x509.Name(
    [
        x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "Example"),
        x509.NameAttribute(x509.NameOID.COMMON_NAME, "alice"),
    ]
)
PEM = serialization.Encoding.PEM
DER = serialization.Encoding.DER
PLAIN = serialization.NoEncryption()


def made(key: Any = KEY, end: datetime | None = None, ca: bool = False) -> x509.Certificate:
    """A certificate that its own key has signed."""
    builder = (
        x509.CertificateBuilder(NAME, NAME, key.public_key(), 0x8001)
        .not_valid_before(BEGIN)
        .not_valid_after(end or BEGIN + timedelta(days=9))
        .add_extension(x509.BasicConstraints(ca, None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("a.example")]), critical=False)
    )
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(key, algorithm)


def text_of(path: Path) -> str:
    output = certificates(str(path))
    assert output.exit == 0
    return output.stdout


def read(path: Path) -> certificate_files.CertificateFile:
    (file,) = certificate_files.parse(text_of(path), "certs")
    return file


@pytest.mark.parametrize("encoding", [PEM, DER])
def test_both_forms_of_a_certificate(tmp_path: Path, encoding: serialization.Encoding) -> None:
    path = tmp_path / "alice.pem"
    path.write_bytes(made().public_bytes(encoding))
    file = read(path)
    assert (file.path, file.error) == (str(path), None)
    (one,) = file.credentials.certificates
    assert (one.kind, one.subject, one.serial) == (Kind.END_ENTITY, "O=Example, CN=alice", "80:01")
    assert (one.key, one.signature, one.alt_names) == (Key("ECDSA", 256), "sha256", "a.example")
    assert one.not_after == datetime(2020, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize("year", [2037, 2038, 2049, 2050, 9999])
def test_both_forms_of_a_time(tmp_path: Path, year: int) -> None:
    """UTCTime has two digits of a year and goes up to 2049, GeneralizedTime has four."""
    end = datetime(year, 12, 31, 23, 59, 59)
    der = made(end=end).public_bytes(DER)
    general = f"{year}1231235959Z".encode()
    assert (general in der) is (year >= 2050)
    (tmp_path / "far.der").write_bytes(der)
    (one,) = read(tmp_path / "far.der").credentials.certificates
    assert one.not_after == end.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("make", "key"),
    [
        (lambda: rsa.generate_private_key(65537, 1024), Key("RSA", 1024)),
        (lambda: ec.generate_private_key(ec.SECP384R1()), Key("ECDSA", 384)),
        (ed25519.Ed25519PrivateKey.generate, Key("ED25519", 0)),
    ],
    ids=["rsa", "ecdsa", "ed25519"],
)
def test_keys(tmp_path: Path, make: Callable[[], Any], key: Key) -> None:
    (tmp_path / "one").write_bytes(made(make()).public_bytes(PEM))
    (one,) = read(tmp_path / "one").credentials.certificates
    assert (one.key, one.is_self_signed) == (key, True)


def test_a_list_of_revoked_certificates(tmp_path: Path) -> None:
    revoked = x509.RevokedCertificateBuilder(0x8001, BEGIN).build()
    crl = (
        x509.CertificateRevocationListBuilder(NAME, BEGIN, BEGIN + timedelta(days=2))
        .add_revoked_certificate(revoked)
        .sign(KEY, hashes.SHA256())
    )
    for encoding in (PEM, DER):
        (tmp_path / "list").write_bytes(crl.public_bytes(encoding))
        (one,) = read(tmp_path / "list").credentials.crls
        assert (one.issuer, one.revoked) == ("O=Example, CN=alice", {"80:01"})
        assert one.next_update == datetime(2020, 1, 3, tzinfo=UTC)


def keys() -> list[bytes]:
    """A private key in every form."""
    forms = serialization.PrivateFormat
    locked = serialization.BestAvailableEncryption(b"lab")
    return [
        KEY.private_bytes(encoding, form, how)
        for encoding in (PEM, DER)
        for form, how in ((forms.PKCS8, PLAIN), (forms.PKCS8, locked),
                          (forms.TraditionalOpenSSL, PLAIN))
    ]  # fmt: skip


@pytest.mark.parametrize("number", range(6))
def test_no_form_of_a_private_key_is_kept(tmp_path: Path, number: int) -> None:
    """Neither alone, nor beside a certificate, nor under its name."""
    key = keys()[number]
    path = tmp_path / "key"
    path.write_bytes(key)
    assert text_of(path) == f"{path}\n"
    assert read(path).error == "not a certificate"
    path.write_bytes(made().public_bytes(PEM) + key)
    assert text_of(path).count("-----BEGIN") == 1
    disguised = key if key[:1] == b"\x30" else made().public_bytes(DER)[:-1]
    path.write_bytes(
        b"-----BEGIN CERTIFICATE-----\n" + b64encode(disguised) + b"\n-----END CERTIFICATE-----\n"
    )
    assert text_of(path) == f"{path}\n"


def test_a_folder_and_what_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "a.pem").write_bytes(made(ca=True).public_bytes(PEM))
    (tmp_path / "b.txt").write_text("hello\n")
    (tmp_path / "inner").mkdir()
    first, second = certificate_files.parse(text_of(tmp_path), "certs")
    assert first.credentials.certificates[0].kind is Kind.AUTHORITY
    assert (second.path, second.error) == (f"{tmp_path}/b.txt", "not a certificate")


def test_what_is_not_there_says_so(tmp_path: Path) -> None:
    (file,) = certificate_files.parse(text_of(tmp_path / "gone.pem"), "certs")
    assert (file.path, file.error) == (f"{tmp_path}/gone.pem", "No such file or directory")


@pytest.mark.parametrize("damage", [lambda der: der[:-9], lambda der: b"\x30\x03\x02\x01\x01"])
def test_damaged(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    (tmp_path / "one").write_bytes(damage(made().public_bytes(DER)))
    assert read(tmp_path / "one").error == "not a certificate"


def test_a_certificate_whose_inside_is_damaged(tmp_path: Path) -> None:
    der = bytearray(made().public_bytes(DER))
    der[12:40] = bytes(28)
    (tmp_path / "one").write_bytes(bytes(der))
    assert read(tmp_path / "one").error == "not a certificate"


@pytest.mark.parametrize("text", ["relative\n", "/a\n-----BEGIN KEY-----\n", "/a"])
def test_a_text_that_is_none(text: str) -> None:
    with pytest.raises(ParseError, match="certs:"):
        certificate_files.parse(text, "certs")


def test_of_secrets_only_the_files_are_named(tmp_path: Path) -> None:
    secrets = tmp_path / "ipsec.secrets"
    (tmp_path / "there.key").write_text("KEY")
    secrets.write_text(
        '# : RSA comment.key\nalice bob : PSK "s3cret"\n: PSK 0x1234\n'
        f': RSA {tmp_path}/there.key\nalice : ECDSA gone.key "pass phrase"\n'
        f'x@y : EAP "word"\ninclude {tmp_path}/*.inc\n'
    )
    (tmp_path / "more.inc").write_text(': PKCS8 "with space.key" %prompt\n')
    said = key_files(str(secrets)).stdout
    files = certificate_files.paths(said, "secrets")
    assert [(file.path, file.error) for file in files] == [
        (f"{tmp_path}/there.key", None),
        ("/etc/ipsec.d/private/gone.key", "No such file or directory"),
        ("/etc/ipsec.d/private/with space.key", "No such file or directory"),
    ]
    for secret in ("s3cret", "0x1234", "pass", "word", "KEY"):
        assert secret not in said
