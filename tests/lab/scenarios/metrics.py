"""ipsec-metrics beside charon: the same series whatever is rekeyed, counters that never go down."""

import json
import shutil
import time
from collections.abc import Iterator

from lab.errors import LabError
from lab.hosts import Host, Result
from lab.installation import USER
from lab.scenario import Lab, scenario
from lab.scenarios.authentication import certified_pair
from lab.scenarios.merged import all_installed, child
from lab.scenarios.pair import pair
from lab.scenarios.soak import LINGERS, REKEYS
from lab.scenarios.traffic import NO_BOOT, STATE

COMMAND = "/usr/local/bin/ipsec-metrics"
DRAFT = "/tmp/capture"
READINGS = 25
TEXTFILE = "/var/lib/prometheus/node-exporter/ipsec.prom"
# as the unit has it: root, who may nothing but ask the kernel for its SAs
UNIT = ("setpriv", "--bounding-set=-all,+net_admin", "--inh-caps=-all,+net_admin", "--no-new-privs")

Series = dict[tuple[str, ...], float]


def metrics(host: Host, *arguments: str) -> Result:
    """The command as the user of the plugins."""
    return host.run(COMMAND, *arguments, user=USER)


def series(text: str) -> tuple[Series, Series]:
    """Gauges and counters by their labels, reasons aside, which come and go."""
    found: tuple[Series, Series] = ({}, {})
    for metric in json.loads(text)["metrics"]:
        for one in metric["series"]:
            if metric["name"] != "ipsec_connection_reason":
                labels = (metric["name"], *(f"{key}={word}" for key, word in one["labels"].items()))
                found[metric["type"] == "counter"][labels] = one["value"]
    return found


def kept(lab: Lab, host: Host, *arguments: str) -> str:
    """What is said; what was read is kept beside it, to become a fixture."""
    number = sum(1 for _ in lab.folder.glob("reading-*")) + 1
    said = metrics(host, "--capture", DRAFT, *arguments).stdout
    draft = host.root / DRAFT.lstrip("/")
    shutil.copytree(draft, lab.folder / f"reading-{number}")
    shutil.rmtree(draft)
    return said


def readings(lab: Lab, host: Host, number: int, keep: int = 0) -> Iterator[tuple[Series, Series]]:
    """So many readings, of which the first ones are kept."""
    for count in range(number):
        words = ("--format", "json", "--ike-events-per-connection", "--label", "net*=site:b")
        yield series(kept(lab, host, *words) if count < keep else metrics(host, *words).stdout)


def is_bad(series: tuple[str, ...]) -> bool:
    """Whether its value is 0 as long as all is well."""
    name, *labels = series
    return name == "ipsec_connection_cleartext" or "state=not_connected" in labels


class Watch:
    """Holds one reading against the one before."""

    def __init__(self) -> None:
        self.before: Series = {}
        self.runs = 0
        self.labels: set[tuple[str, ...]] = set()
        self.incomplete = 0

    def look(self, gauges: Series, counters: Series) -> None:
        """A text that came too late, as happens in a guest with one processor, is no series."""
        self.runs += 1
        labels = gauges.keys() | counters.keys()
        if not all(value for one, value in gauges.items() if one[0] == "ipsec_source_success"):
            self.incomplete += 1
        elif self.labels and self.labels != labels:
            raise LabError(f"other series: {sorted(self.labels ^ labels)}")
        else:
            self.labels = labels
        less = [one for one in counters if counters[one] < self.before.get(one, 0)]
        if less:
            told = [(one, self.before[one], counters.get(one)) for one in less]
            raise LabError(f"reading {self.runs}: less than before: {told}")
        self.before.update(counters)


@scenario(live=True, seconds=1200)
def metrics_across_rekeys(lab: Lab) -> None:
    """Rekeyed every few seconds, charon started again, another boot: nothing goes down."""
    conns = "".join(child(f"net{number}", number, settings=REKEYS) for number in (1, 2, 3))
    alice, bob = pair(lab, conns, installed=all_installed(3), charon=LINGERS)
    alice.add_addresses("lo", "10.2.1.1/32")
    bob.add_addresses("lo", "10.3.1.1/32")
    alice.run("ip", "route", "add", "10.3.1.0/24", "via", "10.1.0.2", "src", "10.2.1.1")
    bob.run("ip", "route", "add", "10.2.1.0/24", "via", "10.1.0.1", "src", "10.3.1.1")
    alice.spawn("ping", "-q", "-i", "0.05", "-I", "10.2.1.1", "10.3.1.1")
    watch = Watch()
    begin = time.monotonic()
    for gauges, counters in readings(lab, alice, READINGS, keep=5):
        watch.look(gauges, counters)
        if bad := [one for one, value in gauges.items() if value and is_bad(one)]:
            raise LabError(f"reading {watch.runs}: {bad}")
    seconds = time.monotonic() - begin
    rekeys = counters["ipsec_ike_events_total", "event=child-rekey"]
    packets = counters["ipsec_connection_packets_total", "connection=net1", "direction=in",
                       "site=b"]  # fmt: skip
    alice.run("ipsec", "stop")
    for gauges, _ in readings(lab, alice, 1):
        if gauges["ipsec_charon_up",] or not gauges["ipsec_reading_success",]:
            raise LabError(f"charon is stopped: {gauges}")
    alice.start()
    alice.wait_installed(*all_installed(3))
    for gauges, counters in readings(lab, alice, 5):
        watch.look(gauges, counters)
    # the hosts of the lab share one kernel, so what another boot would have left is written
    alice.run("sed", "-i", f's/"boot": "[^"]*"/"boot": "{NO_BOOT}"/g', STATE)
    for gauges, counters in readings(lab, alice, 5):
        watch.look(gauges, counters)
    lab.note(f"{watch.runs} readings, {watch.incomplete} of them without a text, "
             f"{seconds:.0f} s, {rekeys:.0f} rekeys, {packets:.0f} packets, "
             f"{len(watch.labels)} series")  # fmt: skip
    if rekeys < 20 or packets < 500 or watch.incomplete > watch.runs / 5:
        raise LabError("too little happened")


@scenario(live=True)
def metrics_as_the_unit(lab: Lab) -> None:
    """root with one capability reads everything, certificates too, and replaces the file."""
    alice, bob = certified_pair(lab)
    bob.start()
    alice.start()
    alice.wait_installed("bob_v4", "bob_v6")
    alice.run("mkdir", "-p", TEXTFILE.rpartition("/")[0], "/var/lib/ipsec-metrics")
    words = (COMMAND, "--output", TEXTFILE, "--state", "/var/lib/ipsec-metrics/prometheus.json")
    for _ in range(2):
        said = alice.run(*UNIT, *words, "-v", "--mtu")
    lab.note(said.stderr.strip())
    text = alice.read(TEXTFILE).decode()
    not_had = [line for line in text.splitlines() if line.startswith("ipsec_source_success")
               and not line.endswith(" 1.0")]  # fmt: skip
    wanted = (
        'ipsec_connection_state{connection="bob_v4",state="established"} 1.0',
        'ipsec_connection_cleartext{connection="bob_v4"} 0.0',
        'ipsec_connection_route_mtu_bytes{connection="bob_v4"} 1500.0',
        'ipsec_certificate_not_after_timestamp_seconds{certificate="',
        "ipsec_charon_resident_memory_bytes ",
        "ipsec_reading_success 1.0",
    )
    missing = [line for line in wanted if line not in text]
    if not_had or missing or said.stderr.count("\n") != 1:
        raise LabError(f"{not_had}, {missing}, {said.stderr}, {text}")
    kept(lab, alice, "--mtu", "--ike-events-per-connection")
    alice.run("ipsec", "stop")
    alice.write("/etc/ipsec.conf", "connection bob_v4\n")
    failed = alice.run(*UNIT, *words, check=False)
    after = alice.read(TEXTFILE).decode()
    if failed.returncode != 1 or after != text.replace("success 1.0", "success 0.0", 1):
        raise LabError(f"exit status {failed.returncode}: {failed.stderr}{after}")
