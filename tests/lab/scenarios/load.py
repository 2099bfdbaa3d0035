"""A host with far more connections than a node of the fleet has."""

import re

from lab.asking import LONGEST, ask
from lab.errors import LabError
from lab.hosts import Host
from lab.scenario import Lab, scenario
from lab.scenarios.fleet import fleet

CONNECTIONS = 500
UP = re.compile(rf"^IPSEC OK - {CONNECTIONS} connections established")
RUNS = 5


def measured(lab: Lab, host: Host, moment: str, *arguments: str) -> str:
    """Asks once; what it cost goes to the notes. Returns the first line."""
    answer = ask(host, *arguments)
    lab.note(
        f"{moment}: {answer.seconds:.2f} s, {answer.cpu:.2f} s of the processor, "
        f"{answer.memory / 1e6:.0f} MB: {answer.line}"
    )
    if answer.seconds > LONGEST:
        raise LabError(f"{moment}: took {answer.seconds:.1f} s")
    return answer.text


@scenario(live=True, seconds=900)
def load_500(lab: Lab) -> None:
    """500 connections, while charon establishes them and when all are up."""
    alice = fleet(lab, CONNECTIONS // 2)
    alice.spawn("ipsec", "start", "--nofork")
    alice.wait("Security Associations")
    while not UP.match(said := measured(lab, alice, "establishing", "--grace", "3600")):
        if said.startswith("IPSEC CRITICAL"):
            raise LabError(said)
    for _ in range(RUNS):
        for way in ("stroke", "vici"):
            said = measured(lab, alice, f"all up, asked by {way}", "--source", way)
            if not UP.match(said):
                raise LabError(said)
