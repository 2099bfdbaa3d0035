"""What the disk holds of certificates, as a text without any key.

A folder, or a file, is read as lines ``PATH``, each with the certificates and lists of
revoked ones that are in that file in PEM, or ``PATH: why it could not be read``. What does not
have the outer form of either, such as a private key, is left out. Of ipsec.secrets the
text has the paths of the key files that it names, and whether each is there.
"""

from __future__ import annotations

import binascii
import os
import re
from base64 import b64encode
from collections.abc import Iterator

from check_ipsec.host.files import DiskFiles, encoded
from check_ipsec.host.sources import Output
from check_ipsec.untrusted import plain

PEM = re.compile(rb"-----BEGIN (?:X509 |TRUSTED )?(CERTIFICATE|CRL)-----(.*?)-----END ", re.DOTALL)
SEQUENCE, BIT_STRING = 0x30, 0x03
KEYS = "/etc/ipsec.d/private"
SECRET = re.compile(r"^[^#\n]*:[ \t]*(?:RSA|ECDSA|BLISS|PKCS8)[ \t]+(\"[^\"\n]+\"|[^\s\"]+)", re.M)
INCLUDE = re.compile(r"^include[ \t]+(\S+)", re.M)
MOST = 1000


def certificates(path: str) -> Output:
    """The certificates in a folder or in a file."""
    try:
        paths = DiskFiles().glob(f"{path}/*") if os.path.isdir(path) else [path]  # noqa: PTH112
    except OSError as error:
        return Output((path,), "", error.strerror or str(error), exit=1)
    return Output((path,), "".join(map(of_file, paths[:MOST])))


def of_file(path: str) -> str:
    """The certificates in a file."""
    try:
        data = encoded(DiskFiles().read(path))
    except OSError as error:
        return f"{plain(path)}: {error.strerror}\n"
    blocks = "".join(map(in_pem, ders(data)))
    return f"{plain(path)}\n{blocks}"


def ders(data: bytes) -> Iterator[bytes]:
    """Certificates and lists of revoked ones in DER, and nothing else."""
    found = [data] if data[:1] == bytes([SEQUENCE]) else list(decoded(data))
    return (der for der in found if is_signed(der))


def decoded(data: bytes) -> Iterator[bytes]:
    """What is in the blocks of PEM."""
    return (binary(text) for _, text in PEM.findall(data))


def binary(text: bytes) -> bytes:
    """What base64 stands for, nothing where it is damaged."""
    try:
        return binascii.a2b_base64(text)
    except binascii.Error:
        return b""


def is_signed(der: bytes) -> bool:
    """Whether it has the outer form of both: what is signed, how, and the signature.

    No form of a private key has three such parts (RFC 5280, 4.1 and 5.1; RFC 5958).
    """
    outer = element(der, 0)
    if outer is None or outer[0] != SEQUENCE or outer[2] != len(der):
        return False
    tags, place = [], outer[1]
    while place < len(der):
        inner = element(der, place)
        if inner is None:
            return False
        tags.append(inner[0])
        place = inner[2]
    return tags == [SEQUENCE, SEQUENCE, BIT_STRING]


def element(der: bytes, place: int) -> tuple[int, int, int] | None:
    """Tag, begin and end of what stands at a place, None where it is cut."""
    if place + 2 > len(der):
        return None
    length, begin = der[place + 1], place + 2
    if length & 0x80:
        digits = length & 0x7F
        length = int.from_bytes(der[begin : begin + digits], "big")
        begin += digits
    end = begin + length
    return (der[place], begin, end) if end <= len(der) else None


def in_pem(der: bytes) -> str:
    """In PEM; whether it is a certificate or a list, its reader finds out."""
    text = b64encode(der).decode()
    lines = "\n".join(text[start : start + 64] for start in range(0, len(text), 64))
    return f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n"


def key_files(path: str) -> Output:
    """The key files that ipsec.secrets names; nothing else of it."""
    try:
        paths = dict.fromkeys(named_keys(path, 5))
    except OSError as error:
        return Output((path,), "", error.strerror or str(error), exit=1)
    return Output((path,), "".join(map(presence, paths)))


def named_keys(path: str, depth: int) -> Iterator[str]:
    """The paths of key files in a file of secrets and in what it includes."""
    text = DiskFiles().read(path)
    for name in SECRET.findall(text):
        bare = name.strip('"')
        yield bare if bare.startswith("/") else f"{KEYS}/{bare}"
    for pattern in INCLUDE.findall(text) if depth else ():
        whole = pattern if pattern.startswith("/") else f"{path.rpartition('/')[0]}/{pattern}"
        for one in DiskFiles().glob(whole):
            yield from named_keys(one, depth - 1)


def presence(path: str) -> str:
    """A path, and why there is no file."""
    try:
        os.stat(encoded(path))  # noqa: PTH116
    except OSError as error:
        return f"{plain(path)}: {error.strerror}\n"
    return f"{plain(path)}\n"
