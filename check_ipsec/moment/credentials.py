"""charon and the certificates that it has, and those on the disk, at one moment."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from check_ipsec.errors import CommandFailed, DaemonNotRunning
from check_ipsec.grammar import listcerts
from check_ipsec.host.host import Deadline, Host
from check_ipsec.host.said import text_of
from check_ipsec.host.sources import Source
from check_ipsec.model.certificates import CertificateFile, Credentials
from check_ipsec.model.configuration import Configuration
from check_ipsec.model.unread import UnreadLine
from check_ipsec.moment.answer import Daemon
from check_ipsec.moment.snapshot import read_daemon, read_patiently, spoken

BY_STROKE = (Source.LISTCERTS, Source.LISTCACERTS, Source.LISTCRLS)
LISTS = (*BY_STROKE, Source.LIST_CERTS)
FOLDERS = (Source.CERTS, Source.CACERTS, Source.CRLS)
# where swanctl has the same
OF_SWANCTL = {
    Source.CERTS: "/etc/swanctl/x509",
    Source.CACERTS: "/etc/swanctl/x509ca",
    Source.CRLS: "/etc/swanctl/x509crl",
}
# what swanctl says of a certificate that it cannot print (list_certs.c)
UNPRINTED = re.compile(
    r"(?m)^(?:parsing certificate failed|received incomplete certificate data"
    r"|unsupported certificate .*)$"
)


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
            credentials = listed(host, deadline, configuration)
        except DaemonNotRunning as error:
            daemon = error
    found = None if files is None else disk(host, deadline, configuration, files)
    return Held(daemon, credentials, found)


def listed(host: Host, deadline: Deadline, configuration: Configuration) -> Credentials:
    """What charon lists, each certificate once.

    Where both files list connections and charon has no VICI, stroke lists those that it has.
    """
    if configuration.over_vici:
        try:
            return together([over_vici(host, deadline)])
        except DaemonNotRunning:
            if len(with_sections(configuration)) < 2:
                raise
    return together([lists(host, deadline, source) for source in BY_STROKE])


def certificate_lists(configuration: Configuration) -> tuple[Source, ...]:
    """The sources that charon's certificates are read from."""
    return (Source.LIST_CERTS,) if configuration.over_vici else BY_STROKE


def with_sections(configuration: Configuration) -> set[bool]:
    """Whether connections are of swanctl.conf; of a mixed host there are both."""
    return {one.section is not None for one in configuration.connections}


def together(texts: list[Credentials]) -> Credentials:
    """What several texts list."""
    certificates = (one for text in texts for one in text.certificates)
    return Credentials(
        tuple(dict.fromkeys(certificates)),
        tuple(one for text in texts for one in text.crls),
        tuple(one for text in texts for one in text.unread),
    )


def over_vici(host: Host, deadline: Deadline) -> Credentials:
    """What swanctl lists; what it could not print, it says elsewhere, and is unread."""
    output = host.read(Source.LIST_CERTS, deadline)
    if output.timed_out and host.can_read_again(deadline):
        output = host.read(Source.LIST_CERTS, deadline)
    text = text_of(Source.LIST_CERTS, output)
    if output.exit:
        # nothing ends the text, so it may be cut
        raise CommandFailed(f"{' '.join(output.asked)}: exit status {output.exit}")
    found = listcerts.parse(text, spoken(Source.LIST_CERTS))
    lost = (UnreadLine(listcerts.SECTION, number, text)
            for number, text in enumerate(UNPRINTED.findall(output.stderr), 1))  # fmt: skip
    return found._replace(unread=(*found.unread, *lost))


def lists(host: Host, deadline: Deadline, source: Source) -> Credentials:
    """What one of charon's texts lists."""
    return listcerts.parse(read_patiently(host, source, deadline), spoken(source))


def disk(
    host: Host, deadline: Deadline, configuration: Configuration, files: Iterable[str]
) -> Disk:
    """The files in the folders, those that lie elsewhere and are named by their path.

    The folders are those of ipsec.conf, of swanctl.conf or both, as the connections are.
    """
    from check_ipsec.grammar.certificate_files import require_library

    require_library()
    errors: list[str] = []
    found: dict[Source, list[CertificateFile]] = {one: [] for one in (*FOLDERS, Source.SECRETS)}
    kinds = with_sections(configuration) or {False}
    if False in kinds:
        for source in found:
            found[source] += of_source(host, deadline, source, "", errors)
    if True in kinds:
        for source, folder in OF_SWANCTL.items():
            found[source] += of_source(host, deadline, source, folder, errors)
    listed = {one.path for one in found[Source.CERTS]}
    for path in sorted({name for name in files if is_elsewhere(name)} - listed):
        found[Source.CERTS] += of_source(host, deadline, Source.CERTS, path, errors)
    certificates, authorities, crls, keys = map(tuple, found.values())
    return Disk(certificates, authorities, crls, keys, tuple(errors))


def is_elsewhere(name: str) -> bool:
    """Whether a file is named by its path and in no folder that is read."""
    folders = (Source.CERTS.words[0], OF_SWANCTL[Source.CERTS])
    return name.startswith("/") and name.rpartition("/")[0] not in folders


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
