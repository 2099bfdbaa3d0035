"""The guest's program: plays scenarios one after the other, leaves their captures.

    python3 -m lab.guest SUITE_ROOT SCENARIO...

Each scenario's folder appears below ``captures``; of one that failed, its message
and its hosts' logs lie below ``failures``.
"""

import sys
import time
import traceback
from pathlib import Path

import lab.scenarios
from lab.errors import LabError
from lab.hosts import load_modules, run
from lab.scenario import SCENARIOS, Lab, Scenario

WORK = Path("/run/work")
CAPTURES = WORK / "captures"
FAILURES = WORK / "failures"
MODULES = (
    *("overlay", "ipv6", "bridge", "veth", "xfrm_user", "esp4", "esp6", "ah4", "ah6"),
    *("ipcomp", "ipcomp6", "deflate", "seqiv", "echainiv", "gcm", "authenc", "cbc", "ctr"),
    *("sha512_generic", "xfrm4_tunnel", "xfrm6_tunnel", "sch_netem", "iptable_nat"),
    *("xt_MASQUERADE", "iptable_filter"),
)


def _prepare() -> None:
    load_modules(*MODULES)
    run("ip", "link", "set", "lo", "up")


def _play(scenario: Scenario, suite_root: str) -> None:
    folder = CAPTURES / scenario.name
    lab = Lab(suite_root, folder)
    try:
        scenario.play(lab)
        (folder / "about").write_text(f"{scenario.about}\n")
        if scenario.arguments:
            (folder / "args").write_text("".join(f"{word}\n" for word in scenario.arguments))
    except Exception:
        _keep_logs(lab, scenario.name)
        raise
    finally:
        lab.destroy()


def _keep_logs(lab: Lab, name: str) -> None:
    folder = FAILURES / name
    folder.mkdir(parents=True)
    for host in lab.hosts:
        (folder / f"{host.name}.log").write_text(host.log())
        (folder / f"{host.name}.statusall").write_text(
            host.statusall(), encoding="utf-8", errors="surrogateescape"
        )


def _play_reporting(scenario: Scenario, suite_root: str) -> bool:
    begin = time.monotonic()
    try:
        _play(scenario, suite_root)
    except Exception as error:
        FAILURES.mkdir(exist_ok=True)
        print(f"{scenario.name}: {error}", flush=True)
        if not isinstance(error, LabError):
            traceback.print_exc()
        return False
    print(f"{scenario.name}: captured in {time.monotonic() - begin:.0f} s", flush=True)
    return True


def main(suite_root: str, *names: str) -> int:
    _prepare()
    return sum(not _play_reporting(SCENARIOS[name], suite_root) for name in names)


if __name__ == "__main__":
    lab.scenarios.load()
    sys.exit(min(main(*sys.argv[1:]), 1))
