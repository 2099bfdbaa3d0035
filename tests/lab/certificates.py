"""Certification authorities for the hosts of the lab, made with ``pki``."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from lab.hosts import Host, run

AUTHORITIES = Path("/run/pki")
AUTHORITY = "ca"
# with pki's own form of a date
EXPIRED = ("--not-before", "01.01.20 00:00:00", "--not-after", "01.01.21 00:00:00")


def valid(begin: float, end: float) -> tuple[str, ...]:
    """Options of ``pki`` for what is good between two times, in days from now."""
    return _dates("--not-before", begin, "--not-after", end)


def _dates(first: str, begin: float, last: str, end: float) -> tuple[str, ...]:
    now = datetime.now(UTC)
    times = (f"{now + timedelta(days=days):%d.%m.%y %H:%M:%S}" for days in (begin, end))
    return (first, next(times), last, next(times))


def _make_key(name: str, kind: str = "ecdsa", bits: int = 256) -> Path:
    AUTHORITIES.mkdir(mode=0o700, exist_ok=True)
    key = AUTHORITIES / f"{name}.key"
    text = run("pki", "--gen", "--type", kind, "--size", str(bits), "--outform", "pem").stdout
    key.write_text(text)
    return key


def _authority(name: str) -> tuple[Path, Path]:
    """An authority's key and certificate, made once in a boot."""
    key, certificate = AUTHORITIES / f"{name}.key", AUTHORITIES / f"{name}.pem"
    if not certificate.exists():
        _make_key(name)
        made = run(
            *("pki", "--self", "--ca", "--in", str(key), "--type", "ecdsa"),
            *("--dn", "O=Example, CN=Example CA", "--outform", "pem"),
        )
        certificate.write_text(made.stdout)
    return key, certificate


def intermediate(name: str) -> Path:
    """Makes an authority below the usual one; its certificate, which no host has yet."""
    above, certificate_above = _authority(AUTHORITY)
    key, certificate = _make_key(name), AUTHORITIES / f"{name}.pem"
    made = run(
        *("pki", "--issue", "--ca", "--in", str(key), "--type", "ecdsa"),
        *("--cacert", str(certificate_above), "--cakey", str(above)),
        *("--dn", f"O=Example, CN={name}", "--outform", "pem"),
    )
    certificate.write_text(made.stdout)
    return certificate


def issue(subject: str) -> tuple[bytes, bytes, bytes]:
    """A new key, its certificate for ``CN=`` and this, and that of the usual authority."""
    above, authority = _authority(AUTHORITY)
    key = _make_key(subject)
    made = run(
        *("pki", "--issue", "--in", str(key), "--type", "ecdsa", "--cacert", str(authority)),
        *("--cakey", str(above), "--dn", f"CN={subject}", "--outform", "pem"),
    )
    return key.read_bytes(), made.stdout.encode(), authority.read_bytes()


def certify(
    host: Host,
    subject: str | None = None,
    *options: str,
    authority: str = AUTHORITY,
    kind: str = "ecdsa",
    bits: int = 256,
) -> None:
    """Gives ``host`` the certificate of the usual authority, its own and its key.

    The subject is by default ``CN=`` and the name of the host. ``options`` of ``pki
    --issue`` and another ``authority`` make a certificate that peers must not accept.
    """
    authority_key, authority_certificate = _authority(authority)
    key = _make_key(host.name, kind, bits)
    made = run(
        *("pki", "--issue", "--in", str(key), "--type", kind),
        *("--cacert", str(authority_certificate), "--cakey", str(authority_key)),
        *("--dn", subject or f"CN={host.name}", "--outform", "pem", *options),
    )
    host.write("/etc/ipsec.d/cacerts/ca.pem", _authority(AUTHORITY)[1].read_bytes())
    host.write(f"/etc/ipsec.d/certs/{host.name}.pem", made.stdout)
    host.write(f"/etc/ipsec.d/private/{host.name}.key", key.read_bytes(), 0o600)


def revoke(revoked: Host, told: Host, *days: float) -> None:
    """Gives ``told`` a list of revoked certificates with the one of ``revoked``.

    ``days``, from now, are when it was made and when the next one is due.
    """
    key, certificate = _authority(AUTHORITY)
    certified = AUTHORITIES / f"{revoked.name}.pem"
    certified.write_bytes(revoked.read(f"/etc/ipsec.d/certs/{revoked.name}.pem"))
    made = run(
        *("pki", "--signcrl", "--cacert", str(certificate), "--cakey", str(key)),
        *("--reason", "key-compromise", "--cert", str(certified), "--outform", "pem"),
        *(_dates("--this-update", days[0], "--next-update", days[1]) if days else ()),
    )
    told.write("/etc/ipsec.d/crls/ca.pem", made.stdout)
