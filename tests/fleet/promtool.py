"""``promtool test rules`` over a fleet: which alerts fire at a minute, in which words."""

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.fleet.synthetic import Fleet, Labels, notation, selector
from tests.hosts import ROOT

RULES = ROOT / "etc/prometheus/rules/monitoring-plugins-ipsec.yml"
SHOWN = ("alertname", "node", "connection", "site", "sa", "certificate")
FIRING = f'group by ({", ".join(SHOWN)}) (ALERTS{{alertstate="firing"}})'
COUNTED = 'count by (alertname) (ALERTS{alertstate="firing"})'


class Expected:
    """What is to be true of a fleet, and ``promtool`` that says whether it is."""

    def __init__(self) -> None:
        self.samples: list[dict[str, Any]] = []
        self.alerts: list[dict[str, Any]] = []

    def firing(self, minute: int, *alerts: Labels) -> None:
        """These alerts fire then, and no others; of each the labels that ``SHOWN`` names."""
        self._sample(minute, FIRING, [(alert, 1) for alert in alerts])

    def counts(self, minute: int, **alerts: int) -> None:
        """So many alerts of each name fire then, and none of others."""
        self._sample(minute, COUNTED, [({"alertname": name}, n) for name, n in alerts.items()])

    def nothing(self, minute: int, expression: str) -> None:
        """It gives no result then."""
        self._sample(minute, expression, [])

    def _sample(self, minute: int, expression: str, wanted: list[tuple[Labels, int]]) -> None:
        samples = [{"labels": selector("", labels), "value": value} for labels, value in wanted]
        self.samples.append({"expr": expression, "eval_time": f"{minute}m", "exp_samples": samples})

    def words(self, minute: int, alert: str, labels: Labels, **said: str) -> None:
        """This alert alone has its name then, with these labels and annotations."""
        page = f"/usr/share/doc/monitoring-plugins-ipsec/fleet.md#{alert.lower()}"
        wanted = {"exp_labels": labels, "exp_annotations": {**said, "runbook": page}}
        self.alerts.append({"alertname": alert, "eval_time": f"{minute}m", "exp_alerts": [wanted]})

    def hold(self, fleet: Fleet, folder: Path) -> None:
        """Let promtool evaluate the rules minute by minute."""
        series = [
            {"series": selector(name, labels), "values": notation(values)}
            for name, labels, values in fleet.series()
        ]
        group = {"interval": "1m", "input_series": series,
                 "promql_expr_test": self.samples, "alert_rule_test": self.alerts}  # fmt: skip
        file = folder / "fleet.test.yml"
        # JSON is YAML
        file.write_text(json.dumps({
            "rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": [group],
        }))  # fmt: skip
        done = subprocess.run(["promtool", "test", "rules", file], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
