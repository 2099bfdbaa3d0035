"""The pictures show what the commands print now."""

import re
from html import unescape
from pathlib import Path
from xml.etree import ElementTree

import pytest

from pack import pictures
from tests.hosts import HOSTS, expected
from tests.test_readme import README

EACH = pytest.mark.parametrize("picture", pictures.PICTURES, ids=lambda picture: picture.name)
LARGEST = 200_000


def test_they_are_as_they_are_made(tmp_path: Path) -> None:
    pictures.write(tmp_path)
    for path in tmp_path.iterdir():
        assert (pictures.FOLDER / path.name).read_text() == path.read_text()


def test_no_picture_is_left_over_or_large() -> None:
    made = {picture.name for picture in pictures.PICTURES}
    paths = list(pictures.FOLDER.iterdir())
    assert {path.name for path in paths if path.suffix == ".svg"} == made
    assert max(path.stat().st_size for path in paths) < LARGEST


@EACH
def test_it_shows_the_captured_host_as_it_is_expected(picture: pictures.Picture) -> None:
    host = Path(re.search(rf"{HOSTS}/\S+", picture.command)[0])
    shown = ElementTree.parse(pictures.FOLDER / picture.name).iterfind("{*}text")
    rows = [unescape(one.text) for one in shown]
    assert max(map(len, rows)) <= pictures.COLUMNS
    lines = expected(host, "table").text.splitlines()[: picture.lines]
    assert "".join(rows[1:]) == "".join(lines)
    assert rows[0].startswith(f"$ {picture.command} |")


def test_the_readme_shows_all_of_them() -> None:
    shown = set(re.findall(r"\]\(doc/pictures/(\S+)\)", README))
    assert shown == {path.name for path in pictures.FOLDER.iterdir()}
