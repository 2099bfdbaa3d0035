"""The commands of the lab, outside the guest."""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from lab.errors import LabError
from lab.scenarios import Scenario, all_scenarios
from lab.suites import THIS, root_of, strongswan_version
from lab.uml import boot, require_programs

FIXTURES = Path(__file__).resolve().parent.parent.parent / "fixtures" / "hosts"
PROJECT = FIXTURES.parent.parent
BOOT_SECONDS = 60
SCENARIO_SECONDS = 60
VERIFIED = (
    "mesh",
    "peer-silent",
    "wrong-psk",
    "no-esp-proposal",
    "merged-two-one-down",
    "on-demand-idle",
    "on-demand-up",
    "clients-two",
    "shunts",
    "child-rekeyed",
    "kernel-states-flushed",
    "kernel-policy-deleted",
    "daemon-killed",
    "kernel-refused",
)


def main(argv: Sequence[str] | None = None) -> int:
    """``capture [--suite SUITE] [--into DIR] [SCENARIO...]``; 1 if one failed."""
    parser = argparse.ArgumentParser(prog="capture", description=__doc__)
    parser.add_argument("--suite", default=THIS, help="Debian suite whose strongSwan runs")
    parser.add_argument("--into", type=Path, default=FIXTURES, help="folder of the captures")
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help="default: all")
    options = parser.parse_args(argv)
    try:
        chosen = choose(options.scenarios, options.suite)
        capture(chosen, options.suite, options.into)
    except LabError as error:
        print(f"capture: {error}", file=sys.stderr)
        return 1
    return 0


def verify() -> int:
    """Capture into a folder of its own; 1 where a verdict is not the fixture's."""
    chosen = choose(VERIFIED, THIS)
    with tempfile.TemporaryDirectory(prefix="check_ipsec-lab-") as folder:
        try:
            capture(chosen, THIS, Path(folder))
        except LabError as error:
            print(f"verify: {error}", file=sys.stderr)
            return 1
        different = [
            scenario.name
            for scenario in chosen
            if verdicts(Path(folder) / scenario.name) != verdicts(FIXTURES / scenario.name)
        ]
    for name in different:
        print(f"{name}: another verdict than the fixture's")
    print(f"{len(chosen) - len(different)} passed, {len(different)} failed")
    return bool(different)


def verdicts(host: Path) -> dict[str, tuple[str, str]]:
    """State and reason of each connection of a captured host, and the status."""
    command = [sys.executable, "-m", "check_ipsec", "--json", "--captured", str(host)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    said = json.loads(done.stdout)
    found = {one["name"]: (one["state"], one["reason"]) for one in said["connections"]}
    return {"": (said["status"], ""), **found}


def choose(names: Sequence[str], suite: str) -> list[Scenario]:
    """The scenarios named; without names all, of other suites those for every release."""
    scenarios = all_scenarios()
    unknown = set(names) - {scenario.name for scenario in scenarios}
    if unknown:
        raise LabError(f"no scenario {', '.join(sorted(unknown))}")
    if names:
        return [scenario for scenario in scenarios if scenario.name in names]
    return [scenario for scenario in scenarios if suite == THIS or scenario.every_release]


def capture(chosen: Sequence[Scenario], suite: str, into: Path) -> None:
    """Play the scenarios in one boot and put what was captured in its place."""
    require_programs()
    root = root_of(suite)
    version = strongswan_version(root)
    with tempfile.TemporaryDirectory(prefix="check_ipsec-lab-") as folder:
        work = Path(folder)
        words = " ".join(scenario.name for scenario in chosen)
        boot(work, {"LAB_SUITE_ROOT": str(root), "LAB_SCENARIOS": words},
             BOOT_SECONDS + SCENARIO_SECONDS * len(chosen))  # fmt: skip
        print((work / "output").read_text(errors="replace"), end="")
        suffix = "" if suite == THIS else f"-{version}"
        for scenario in chosen:
            if (work / "hosts" / scenario.name / "capture.json").exists():
                keep(work / "hosts" / scenario.name, into / f"{scenario.name}{suffix}",
                     scenario, version)  # fmt: skip
        if (work / "exit").read_text().strip() != "0":
            raise LabError("not all scenarios were captured")


def keep(captured: Path, place: Path, scenario: Scenario, version: str) -> None:
    """Move a capture to its place; what is expected of it stays."""
    expected = place / "expected"
    if expected.exists():
        shutil.copytree(expected, captured / "expected")
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(captured, place)
    about = (
        f"{scenario.about}\n\nstrongSwan {version}, Linux {kernel_release()} (User-Mode Linux).\n"
    )
    (place / "about").write_text(about)
    if scenario.arguments:
        (place / "args").write_text("".join(f"{word}\n" for word in scenario.arguments))


def kernel_release() -> str:
    """The release of User-Mode Linux."""
    done = subprocess.run(["linux.uml", "--version"], capture_output=True, text=True, check=True)
    return done.stdout.strip()
