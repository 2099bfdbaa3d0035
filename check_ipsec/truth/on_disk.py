"""The certificates on the disk against those that charon has.

A certificate is the same in both where its serial number, its times and its key are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from check_ipsec.model.certificates import (
    NO_CERTIFICATE,
    Certificate,
    CertificateFile,
    Crl,
    Kind,
)
from check_ipsec.moment.credentials import Disk, Held

FOLDER = "/etc/ipsec.d/certs"
ABSENT = "No such file or directory"


class OnDisk(NamedTuple):
    """What the disk adds.

    Files have the name that connections have for them: ``by_file`` are the numbers of the
    certificates that charon has of them, ``others`` those that charon does not have, ``errors``
    why charon cannot load them. ``signatures`` are the hashes by number. ``waiting`` are
    authorities and their lists that charon does not have. ``notes`` are what this user could
    not read.
    """

    by_file: dict[str, int]
    others: dict[str, Certificate]
    errors: dict[str, str]
    signatures: dict[int, str]
    waiting: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    missing_keys: tuple[str, ...] = ()


NOTHING = OnDisk({}, {}, {}, {}, (), ())


def on_disk(held: Held, named: Iterable[str]) -> OnDisk:
    """What the disk adds to what charon has; ``named`` are configured files."""
    if held.disk is None:
        return NOTHING
    loaded = {same(one): number for number, one in enumerate(held.credentials.certificates)}
    files = {file.path: file for file in held.disk.certificates}
    found = OnDisk({}, {}, {}, signatures(held.disk, loaded), (), ())
    for name in named:
        file = files.get(path_of(name))
        if file is None or file.error:
            found.errors[name] = why_not(file, held.disk, folder_of(name))
            continue
        for one in file.credentials.certificates[:1]:
            if same(one) in loaded:
                found.by_file[name] = loaded[same(one)]
            else:
                found.others[name] = one
    return found._replace(
        waiting=tuple(waiting(held, loaded.keys())),
        notes=tuple(unreadable(held.disk)),
        missing_keys=tuple(file.path for file in held.disk.keys if file.error == ABSENT),
    )


def path_of(name: str) -> str:
    """Where a file lies that a connection names."""
    return name if name.startswith("/") else f"{FOLDER}/{name}"


def folder_of(name: str) -> str:
    """The folder of that file."""
    return path_of(name).rpartition("/")[0]


def why_not(file: CertificateFile | None, disk: Disk, folder: str) -> str:
    """Why charon cannot load a file, as far as that can be known: root may read more."""
    if file is None:
        return "" if any(folder in error for error in disk.errors) else ABSENT
    return file.error if file.error in (ABSENT, NO_CERTIFICATE) else ""


def same(one: Certificate) -> tuple[object, ...]:
    """What two have in common that are the same."""
    return one.serial, one.not_before, one.not_after, one.subject_keys[-1:]


def signatures(disk: Disk, loaded: dict[tuple[object, ...], int]) -> dict[int, str]:
    """The hashes of the signatures of loaded certificates."""
    return {
        loaded[same(one)]: one.signature
        for file in (*disk.certificates, *disk.authorities)
        for one in file.credentials.certificates
        if one.signature and same(one) in loaded
    }


def waiting(held: Held, loaded: Iterable[tuple[object, ...]]) -> Iterator[tuple[str, str]]:
    """Authorities, and lists newer than charon's, that charon has not read; their nouns."""
    disk, known = held.disk, set(loaded)
    for file in disk.authorities if disk else ():
        for one in file.credentials.certificates:
            if one.kind is Kind.AUTHORITY and same(one) not in known:
                yield "certificate", file.path
    for file in disk.crls if disk else ():
        if any(is_newer(crl, held.credentials.crls) for crl in file.credentials.crls):
            yield "CRL", file.path


def is_newer(crl: Crl, others: Iterable[Crl]) -> bool:
    """Whether charon has no list of the same authority that is as new."""
    return not any(
        other.authority_key == crl.authority_key
        and other.this_update is not None
        and crl.this_update is not None
        and other.this_update >= crl.this_update
        for other in others
    )


def unreadable(disk: Disk) -> Iterator[str]:
    """What this user could not read."""
    yield from disk.errors
    for file in (*disk.certificates, *disk.authorities, *disk.crls, *disk.keys):
        if file.error and file.error != ABSENT:
            yield f"{file.path}: {file.error}"
