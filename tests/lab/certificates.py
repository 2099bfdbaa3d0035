"""A certification authority for the hosts of the lab, made with ``pki``."""

from pathlib import Path

from lab.hosts import Host, run

AUTHORITY = Path("/run/pki")


def _make_key(name: str) -> Path:
    key = AUTHORITY / f"{name}.key"
    text = run("pki", "--gen", "--type", "ecdsa", "--size", "256", "--outform", "pem").stdout
    key.write_text(text)
    return key


def _authority() -> tuple[Path, Path]:
    """The authority's key and certificate, made once in a boot."""
    key, certificate = AUTHORITY / "ca.key", AUTHORITY / "ca.pem"
    if not certificate.exists():
        AUTHORITY.mkdir(mode=0o700)
        _make_key("ca")
        made = run(
            *("pki", "--self", "--ca", "--in", str(key), "--type", "ecdsa"),
            *("--dn", "O=Example, CN=Example CA", "--outform", "pem"),
        )
        certificate.write_text(made.stdout)
    return key, certificate


def certify(host: Host, subject: str | None = None) -> None:
    """Gives ``host`` the authority's certificate, its own and its key.

    The subject is by default ``CN=`` and the name of the host.
    """
    authority_key, authority_certificate = _authority()
    key = _make_key(host.name)
    made = run(
        *("pki", "--issue", "--in", str(key), "--type", "ecdsa"),
        *("--cacert", str(authority_certificate), "--cakey", str(authority_key)),
        *("--dn", subject or f"CN={host.name}", "--outform", "pem"),
    )
    host.write("/etc/ipsec.d/cacerts/ca.pem", authority_certificate.read_bytes())
    host.write(f"/etc/ipsec.d/certs/{host.name}.pem", made.stdout)
    host.write(f"/etc/ipsec.d/private/{host.name}.key", key.read_bytes(), 0o600)
