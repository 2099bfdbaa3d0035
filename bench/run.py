"""Whole runs of check_ipsec on hosts of growing size, as ratios of one bare import.

    python3 bench/run.py [INTERPRETER]

INTERPRETER (default: this one) has the command check_ipsec beside it, compiled as pip
does it. The hosts are made of the captured wording of one connection of fixtures/hosts/mesh-all-up.
Times are the best of several runs, in turns with the bare import; memory is the peak of a run.
"""

import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MESH = Path(__file__).resolve().parent.parent / "fixtures/hosts/mesh-all-up"
SWANCTL = MESH.parent / "swanctl-up"
COUNTED = MESH.parent.parent / "traffic/traffic-replayed/3"
READING = MESH.parent.parent / "metrics/certificates"
NAME, LOCAL, REMOTE = "bob_v4", "10.1.0.1", "10.1.0.2"
SIZES = (10, 100, 1_000, 10_000)
SIZE_OF_OTHERS = 500
RUNS = {10: 15, 100: 15, 1_000: 7, 10_000: 3}
BARE = "import nagiosplugin, pyparsing"


class Wording:
    """The captured texts of one connection, to be said again for another one."""

    def __init__(self, mesh: Path) -> None:
        text = {name: (mesh / name).read_text() for name in
                ("ipsec.conf", "statusall", "xfrm-state", "xfrm-policy")}  # fmt: skip
        self.defaults = text["ipsec.conf"].partition(f"conn {NAME}\n")[0]
        self.conn = found(rf"conn {NAME}\n(?: .*\n)+", text["ipsec.conf"])
        self.head = text["statusall"].partition("Connections:\n")[0]
        self.peer = found(rf"(?: *{NAME}:  .*\n)+", text["statusall"])
        self.sas = found(rf"(?: *{NAME}[\[{{]\d+[\]}}]: .*\n)+", text["statusall"])
        self.reqid = found(r"reqid (\d+)", self.sas)
        self.spis = re.findall(r"\b([0-9a-f]{8})_[io]", self.sas)
        record = rf"src \S+ dst \S+ ?\n(?:\t.*\n)*?\t.*reqid {self.reqid} .*\n(?:\t.*\n)*"
        self.states = "".join(re.findall(record, text["xfrm-state"]))
        self.policies = "".join(re.findall(record, text["xfrm-policy"]))
        counted = (COUNTED / "xfrm-statistics").read_text()
        self.counts = found(r"\tlifetime config:\n(?:\t.*\n)*", counted)

    def host(self, size: int) -> dict[str, str]:
        """The texts of a host with so many connections."""
        told = [self.told(number) for number in range(1, size + 1)]
        conns, peers, sas, states, policies = map("".join, zip(*told, strict=True))
        header = f"Security Associations ({size} up, 0 connecting):\n"
        return {
            "ipsec.conf": self.defaults + conns,
            "statusall": f"{self.head}Connections:\n{peers}{header}{sas}",
            "xfrm-state": states,
            "xfrm-policy": policies,
            "xfrm-statistics": re.sub(r"(?m)(?<=\n)(?=src |\Z)", self.counts, states),
            "xfrm_stat": (COUNTED / "xfrm_stat").read_text(),
        }

    def told(self, number: int) -> tuple[str, ...]:
        """The five texts of one connection, said of connection ``number``."""
        renamed = f"cp{number:05d}_v4"
        address = f"10.{20 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"
        replaced = {
            f"{NAME:>12}": f"{renamed:>12}",
            NAME: renamed,
            REMOTE: address,
            f"reqid {self.reqid} ": f"reqid {number} ",
            f"reqid {self.reqid},": f"reqid {number},",
            self.spis[0]: f"{0xC0000000 + number:08x}",
            self.spis[1]: f"{0xD0000000 + number:08x}",
        }
        pattern = "|".join(re.escape(old) for old in replaced)
        pattern = pattern.replace(re.escape(REMOTE), re.escape(REMOTE) + r"(?!\d)")
        texts = (self.conn, self.peer, self.sas, self.states, self.policies)
        return tuple(re.sub(pattern, lambda match: replaced[match[0]], text) for text in texts)


def with_swanctl_conf(size: int) -> dict[str, str]:
    """The texts of a host that has so many connections in swanctl.conf."""
    text = {name: (SWANCTL / name).read_text() for name in
            ("swanctl.conf", "list-conns", "list-sas", "list-pols", "stats", "xfrm-state",
             "xfrm-policy")}  # fmt: skip
    parts = {
        "swanctl.conf": r"(?m)^    gw : (?:.*\n)+?    \}\n",
        "list-conns": r"list-conn event (?:.*\n)+?\}\n",
        "list-sas": r"list-sa event (?:.*\n)+?\}\n",
        "xfrm-state": r"(?:.+\n)+",
        "xfrm-policy": r"(?:src 10\.(?:.*\n)(?:\t.*\n)*)+",
    }
    for name, pattern in parts.items():
        one = found(pattern, text[name])
        told = "".join(told_of_swanctl(one, number) for number in range(1, size + 1))
        text[name] = text[name].replace(one, told)
    return text


def told_of_swanctl(text: str, number: int) -> str:
    """The text of the one connection, said of connection ``number``."""
    replaced = {
        r"\bgw\b": f"gw{number}",
        r"\bhost-1\b": f"host-{number}",
        r"10\.1\.0\.2\b": f"10.{20 + (number >> 16)}.{number >> 8 & 255}.{number & 255}",
        r"(uniqueid|reqid)( =)? 1\b": rf"\1\2 {number}",
        r"c69730b3\b": f"{0xC0000000 + number:08x}",
        r"c86f658c\b": f"{0xD0000000 + number:08x}",
    }
    for pattern, new in replaced.items():
        text = re.sub(pattern, new, text)
    return text


def found(pattern: str, text: str) -> str:
    """What ``pattern`` finds in ``text``: its group, or all."""
    match = re.search(pattern, text)
    if not match:
        raise SystemExit(f"the captured wording has changed: no {pattern}")
    return match[match.re.groups]


def best(commands: list[list[str]], runs: int) -> list[float]:
    """The shortest of several runs of each command, taken in turns, in seconds."""
    times: list[list[float]] = [[] for _ in commands]
    for _ in range(runs):
        for command, taken in zip(commands, times, strict=True):
            begin = time.perf_counter()
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
            taken.append(time.perf_counter() - begin)
            if done.returncode:
                raise SystemExit(f"{' '.join(command)}: {done.stdout}")
    return [min(taken) for taken in times]


def peak(command: list[str]) -> float:
    """The peak memory of a run, in MB."""
    program = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], stdout=-3);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    done = subprocess.run([sys.executable, "-c", program, *command], stdout=-1, text=True)
    return int(done.stdout) / 1024


def others(interpreter: str, wording: Wording) -> None:
    """Print what the other checks of a host take, as ratios of check_ipsec."""
    bin_folder = Path(interpreter).parent
    with tempfile.TemporaryDirectory() as folder:
        for name, text in wording.host(SIZE_OF_OTHERS).items():
            Path(folder, name).write_text(text)
        commands = [
            [interpreter, str(bin_folder / name), "--captured", folder]
            for name in ("check_ipsec", "check_ipsec_traffic")
        ]
        commands[1] += ["--state", f"{folder}/state"]
        ipsec, traffic = best(commands, 7)
        print(f"check_ipsec_traffic with {SIZE_OF_OTHERS} connections: {traffic / ipsec:.2f} x "
              f"check_ipsec, {traffic:.2f} s")  # fmt: skip


def both_ways(interpreter: str, wording: Wording, size: int) -> None:
    """Print what connections of swanctl.conf take, as ratios of an import, and of ipsec.conf."""
    script = str(Path(interpreter).parent / "check_ipsec")
    with tempfile.TemporaryDirectory() as stroke, tempfile.TemporaryDirectory() as vici:
        for folder, texts in ((stroke, wording.host(size)), (vici, with_swanctl_conf(size))):
            for name, text in texts.items():
                Path(folder, name).write_text(text)
        ways = [[interpreter, script, "--captured", folder] for folder in (stroke, vici)]
        bare, ipsec_conf, swanctl_conf = best([[interpreter, "-c", BARE], *ways], RUNS[size])
        print(f"{size} connections of swanctl.conf: {swanctl_conf / bare:.2f} x bare import, "
              f"{swanctl_conf / ipsec_conf:.2f} x those of ipsec.conf")  # fmt: skip


def metrics(interpreter: str, wording: Wording) -> None:
    """Print what ipsec-metrics takes of the processor, in each format."""
    script = str(Path(interpreter).parent / "ipsec-metrics")
    with tempfile.TemporaryDirectory() as folder:
        for name, text in wording.host(SIZE_OF_OTHERS).items():
            Path(folder, name).write_text(text)
        for name in ("listcounters", "listcerts", "listcacerts", "listcrls"):
            Path(folder, name).write_text((READING / name).read_text())
        command = [interpreter, script, "--captured", folder, "--state", f"{folder}/state"]
        for form in ("prometheus", "graphite", "json", "influx"):
            taken = min(processor([*command, "--format", form]) for _ in range(5))
            print(f"ipsec-metrics with {SIZE_OF_OTHERS} connections, {form}: {taken:.2f} s of the "
                  "processor")  # fmt: skip


def processor(command: list[str]) -> float:
    """The seconds of the processor that a run takes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main(interpreter: str) -> None:
    """Print the table."""
    bare_import = [interpreter, "-c", BARE]
    script = str(Path(interpreter).parent / "check_ipsec")
    wording = Wording(MESH)
    print(f"{'connections':>11} {'x bare import':>14} {'x row above':>12} {'MB':>5}")
    before = None
    for size in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            for name, text in wording.host(size).items():
                Path(folder, name).write_text(text)
            command = [interpreter, script, "--captured", folder]
            bare, taken = best([bare_import, command], RUNS[size])
            ratio = "" if before is None else f"{taken / before:.1f}"
            print(f"{size:>11} {taken / bare:>14.2f} {ratio:>12} {peak(command):>5.0f}")
            before = taken
    for size in (100, 1_000):
        both_ways(interpreter, wording, size)
    others(interpreter, wording)
    metrics(interpreter, wording)


if __name__ == "__main__":
    main(*sys.argv[1:] or [sys.executable])
