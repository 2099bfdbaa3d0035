"""charon and the certificates that it has, and those on the disk, at one moment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from check_ipsec.errors import CommandFailed, DaemonNotRunning
from check_ipsec.grammar import listcerts
from check_ipsec.host.host import Deadline, Host
from check_ipsec.host.said import text_of
from check_ipsec.host.sources import Source
from check_ipsec.model.certificates import CertificateFile, Credentials
from check_ipsec.model.configuration import Configuration
from check_ipsec.moment.answer import Daemon
from check_ipsec.moment.snapshot import read_daemon, read_patiently, spoken

LISTS = (Source.LISTCERTS, Source.LISTCACERTS, Source.LISTCRLS)
FOLDERS = (Source.CERTS, Source.CACERTS, Source.CRLS)


class Disk(NamedTuple):
    """The files of each folder; where it could not be read, why.

    ``keys`` are the files that ipsec.secrets names.
    """

    certificates: tuple[CertificateFile, ...]
    authorities: tuple[CertificateFile, ...]
    crls: tuple[CertificateFile, ...]
    keys: tuple[CertificateFile, ...]
    errors: tuple[str, ...]


class Held(NamedTuple):
    """One moment; ``disk`` is None where it was not asked for."""

    daemon: Daemon | DaemonNotRunning
    credentials: Credentials = Credentials()
    disk: Disk | None = None


def take(
    host: Host,
    deadline: Deadline,
    configuration: Configuration,
    files: Iterable[str] | None = None,
) -> Held:
    """What charon says, and where ``files`` are named, what is on the disk.

    Raises NotPermitted, CommandFailed or ParseError where charon's lists cannot be had,
    UsageError where files cannot be read for want of a library.
    """
    daemon, credentials = read_daemon(host, deadline, configuration), Credentials()
    if not isinstance(daemon, DaemonNotRunning):
        try:
            credentials = listed(host, deadline)
        except DaemonNotRunning as error:
            daemon = error
    return Held(daemon, credentials, None if files is None else disk(host, deadline, files))


def listed(host: Host, deadline: Deadline) -> Credentials:
    """What all of charon's texts list, each certificate once."""
    texts = [lists(host, deadline, source) for source in LISTS]
    certificates = (one for text in texts for one in text.certificates)
    return Credentials(
        tuple(dict.fromkeys(certificates)),
        tuple(one for text in texts for one in text.crls),
        tuple(one for text in texts for one in text.unread),
    )


def lists(host: Host, deadline: Deadline, source: Source) -> Credentials:
    """What one of charon's texts lists."""
    return listcerts.parse(read_patiently(host, source, deadline), spoken(source))


def disk(host: Host, deadline: Deadline, files: Iterable[str]) -> Disk:
    """The files in the folders, those that lie elsewhere and are named by their path."""
    from check_ipsec.grammar.certificate_files import require_library

    require_library()
    errors: list[str] = []
    elsewhere = sorted({name for name in files if name.startswith("/")})
    found = {
        source: [*of_source(host, deadline, source, "", errors)]
        for source in (*FOLDERS, Source.SECRETS)
    }
    for path in elsewhere:
        found[Source.CERTS] += of_source(host, deadline, Source.CERTS, path, errors)
    certificates, authorities, crls, keys = map(tuple, found.values())
    return Disk(certificates, authorities, crls, keys, tuple(errors))


def of_source(
    host: Host, deadline: Deadline, source: Source, path: str, errors: list[str]
) -> Iterator[CertificateFile]:
    """The files of one text; why there is none goes to ``errors``."""
    from check_ipsec.grammar import certificate_files

    parse = certificate_files.paths if source is Source.SECRETS else certificate_files.parse
    try:
        yield from parse(text_of(source, host.read(source, deadline, path)), source.file)
    except CommandFailed as error:
        errors.append(str(error))
