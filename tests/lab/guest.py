"""The guest's program: plays scenarios one after the other.

    python3 -m lab.guest MODE

Several guests share the folder WORK, each takes the next of ``jobs`` (``SUITE SCENARIO``,
a line each) that no other has taken. What is left of it lies in ``played/SUITE/SCENARIO``:
in mode ``capture`` the fixture, in mode ``ask`` what the plugin has read and said; beside
it ``NAME.seconds`` and, of one that failed, ``NAME.problem`` and in ``NAME.logs`` what
its hosts say.
"""

import sys
import time
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import lab.scenarios
from lab.asking import Asker
from lab.capturing import Keeper
from lab.errors import LabError
from lab.hosts import load_modules, run
from lab.randomness import credit
from lab.scenario import SCENARIOS, Lab, Scenario, Witness

WORK = Path("/run/work")
WITNESSES: dict[str, Callable[[Path], Witness]] = {
    "capture": Keeper,
    "both": partial(Keeper, both=True),
    "ask": Asker,
    "vici": Asker,
}
ALSO = {"vici": ("--source", "vici")}
MODULES = (
    *("overlay", "ipv6", "bridge", "veth", "xfrm_user", "esp4", "esp6", "ah4", "ah6"),
    *("ipcomp", "ipcomp6", "deflate", "seqiv", "echainiv", "gcm", "authenc", "cbc", "ctr"),
    *("sha512_generic", "xfrm4_tunnel", "xfrm6_tunnel", "sch_netem", "iptable_nat"),
    *("xt_MASQUERADE", "iptable_filter", "ip6table_filter"),
)


def _prepare() -> None:
    credit((WORK / "seed").read_bytes())
    load_modules(*MODULES)
    run("ip", "link", "set", "lo", "up")


def _jobs() -> Iterator[tuple[str, Scenario]]:
    """The jobs that this guest is the first to take."""
    for line in (WORK / "jobs").read_text().splitlines():
        suite, name = line.split()
        try:
            (WORK / "taken" / f"{suite}.{name}").mkdir()
        except FileExistsError:
            continue
        yield suite, SCENARIOS[name]


def _layers(suite: str) -> list[str]:
    root = (WORK / "roots" / suite).read_text()
    return [str(WORK / "suites" / suite), str(WORK / "plugin"), root]


def _play(scenario: Scenario, suite: str, mode: str, folder: Path) -> None:
    folder.mkdir(parents=True)
    lab = Lab(_layers(suite), folder, WITNESSES[mode](folder), ALSO.get(mode, ()))
    try:
        scenario.play(lab)
    except Exception:
        _keep_logs(lab, folder.with_suffix(".logs"))
        raise
    finally:
        lab.destroy()


def _keep_logs(lab: Lab, folder: Path) -> None:
    folder.mkdir(parents=True)
    for host in lab.hosts:
        (folder / f"{host.name}.log").write_text(host.log())
        (folder / f"{host.name}.statusall").write_text(
            host.statusall(), encoding="utf-8", errors="surrogateescape"
        )


def _play_reporting(scenario: Scenario, suite: str, mode: str) -> None:
    folder = WORK / "played" / suite / scenario.name
    begin = time.monotonic()
    try:
        _play(scenario, suite, mode, folder)
    except LabError as error:
        folder.with_suffix(".problem").write_text(f"{error}\n", errors="surrogateescape")
    except Exception:
        folder.with_suffix(".problem").write_text(traceback.format_exc())
    _report_end(folder, time.monotonic() - begin)


def _report_end(folder: Path, seconds: float) -> None:
    """Whoever sees the file takes the scenario as ended, so it appears as a whole."""
    unfinished = folder.with_suffix(".ending")
    unfinished.write_text(f"{seconds:.1f}\n")
    unfinished.replace(folder.with_suffix(".seconds"))


def main(mode: str) -> None:
    lab.scenarios.load()
    _prepare()
    for suite, scenario in _jobs():
        _play_reporting(scenario, suite, mode)


if __name__ == "__main__":
    main(sys.argv[1])
