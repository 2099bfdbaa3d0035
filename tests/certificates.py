"""Hosts whose certificates a test makes up, as charon would print them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from check_ipsec.host.host import Deadline, Way
from check_ipsec.host.sources import Output, Source
from check_ipsec.truth.certificates import Asked, Observation, observe

NOW = datetime(2026, 11, 28, 8, 0, tzinfo=UTC)
CA = "O=Example, CN=Example CA"
CA_KEY = "37:9a"


class Cert(NamedTuple):
    """A certificate by what tests change; times are days from NOW."""

    subject: str = "CN=alice"
    begin: float = -30.0
    end: float = 300.5
    key: str = "ECDSA 256 bits"
    private: bool = False
    serial: str = "01"
    issuer: str = CA
    authority_key: str = CA_KEY
    subject_key: str = ""
    alt_names: str = ""
    extra: str = ""

    def text(self, now: datetime = NOW, zone: str = "UTC ") -> str:
        """As certificate_printer.c prints it."""
        times = (now + timedelta(seconds=round(days * 86400)) for days in (self.begin, self.end))
        begin, end = (f"{time:%b %d %H:%M:%S} {zone}{time.year:04}" for time in times)
        names = f"  altNames:  {self.alt_names}\n" if self.alt_names else ""
        has = ", has private key" if self.private else ""
        own = self.subject_key or f"{sum(map(ord, self.subject + self.serial)) % 100:02}"
        return (
            f'\n  subject:  "{self.subject}"\n  issuer:   "{self.issuer}"\n'
            f"  validity:  not before {begin}, ok\n             not after  {end}, ok\n"
            f"  serial:    {self.serial}\n{names}{self.extra}"
            f"  authkeyId: {self.authority_key}\n  subjkeyId: {own}\n"
            f"  pubkey:    {self.key}{has}\n"
        )


AUTHORITY = Cert(
    CA, -60.0, 900.5, serial="ca", subject_key=CA_KEY, extra="  flags:     CA self-signed \n"
)
ALICE = Cert(private=True)
BOB = Cert("CN=bob", serial="02")


class Round(NamedTuple):
    """How an end authenticates: identity, method, the subject it was loaded with, its file."""

    identity: str = "CN=alice"
    method: str = "public key"
    subject: str = ""
    file: str = ""


class Connection(NamedTuple):
    """A connection, loaded by charon; ``settings`` are more lines of ipsec.conf."""

    name: str = "bob"
    local: Round = Round(subject="CN=alice", file="alice.pem")
    remote: Round = Round("CN=bob")
    settings: str = ""
    up: bool = True
    loaded: bool = True

    def section(self) -> str:
        """Its section of ipsec.conf."""
        files = "".join(
            f"    {end}cert={one.file}\n"
            for end, one in (("left", self.local), ("right", self.remote)) if one.file
        )  # fmt: skip
        return (
            f"conn {self.name}\n    left=10.1.0.1\n    right=10.1.0.2\n    auto=start\n"
            f"{files}{self.settings}\n"
        )

    def head(self) -> str:
        """What statusall has of it as a connection."""
        name = f"{self.name:>12}"
        lines = [f"{name}:  10.1.0.1...10.1.0.2  IKEv2"]
        for end, one in (("local: ", self.local), ("remote:", self.remote)):
            identity = f"[{one.identity}] " if one.identity else ""
            lines.append(f"{name}:   {end} {identity}uses {one.method} authentication")
            if one.subject:
                lines.append(f'{name}:    cert:  "{one.subject}"')
        lines.append(f"{name}:   child:  dynamic === dynamic TUNNEL")
        return "".join(f"{line}\n" for line in lines) if self.loaded else ""

    def sa(self, number: int) -> str:
        """What statusall has of its IKE_SA."""
        if not self.up or not self.loaded:
            return ""
        name, ends = f"{self.name:>12}[{number}]", (self.local.identity, self.remote.identity)
        return (
            f"{name}: ESTABLISHED 9 seconds ago, 10.1.0.1[{ends[0]}]...10.1.0.2[{ends[1]}]\n"
            f"{name}: IKEv2 SPIs: {number:016x}_i* {number:016x}_r, rekeying in 2 hours\n"
        )


class Charon:
    """A host with these; ``texts`` replace what a source says."""

    def __init__(
        self,
        certificates: Iterable[Cert] = (ALICE, BOB),
        connections: Iterable[Connection] = (Connection(),),
        authorities: Iterable[Cert] = (AUTHORITY,),
        *,
        crls: str = "",
        setup: str = "",
        now: datetime = NOW,
        **texts: str,
    ) -> None:
        self.path = "/etc/ipsec.conf"
        self.swanctl: str | None = None
        self.way = Way.AUTO
        self.files = self
        self.time: datetime | None = now
        listed = list(connections)
        self.configuration = f"config setup\n{setup}\n" + "".join(c.section() for c in listed)
        heads = "".join(one.head() for one in listed)
        sas = [one.sa(number) for number, one in enumerate(listed, 1)]
        self.texts = {
            "STATUSALL": f"""\
Status of IKE charon daemon (strongSwan 5.9.8, Linux 6.1.0, x86_64):
  uptime: 3 seconds, since Nov 28 07:26:21 2026
Listening IP addresses:
Connections:
{heads}Security Associations ({len(list(filter(None, sas)))} up, 0 connecting):
{"".join(sas) or "  none" + chr(10)}""",
            "LISTCERTS": self.listed("X.509 End Entity Certificates", certificates),
            "LISTCACERTS": self.listed("X.509 CA Certificates", authorities),
            "LISTCRLS": crls,
            **texts,
        }

    @staticmethod
    def listed(what: str, certificates: Iterable[Cert]) -> str:
        """A list as charon prints it, nothing where nothing is in it."""
        inner = "".join(one.text() for one in certificates)
        return f"\nList of {what}\n{inner}" if inner else ""

    def read(
        self, source: Source | str, _deadline: Deadline | None = None, _argument: str = ""
    ) -> Output | str:
        """A source; or, as its own files, ipsec.conf."""
        if isinstance(source, str):
            return self.configuration
        return Output(("/usr/sbin/ipsec", *source.words[1:]), self.texts[source.name])

    def glob(self, _pattern: str) -> list[str]:
        return []

    def can_read_again(self, _deadline: Deadline) -> bool:
        return False

    def keep(self, folder: Path) -> Path:
        """The same as a captured folder."""
        folder.mkdir()
        (folder / "ipsec.conf").write_text(self.configuration)
        for name, text in self.texts.items():
            (folder / Source[name].file).write_text(text)
        when = f'"{self.time.isoformat()}"' if self.time else "null"
        (folder / "capture.json").write_text(f'{{"time": {when}, "commands": {{}}}}\n')
        return folder


def crl(
    next_update: float, issuer: str = CA, key: str = CA_KEY, serials: tuple[str, ...] = ()
) -> str:
    """A text of listcrls with one list, whose next update is so many days from NOW."""
    times = (NOW + timedelta(days=days) for days in (-20.0, next_update))
    begin, end = (f"{time:%b %d %H:%M:%S UTC %Y}" for time in times)
    rows = "".join(f"    {serial}: {begin}, key compromise\n" for serial in serials)
    number = f"{len(serials)} revoked certificate{'s' * (len(serials) != 1)}"
    return (
        f'\nList of X.509 CRLs\n\n  issuer:   "{issuer}"\n  update:    this on {begin}, ok\n'
        f"             next on {end}, ok\n  serial:    01\n  authKeyId: {key}\n"
        f"  {number}{':' * bool(serials)}\n{rows}"
    )


def seen(host: Charon) -> Observation:
    """What is known of a host."""
    return observe(host, Asked(pause=0.0))


def flaws(host: Charon) -> dict[str, list[str]]:
    """What is wrong, by subject, but for how long each still has."""
    return {
        item.subject: words
        for item in seen(host).items
        if (words := [text for _, text in item.flaws if not text.startswith("ends in")])
    }
