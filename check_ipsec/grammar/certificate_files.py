"""The certificates on a disk, as :mod:`check_ipsec.host.certificate_files` has written them.

Sample::

    /etc/ipsec.d/certs/alice.pem
    -----BEGIN CERTIFICATE-----
    MIIBZDCCAQugAwIBAgIIJMoOhwF55fYwCgYIKoZIzj0EAwIwJzEQMA4GA1UEChMH
    -----END CERTIFICATE-----
    /etc/ipsec.d/certs/bob.pem: Permission denied

EBNF (every terminal in capitals is a line pattern below)::

    files = { file } ;
    file  = PATH, { BLOCK } | PATH_AND_ERROR ;

What is in a block is read by the library *cryptography*, which is not there everywhere.
"""

from __future__ import annotations

import re
from typing import Any

from pyparsing import Group

from check_ipsec.errors import UsageError
from check_ipsec.grammar.tokens import parse_whole, record
from check_ipsec.model.certificates import NO_CERTIFICATE, CertificateFile, Credentials

BLOCK = (
    r"-----BEGIN CERTIFICATE-----\n(?P<base64>(?:[A-Za-z0-9+/=]+\n)+)-----END CERTIFICATE-----\n"
)
PATH_AND_ERROR = r"(?P<path>/[^\n]*): (?P<error>[A-Z][^\n:]*)\n"
PATH = r"(?P<path>/[^\n]*)\n"


def _failed(found: re.Match[str]) -> CertificateFile:
    return CertificateFile(found["path"], found["error"])


block = record(BLOCK, lambda found: found["base64"], "a certificate", begin="-----BEGIN")
path_and_error = record(PATH_AND_ERROR, _failed, "a path and why it cannot be read")
path = record(PATH, lambda found: CertificateFile(found["path"], None), "a path")
file = Group(path_and_error | path + block[...])
files = file[...]


def parse(text: str, source: str) -> tuple[CertificateFile, ...]:
    """All files, in the order of the text, which ``source`` names in errors.

    Raises ParseError, and UsageError where the library is missing.
    """
    return tuple(_file(*tokens) for tokens in parse_whole(files, text, source))


def paths(text: str, source: str) -> tuple[CertificateFile, ...]:
    """The same where the files hold no certificates."""
    return tuple(tokens[0] for tokens in parse_whole(files, text, source))


def require_library() -> Any:
    """The module that reads certificates.

    Raises UsageError where its library is missing, or cannot start, as with another OpenSSL.
    """
    try:
        from check_ipsec.grammar import x509
    except ImportError:
        raise UsageError(
            "--files needs the Python library cryptography: apt install python3-cryptography"
        ) from None
    except Exception as error:
        kind = type(error).__name__
        raise UsageError(f"--files: the Python library cryptography fails: {kind}") from error
    return x509


def _file(file: CertificateFile, *blocks: str) -> CertificateFile:
    x509 = require_library()
    if file.error:
        return file
    found = [x509.read(block) for block in blocks]
    if not found or None in found:
        return file._replace(error=NO_CERTIFICATE)
    certificates = tuple(one for one in found if not x509.is_crl(one))
    return file._replace(
        credentials=Credentials(certificates, tuple(one for one in found if x509.is_crl(one)))
    )
