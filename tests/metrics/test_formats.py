"""How series are written: whole texts, and what is hard about each format."""

import json
import subprocess
import sys

import pytest

from check_ipsec.metrics import graphite, influx
from check_ipsec.metrics.formats import FORMATS
from check_ipsec.metrics.numbers import number
from check_ipsec.metrics.series import METRICS, SUCCESS, Family, Sample, families, wanted
from tests.hosts import ROOT
from tests.metrics.saying import OPTIONS, READING, say, say_host, series, total, whole

NOW = 1795484803.5
STATE = {metric.name: metric for metric in METRICS}["connection_state"]
BYTES = {metric.name: metric for metric in METRICS}["connection_bytes_total"]


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize("name", FORMATS)
def test_a_whole_reading(name: str) -> None:
    assert whole(name) == (READING / "expected" / name).read_text()


def test_every_metric_but_the_reason_is_in_the_reading() -> None:
    found = {
        one[0] for one in series((READING / "expected/json").read_text().replace(" T}", " 0}"))
    }
    assert {f"ipsec_{metric.name}" for metric in METRICS} - found == {"ipsec_connection_reason"}


def family(*names: str) -> Family:
    return Family(STATE, tuple(
        Sample(STATE.name, 1, (("connection", name), ("state", "established"))) for name in names
    ))  # fmt: skip


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("bob", "bob"),
        ("a,b=c d", r"a\,b\=c\ d"),
        ("back\\slash", "back\\slash"),
        ("end\\", r"end\x5c"),
        ('"quoted"', '"quoted"'),
        ("grün", "grün"),
    ],
)
def test_a_tag_is_escaped(name: str, tag: str) -> None:
    (line,) = influx.render([family(name)], NOW).splitlines()
    assert line == (
        f"ipsec_connection_state,connection={tag},state=established value=1 1795484803500000000"
    )


def test_a_field_keeps_its_type() -> None:
    counted = Family(BYTES, (Sample(BYTES.name, 2**63 - 1, (("connection", "bob"),)),))
    assert influx.render([counted], NOW) == (
        "ipsec_connection_bytes_total,connection=bob value=9223372036854775807i "
        "1795484803500000000\n"
    )


def test_a_path_has_no_dots_of_names() -> None:
    text, notes = graphite.render([family("cp1.esams/bob v4")], "p", NOW)
    assert text == "p.connection_state.cp1_esams_bob_v4.established 1 1795484803\n"
    assert notes == ()


def test_two_connections_do_not_share_a_path() -> None:
    text, notes = graphite.render([family("a.b", "a_b")], "", NOW)
    assert text == "connection_state.a_b.established 1 1795484803\n"
    assert notes == ("a_b, established: left out, for connection_state.a_b.established is another "
                     "one's path already",)  # fmt: skip


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (1, "1"), (2**53 + 1, "9007199254740993"), (0.5, "0.5"), (1e-6, "0.000001"),
     (1.795484803e9, "1795484803"), (1795484803.123456, "1795484803.123456")],
)  # fmt: skip
def test_a_number_is_written_in_full(value: float, text: str) -> None:
    assert number(value) == text


def test_of_the_same_series_the_first_counts() -> None:
    (found,) = families([Sample(SUCCESS, 1), Sample(SUCCESS, 0)])
    assert [one.value for one in found.samples] == [1]


def test_what_is_not_known_is_no_series() -> None:
    assert [*families([Sample("charon_uptime_seconds", None)])] == []


@pytest.mark.parametrize(
    ("glob", "names"),
    [("connection_late*", ["connection_late_packets_total"]),
     ("ipsec_connection_late_packets_total", ["connection_late_packets_total"]),
     ("nothing", [])],
)  # fmt: skip
def test_metrics_are_left_out(glob: str, names: list[str]) -> None:
    assert [metric.name for metric in METRICS if not wanted(metric.name, [glob])] == names


def test_nothing_leaves_out_the_success() -> None:
    said = say_host("mesh-all-up", "--without", "*")
    assert [line for line in said.text.splitlines() if line[0] != "#"] == [
        "ipsec_reading_success 1.0"
    ]


def test_names_cannot_smuggle_a_series() -> None:
    """A line feed, a quote or an escape in a name stays within its label."""
    said = say_host("name-with-a-line-feed")
    assert all(line.startswith(("#", "ipsec_")) for line in said.text.splitlines())
    assert "\x1b" not in say_host("names").text


def test_a_certificate_with_the_subject_of_another_ends_with_the_first() -> None:
    text = (READING / "listcerts").read_text()
    assert text.count("CN=bob") == 1
    found = series(say("--captured", str(READING), "--format", "json", *OPTIONS).text)
    ends = {one[1]: value for one, value in found.items() if one[0].startswith("ipsec_cert")}
    assert ends == {
        "certificate=CN=alice": 1890461733,
        "certificate=CN=bob": 1890461740,
        "certificate=O=Example, CN=Example CA": 1890461731,
    }


def test_the_other_formats_need_no_library() -> None:
    """Nor is it imported for them, which takes as long as the rest."""
    program = (
        "import sys; sys.modules['prometheus_client'] = None; "
        "from check_ipsec.metrics.command import main; sys.exit(main(sys.argv[1:]))"
    )
    words = [sys.executable, "-c", program, "--captured", str(READING), "--format"]
    for name in FORMATS:
        done = subprocess.run([*words, name], capture_output=True, text=True, cwd=ROOT)
        if name == "prometheus":
            assert (done.returncode, done.stdout) == (2, "")
            needs = "needs the library prometheus_client (python3-prometheus-client): import of"
            assert done.stderr.startswith(f"ipsec-metrics: --format prometheus {needs}")
            assert done.stderr.count("\n") == 1
        else:
            assert (done.returncode, done.stderr) == (0, "")


def test_json_is_one_ascii_line() -> None:
    said = say_host("identities", "--format", "json")
    assert said.text.isascii()
    assert said.text.count("\n") == 1
    assert json.loads(said.text)["time"] > 0
    assert total(series(said.text), "ipsec_charon_up") == 1
