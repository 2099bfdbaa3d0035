"""What the files on the disk add to what charon says."""

from datetime import timedelta

from check_ipsec.model.certificates import (
    Certificate,
    CertificateFile,
    Credentials,
    Crl,
    Key,
    Kind,
)
from check_ipsec.moment.credentials import Disk, Held
from check_ipsec.truth.certificates import renewed_of
from check_ipsec.truth.on_disk import ABSENT, FOLDER, OnDisk, on_disk
from check_ipsec.truth.rounds import End, Use
from check_ipsec.truth.shelf import Shelf
from check_ipsec.truth.uses import users
from tests.certificates import NOW, seen
from tests.certificates import Charon as Host

DAY = timedelta(days=1)
LOADED = Certificate(
    Kind.END_ENTITY, "CN=alice", "CN=CA", NOW - 30 * DAY, NOW + 30 * DAY, "01", "", (), 0, 0,
    "37", ("01",), Key("ECDSA", 256), True,
)  # fmt: skip
IN_FILE = LOADED._replace(private_key=None, signature="sha256")
CA = LOADED._replace(kind=Kind.AUTHORITY, subject="CN=CA", serial="02", private_key=False)
LIST = Crl("CN=CA", NOW - DAY, NOW + DAY, "37")


def file(name: str, *inside: Certificate | Crl, error: str | None = None) -> CertificateFile:
    certificates = tuple(one for one in inside if isinstance(one, Certificate))
    crls = tuple(one for one in inside if isinstance(one, Crl))
    return CertificateFile(f"{FOLDER}/{name}", error, Credentials(certificates, crls))


def held(*files: CertificateFile, **folders: tuple[CertificateFile, ...]) -> Held:
    """charon with one certificate, and these files."""
    daemon = seen(Host()).held.daemon
    disk = Disk(files, folders.get("authorities", ()), folders.get("crls", ()),
                folders.get("keys", ()), ())  # fmt: skip
    return Held(daemon, Credentials((LOADED,), (LIST,)), disk)


def found(*files: CertificateFile, **folders: tuple[CertificateFile, ...]) -> OnDisk:
    return on_disk(held(*files, **folders), ["alice.pem"])


def renewed(disk: OnDisk) -> dict[int, str]:
    """How the loaded certificate differs from its file."""
    shelf = Shelf((LOADED,))
    use = Use("bob", End.LOCAL, ("alice.pem",), "CN=alice", frozenset(["CN=alice"]),
              frozenset(), "public key authentication")  # fmt: skip
    return renewed_of([use], shelf, users([use], shelf, disk.by_file), disk)


def test_without_files_nothing_is_added() -> None:
    assert on_disk(Held(held().daemon), ["alice.pem"]).errors == {}


def test_the_same_certificate() -> None:
    disk = found(file("alice.pem", IN_FILE))
    assert (disk.by_file, disk.others, disk.signatures) == ({"alice.pem": 0}, {}, {0: "sha256"})
    assert renewed(disk) == {}


def test_a_newer_and_another_certificate() -> None:
    newer = IN_FILE._replace(not_before=NOW, serial="09")
    assert renewed(found(file("alice.pem", newer))) == {0: "is renewed on disk only"}
    older = IN_FILE._replace(not_before=NOW - 90 * DAY, serial="08")
    assert renewed(found(file("alice.pem", older))) == {0: "is not the one on disk"}


def test_of_several_in_a_file_the_first_counts() -> None:
    assert found(file("alice.pem", IN_FILE, CA)).by_file == {"alice.pem": 0}


def test_a_path_is_a_name_too() -> None:
    elsewhere = CertificateFile("/srv/a.pem", None, Credentials((IN_FILE,)))
    assert on_disk(held(elsewhere), ["/srv/a.pem"]).by_file == {"/srv/a.pem": 0}


def test_a_file_that_is_not_there_or_cannot_be_read() -> None:
    assert found().errors == {"alice.pem": ABSENT}
    other = "not a certificate"
    assert found(file("alice.pem", error=other)).errors == {"alice.pem": other}
    disk = found(file("alice.pem", error="Permission denied"))
    # charon is root
    assert disk.errors == {"alice.pem": ""}
    assert disk.notes == (f"{FOLDER}/alice.pem: Permission denied",)


def test_a_folder_that_cannot_be_read_says_nothing_of_its_files() -> None:
    unreadable = held()
    assert unreadable.disk is not None
    errors = (f"cannot read {FOLDER}: Permission denied",)
    disk = on_disk(unreadable._replace(disk=unreadable.disk._replace(errors=errors)), ["alice.pem"])
    assert (disk.errors, disk.notes) == ({"alice.pem": ""}, errors)


def test_authorities_and_lists_that_charon_has_not_read() -> None:
    newer = LIST._replace(this_update=NOW)
    disk = found(authorities=(file("ca.pem", CA), file("end.pem", IN_FILE)),
                 crls=(file("same.crl", LIST), file("newer.crl", newer)))  # fmt: skip
    assert disk.waiting == (("certificate", f"{FOLDER}/ca.pem"), ("CRL", f"{FOLDER}/newer.crl"))


def test_key_files_that_are_not_there() -> None:
    assert found(keys=(file("a.key"), file("b.key", error=ABSENT))).missing_keys == (
        f"{FOLDER}/b.key",
    )
