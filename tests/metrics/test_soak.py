"""200 readings of a host that is rekeyed, whose charon and that itself is started again."""

import random
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from check_ipsec.errors import CaptureError
from check_ipsec.host.captured import CapturedFiles
from check_ipsec.host.host import Deadline, Way
from check_ipsec.host.sources import Output, Source
from check_ipsec.metrics.collect import samples
from check_ipsec.metrics.reading import Asked, read
from check_ipsec.metrics.series import COUNTER, families
from check_ipsec.truth import observe_traffic
from check_ipsec.truth.observe import Question
from tests.hosts import ROOT
from tests.metrics.saying import Series

IDLE = ROOT / "fixtures/daemon/idle"
COUNTED = ROOT / "fixtures/traffic/traffic-replayed/3/xfrm-statistics"
HERE, THERE = "10.1.0.1", "10.1.0.2"
RUNS = 200
STEP = timedelta(seconds=60)
# an IKE event that charon counts, one that the kernel does
EVENT, ERROR = "ikeOutInitReq", "XfrmInNoStates"


class Sa(NamedTuple):
    """A state's SPI, octets and packets."""

    spi: int
    octets: int = 0
    packets: int = 0
    failed: int = 0


class Simulated:
    """A host with one connection; ``step`` lets a minute go by."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.path = f"{IDLE}/ipsec.conf"
        self.files = CapturedFiles(str(IDLE))
        self.swanctl = None
        self.way = Way.AUTO
        self.time: datetime | None = datetime(2026, 11, 28, 5, 0, tzinfo=UTC)
        self.passed = 0
        self.happened: list[str] = []
        self.reboot()

    # --- what happens -----------------------------------------------------------------

    def reboot(self) -> None:
        self.boot = f"{self.chance.getrandbits(64):016x}"
        self.errors = 0
        self.start()

    def start(self) -> None:
        assert self.time
        self.since = self.time
        self.silent = False
        self.events = self.chance.randrange(3)
        self.rekey()
        self.old: list[Sa] = []

    def rekey(self) -> None:
        self.old = [self.inbound, self.outbound] if hasattr(self, "inbound") else []
        self.inbound, self.outbound = (Sa(self.chance.randrange(2**28, 2**32)) for _ in "io")

    def step(self) -> None:
        assert self.time
        self.time += STEP
        if self.silent:
            self.start()
        happens = self.chance.choices(
            ("rekey", "nothing", "charon is started", "charon is killed", "the host is started"),
            (40, 50, 5, 3, 2),
        )[0]
        self.happened.append(happens)
        if happens == "rekey":
            self.rekey()
        elif happens == "nothing":
            self.old = []
        elif happens == "charon is started":
            self.start()
        elif happens == "charon is killed":
            self.silent = True
        elif happens == "the host is started":
            self.reboot()
        packets = self.chance.randrange(1000)
        self.passed += packets
        self.inbound = self.carried(self.inbound, packets)
        self.outbound = self.carried(self.outbound, packets)
        self.events += self.chance.randrange(5)
        self.errors += self.chance.randrange(5)

    def carried(self, sa: Sa, packets: int) -> Sa:
        return Sa(sa.spi, sa.octets + 64 * packets, sa.packets + packets, sa.failed + 1)

    # --- what it says -----------------------------------------------------------------

    def read(self, source: Source, _deadline: Deadline, _argument: str = "") -> Output:
        said = {
            Source.STATUSALL: self.statusall,
            Source.XFRM_STATISTICS: self.statistics,
            Source.LISTCOUNTERS: lambda: self.edited("listcounters", EVENT, self.events),
            Source.XFRM_STAT: lambda: f"{ERROR}  {self.errors}\n",
            Source.BOOT_ID: lambda: f"{self.boot}\n",
        }.get(source)
        if said is None:
            raise CaptureError(f"no {source.file}")
        if source is Source.STATUSALL and self.silent:
            return Output(source.words, "", "connecting to 'x' failed: Connection refused", exit=1)
        return Output(source.words, said())

    def can_read_again(self, _deadline: Deadline) -> bool:
        return False

    def edited(self, name: str, key: str, value: int) -> str:
        return re.sub(rf"(?m)^({key} +)\d+$", rf"\g<1>{value}", (IDLE / name).read_text())

    def statusall(self) -> str:
        assert self.time
        uptime = int((self.time - self.since).total_seconds())
        text = (IDLE / "statusall").read_text()
        text = re.sub(r"uptime: .*", f"uptime: {uptime} seconds, "
                      f"since {self.since:%b %d %H:%M:%S %Y}", text)  # fmt: skip
        spis = f"SPIs: {self.inbound.spi:08x}_i {self.outbound.spi:08x}_o"
        return re.sub(r"SPIs: \w{8}_i \w{8}_o", spis, text)

    def statistics(self) -> str:
        every = enumerate((self.inbound, self.outbound, *self.old))
        return "".join(self.state(sa, inbound=number % 2 == 0) for number, sa in every)

    def state(self, sa: Sa, inbound: bool) -> str:
        record = COUNTED.read_text().split("\nsrc ")[0] + "\n"
        source, destination = (THERE, HERE) if inbound else (HERE, THERE)
        for old, new in (
            (r"src \S+ dst \S+\n\tproto", f"src {source} dst {destination}\n\tproto"),
            (r"spi 0x\w+\(\d+\)", f"spi 0x{sa.spi:08x}({sa.spi})"),
            (r"\d+\(bytes\), \d+\(packets\)", f"{sa.octets}(bytes), {sa.packets}(packets)"),
            (r"failed \d+", f"failed {sa.failed if inbound else 0}"),
        ):
            record = re.sub(old, new, record)
        return record


def found(host: Simulated, state: Path) -> tuple[Series, Series]:
    """Gauges and counters of a reading."""
    reading = read(host, Asked(Question(pause=0.0), str(state), certificates=False))
    kinds: tuple[Series, Series] = ({}, {})
    for family in families(samples(reading, ())):
        for one in family.samples:
            key = (one.name, *(value for _, value in one.labels))
            kinds[family.metric.kind == COUNTER][key] = one.number
    return kinds


@pytest.mark.parametrize("seed", range(2))
def test_counters_never_go_down(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host = Simulated(seed)
    monkeypatch.setattr(observe_traffic, "boot_id", lambda: host.boot)
    before: Series = {}
    labels: set[tuple[str, ...]] = set()
    last: Series = {}
    for _ in range(RUNS):
        host.step()
        gauges, counters = found(host, tmp_path / "state")
        if host.silent:
            assert gauges["charon_up",] == 0
            assert not any(name.startswith("connection_bytes") for name, *_ in counters)
        else:
            known = {one for one in gauges.keys() | counters.keys() if "reason" not in one[0]}
            labels = labels or known
            assert known == labels, host.happened[-1]
        assert [one for one in counters if counters[one] < before.get(one, 0)] == []
        before = {**before, **counters}
        last = {**last, **counters}
    assert {"rekey", "charon is started", "the host is started"} <= set(host.happened)
    # what a killed charon had not been asked for is lost with it
    assert host.passed * 0.8 < last["connection_packets_total", "bob", "in"] <= host.passed


def test_what_charon_has_counted_is_in_the_total(tmp_path: Path) -> None:
    """A counter that began anew and is past what it was counts as a whole."""
    host = Simulated(0)
    totals = []
    for events in (7, 9, 11):
        host.events, host.errors = events, events
        if events == 11:
            host.start()
            host.events = 11
        found_now = found(host, tmp_path / "state")[1]
        totals.append(found_now["ike_events_total", "ike-init-out-req"])
        host.time += STEP
    assert totals == [7, 9, 20]


def test_a_silent_charon_that_answers_again_is_the_same(tmp_path: Path) -> None:
    host = Simulated(0)
    host.events = 7
    first = found(host, tmp_path / "state")[1]["ike_events_total", "ike-init-out-req"]
    host.silent = True
    assert ("ike_events_total", "ike-init-out-req") not in found(host, tmp_path / "state")[1]
    host.silent, host.events = False, 8
    again = found(host, tmp_path / "state")[1]["ike_events_total", "ike-init-out-req"]
    assert (first, again) == (7, 8)
