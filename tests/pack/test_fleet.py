"""The alerts, the Alertmanager's example and the page about them name the same things."""

import re

import pytest

from tests.hosts import ROOT

PAGE = (ROOT / "doc/fleet.md").read_text()
RULES = (ROOT / "etc/prometheus/rules/monitoring-plugins-ipsec.yml").read_text()
ALERTMANAGER = (ROOT / "doc/examples/alertmanager.yml").read_text()
ICINGA = (ROOT / "etc/icinga2/features-available/ipsec-fleet.conf").read_text()
ALERTS = sorted(set(re.findall(r"alert: (\w+)", RULES)))
FOLDER = "/usr/share/doc/monitoring-plugins-ipsec"


def test_every_alert_has_its_section_which_it_names() -> None:
    assert sorted(re.findall(r"(?m)^### (Ipsec\w+)$", PAGE)) == ALERTS
    wanted = {f"{FOLDER}/fleet.md#{alert.lower()}" for alert in ALERTS}
    assert set(re.findall(r"runbook: (\S+)", RULES)) == wanted
    assert RULES.count("runbook: ") == RULES.count("alert: ")


@pytest.mark.parametrize("alert", ALERTS)
def test_every_alert_is_in_the_overview(alert: str) -> None:
    assert re.search(rf"(?m)^\| [^|]+ \| [^|]*{alert}\b", PAGE)


def test_the_alertmanager_names_alerts_that_there_are() -> None:
    assert set(re.findall(r"\bIpsec\w+", ALERTMANAGER)) <= set(ALERTS)


def test_the_larger_is_told_first_and_ends_last() -> None:
    """Otherwise what it explains is a page beside it."""
    order = ["IpsecSiteDown", "IpsecNodeDown", "IpsecConnectionDown"]
    rules = dict(re.findall(r"alert: (\w+)\n(.*?)\n {8}labels:", RULES, re.DOTALL))
    begin = [int(re.findall(r" for: (\d+)m", rules[alert])[0]) for alert in order]
    end = [int(re.findall(r"keep_firing_for: (\d+)m", rules[alert])[0]) for alert in order]
    assert begin == sorted(set(begin))
    assert end == sorted(set(end), reverse=True)


def test_icinga_has_the_services_that_the_page_names() -> None:
    questions = re.findall(r"(?m)^\t(ipsec_\w+) = function", ICINGA)
    assert len(questions) == 4
    overview = PAGE.partition("\n## Prometheus")[0]
    assert all(f"`{question}`" in overview for question in questions)
    used = set(re.findall(r"vars\.(ipsec_\w+)", ICINGA)) - {"ipsec_include", "ipsec_is_site"}
    assert used - {"ipsec_towards"} <= set(re.findall(r"vars\.(ipsec_\w+)", PAGE))


@pytest.mark.parametrize("name", ["fleet.md", "alertmanager.yml"])
def test_what_is_named_by_its_path_is_shipped_uncompressed(name: str) -> None:
    assert f"-X{name}" in (ROOT / "debian/rules").read_text()
    docs = (ROOT / "debian/monitoring-plugins-ipsec.docs").read_text().split()
    assert f"doc/{name}" in docs or (ROOT / "doc/examples" / name).is_file()


def test_the_rules_use_what_ipsec_metrics_prints() -> None:
    series = pytest.importorskip("check_ipsec.metrics.series")
    used = set(re.findall(r"(?<![\w:])ipsec_\w+(?![\w:])", re.sub(r"#.*", "", RULES)))
    # a site's own, see the page
    assert used - {"ipsec_standby"} <= {f"ipsec_{metric.name}" for metric in series.METRICS}
