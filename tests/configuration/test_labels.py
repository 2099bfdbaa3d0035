"""Labels of the site's own."""

import time
from pathlib import Path

import pytest

from check_ipsec.configuration.labels import Label, labels_of, parse_label, read_labels
from check_ipsec.errors import ParseError, UsageError
from tests.metrics.saying import say_host, series


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("cp3*=site:esams", Label("cp3*", "site", "esams")),
        ("cp3* = site : esams east", Label("cp3*", "site", "esams east")),
        ("a=b=site:x=y:z", Label("a=b", "site", "x=y:z")),
        ("[ab]*=_x1:1", Label("[ab]*", "_x1", "1")),
        ("*=site:a\x1bb", Label("*", "site", "a\\x1bb")),
    ],
)
def test_a_label(text: str, label: Label) -> None:
    assert parse_label(text) == label


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "not GLOB=key:value"),
        ("cp3*", "not GLOB=key:value"),
        ("=site:x", "not GLOB=key:value"),
        ("cp3*=site", "not GLOB=key:value"),
        ("cp3*=site:", "not GLOB=key:value"),
        ("cp3*=si-te:x", "not GLOB=key:value"),
        ("cp3*=1st:x", "1st is no name of a label"),
        ("cp3*=__name__:x", "__name__ is no name of a label"),
        ("cp3*=state:x", "state is a label of ipsec-metrics itself"),
    ],
)
def test_a_label_that_is_none(text: str, problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        parse_label(text, taken=("state",))


def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "labels"
    path.write_text("# sites\n\n  cp3*=site:esams\r\ncp3001_v4=peer:cp3001\n")
    assert [*read_labels(str(path))] == [
        Label("cp3*", "site", "esams"), Label("cp3001_v4", "peer", "cp3001")
    ]  # fmt: skip


def test_an_error_in_a_file_has_its_line(tmp_path: Path) -> None:
    path = tmp_path / "labels"
    path.write_text("cp3*=site:esams\n# fine\nsecret of another file\n")
    with pytest.raises(ParseError) as error:
        [*read_labels(str(path))]
    assert str(error.value) == f"{path}:3: not GLOB=key:value"


@pytest.mark.parametrize("name", ["missing", ""])
def test_a_file_that_is_none(tmp_path: Path, name: str) -> None:
    said = say_host("mesh-all-up", "--labels", str(tmp_path / name))
    assert (said.exit, said.text) == (2, "")
    assert said.complaints.startswith(f"ipsec-metrics: {tmp_path}")


def test_the_first_that_matches_counts() -> None:
    labels = [Label("*_v4", "site", "a"), Label("*", "site", "b"), Label("*", "peer", "p")]
    assert labels_of(["bob_v4", "bob_v6"], labels) == {
        "bob_v4": (("peer", "p"), ("site", "a")), "bob_v6": (("peer", "p"), ("site", "b"))
    }  # fmt: skip


@pytest.mark.parametrize(
    ("glob", "name", "matches"),
    [("*_v4", "BOB_V4", False), ("bob", "bob", True), ("bob", "bobby", False),
     ("b?b", "bob", True), ("[ab]ob", "bob", True), ("[!b]ob", "bob", False),
     ("*", "a\nb", True), ("b*", "bob", True), ("b**", "bob", True),
     ("c*", "bob", False), ("ob", "bob", False)],
)  # fmt: skip
def test_a_glob_is_of_the_whole_name(glob: str, name: str, matches: bool) -> None:
    assert bool(labels_of([name], [Label(glob, "site", "a")])[name]) == matches


def test_the_file_of_a_fleet_is_no_burden() -> None:
    names = [f"cp{number:04d}_v{family}" for number in range(65) for family in (4, 6)]
    labels = [Label(f"cp{number:04d}_*", "site", "a") for number in range(5000)]
    begin = time.process_time()
    assert all(labels_of(names, labels).values())
    assert time.process_time() - begin < 1


def test_options_come_before_files_and_only_connections_have_them(tmp_path: Path) -> None:
    path = tmp_path / "labels"
    path.write_text("*=site:file\n*=peer:p\n")
    words = ("--format", "json", "--label", "bob*=site:option", "--labels", str(path))
    found = series(say_host("mesh-all-up", *words).text)
    assert found["ipsec_connection_ike_sas", "connection=bob_v4", "peer=p", "site=option"] == 1
    assert found["ipsec_connection_ike_sas", "connection=carol_v4", "peer=p", "site=file"] == 1
    assert found["ipsec_ike_sas",] == 4
