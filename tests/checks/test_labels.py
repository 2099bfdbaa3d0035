"""The site's own map of its connections: said where many are down, an error at once."""

import json
from pathlib import Path

import pytest

from check_ipsec.checks.ipsec import main
from tests.hosts import ROOT

DOWN = f"--captured={ROOT / 'fixtures/hosts/one-family-filtered'}"
UP = f"--captured={ROOT / 'fixtures/hosts/mesh-all-up'}"


def test_what_is_down_has_its_labels_in_common(capsys: pytest.CaptureFixture[str]) -> None:
    main([DOWN, "--json", "--label", "*_v6=site:esams", "--label", "*=rack:a1"])
    (group,) = json.loads(capsys.readouterr().out)["groups"]
    assert group["traits"][0] == "of site esams"
    assert "of rack a1" not in group["traits"]
    main([UP, "--json", "--label", "*=rack:a1"])
    assert json.loads(capsys.readouterr().out)["groups"] == []


@pytest.mark.parametrize("host", [DOWN, UP])
def test_a_map_that_is_none_is_an_error_before_it_is_needed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, host: str
) -> None:
    path = tmp_path / "map"
    path.write_text("cp3*=site:esams\ncp4*\n")
    assert main([host, "--labels", str(path)]) == 3
    said = capsys.readouterr().out
    assert said == f"IPSEC UNKNOWN - {path}:2: not GLOB=key:value\n"
    assert main([host, "--label", "cp3*=site"]) == 3
    said = capsys.readouterr().out
    assert said == "IPSEC UNKNOWN - --label cp3*=site: not GLOB=key:value\n"
