"""charon and its surroundings: measures, modules, what is wrong by itself, what changes."""

import re
from typing import Any

import pytest

from check_ipsec.host.sources import Output, Source
from check_ipsec.model.daemon import Memory
from check_ipsec.moment.memory import Reading, Remembered
from check_ipsec.truth.charon import PRIORITIES, of_status, whole_heap
from check_ipsec.truth.modules import families_in, needed
from check_ipsec.truth.since import SECONDS, Since, reading, since
from check_ipsec.truth.troubles import Trouble, troubles
from tests.build import connection, peer, status
from tests.charon import NAMES, START, Moment, counters, seen, statusall

GIB = 2**30
NOW = START.timestamp()


# --- measures -----------------------------------------------------------------


def test_an_idle_charon() -> None:
    measures = of_status(seen(Moment()))
    assert measures["threads_idle"] == 11
    assert [measures[f"working_{one}"] for one in PRIORITIES] == [5, 0, 0, 0]
    assert (measures["queue"], measures["half_open"], measures["unlisted"]) == (0, 0, 0)
    assert (measures["ike_sas"], measures["child_sas"]) == (1, 1)
    assert 15e6 < (measures["resident"] or 0) < 25e6


def test_what_a_newer_charon_does_not_say_is_not_known() -> None:
    text = statusall(("(?m)^  (uptime|malloc|worker threads)", r"  new \1"))
    charon = seen(Moment(STATUSALL=text))
    measures = of_status(charon)
    assert {measures[one] for one in ("uptime", "threads_idle", "queue", "heap", "heap_used")} == {
        None
    }
    assert measures["ike_sas"] == 1
    assert charon.status
    assert len(charon.status.unread) == 3
    assert list(troubles(charon)) == []


def test_half_open_ones_have_no_name_yet_and_are_not_unlisted() -> None:
    measures = of_status(seen(Moment("flooded")))
    assert (measures["half_open"], measures["ike_sas"], measures["unlisted"]) == (200, 200, 0)


def test_what_this_end_begins_is_not_half_open() -> None:
    begun = statusall((r"_i 5?", "_i* "), (r"_r\*", "_r"), name="flooded")
    assert of_status(seen(Moment("flooded", STATUSALL=begun)))["half_open"] == 0


def test_sas_that_the_file_does_not_name_are_counted() -> None:
    other = statusall((r"(?m)^ *bob([\[{])", r"    carla\1"))
    assert of_status(seen(Moment(STATUSALL=other)))["unlisted"] == 2


@pytest.mark.parametrize(
    ("memory", "resident", "heap"),
    [
        (None, 5, None),
        (Memory(3_000_000, 0, 1, 2), None, 3_000_000),
        (Memory(3_000_000, 500_000, 1, 2), 20_000_000, 3_500_000),
        (Memory(-2 * GIB, 0, 1, 2), None, 2 * GIB),
        (Memory(2 * GIB, 0, 1, 2), 3 * GIB, 2 * GIB),
        (Memory(1_000_000, 0, 1, 2), 4 * GIB, None),
        (Memory(2 * GIB, 0, 1, 2), 6 * GIB, None),
    ],
)  # fmt: skip
def test_a_heap_of_more_than_32_bits_is_known_as_such(
    memory: Memory | None, resident: int | None, heap: int | None
) -> None:
    assert whole_heap(memory, resident) == heap


# --- looked at twice ----------------------------------------------------------


def test_what_is_over_in_a_second_is_not_reported() -> None:
    flood = statusall(name="flooded")
    host = Moment(STATUSALL=flood, again=statusall())
    assert of_status(seen(host, ["half_open"]))["half_open"] == 0
    assert host.asked.count("STATUSALL") == 2


def test_a_second_look_that_fails_proves_nothing() -> None:
    host = Moment(STATUSALL=statusall(name="flooded"), again="")
    assert of_status(seen(host, ["half_open"]))["half_open"] == 200


def test_a_healthy_charon_is_asked_once() -> None:
    host = Moment(again=statusall(name="flooded"))
    assert of_status(seen(host, ["half_open"]))["half_open"] == 0
    assert host.asked.count("STATUSALL") == 1


def test_a_charon_that_does_not_answer_is_asked_for_nothing_else() -> None:
    host = Moment(STATUSALL="")
    charon = seen(host)
    assert str(charon.silence) == "charon is not running"
    assert (host.asked, of_status(charon), list(troubles(charon))) == (["STATUSALL"], {}, [])


# --- modules ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ends", "families"),
    [
        ("10.0.0.1", [4]),
        ("fd00::1", [6]),
        ("fe80::1%eth0", [6]),
        ("::", [6]),
        ("10.0.0.0/8", [4]),
        ("10.0.0.1-10.0.0.9", [4]),
        ("%any", []),
        ("%any6", []),
        ("bob.example", []),
        ("face", []),
        ("10.0.0.1, fd00::1", [4, 6]),
    ],
)
def test_families(ends: str, families: list[int]) -> None:
    assert list(families_in(ends)) == families


@pytest.mark.parametrize(
    ("settings", "ends", "wanted"),
    [
        ({}, ("10.0.0.1", "10.0.0.2"), {"esp4"}),
        ({}, ("fd00::1", "fd00::2"), {"esp6"}),
        ({}, ("%any", "fd00::2"), {"esp6"}),
        ({}, ("%any", "%any"), set()),
        ({}, ("10.0.0.1", "fd00::2"), set()),
        ({"ah": "sha256"}, ("10.0.0.1", "10.0.0.2"), {"ah4"}),
        ({"ah": "sha256", "esp": "aes128"}, ("fd00::1", "fd00::2"), {"esp6"}),
    ],
)
def test_needed_modules(settings: dict[str, str], ends: tuple[str, str], wanted: set[str]) -> None:
    loaded = status(peers=(peer(local=ends[0], remote=ends[1]),))
    assert needed([connection(**settings)], loaded) == wanted
    assert needed([connection("carol", **settings)], loaded) == set()


LOADED = "esp4 1 0 - Live 0x0\n"
LISTED = "kernel/net/ipv6/esp6.ko{}\n"


@pytest.mark.parametrize(
    ("texts", "wrong"),
    [
        ({}, ["the kernel has no module esp6"]),
        ({"MODULES": LOADED + "esp6 1 0 - Live 0x0\n"}, []),
        ({"MODULES_BUILTIN": LISTED.format("")}, []),
        ({"MODULES_DEP": LISTED.format(":")}, []),
        ({"MODULES_DEP": LISTED.format(".xz: kernel/net/ipv6/a.ko.xz")}, []),
        ({"MODULES_DEP": "kernel/net/ipv4/esp4.ko: kernel/net/ipv6/esp6.ko\n"},
         ["the kernel has no module esp6"]),
        ({"MODULES_DEP": None}, []),
        ({"MODULES_BUILTIN": None}, []),
        ({"MODULES": None}, []),
        ({"STATUSALL": statusall((" stroke vici", " kernel-libipsec stroke vici"),
                                 name="without-esp6")}, []),
    ],
)  # fmt: skip
def test_a_module_is_missing_for_certain_or_not_at_all(
    texts: dict[str, str | None], wrong: list[str]
) -> None:
    charon = seen(Moment("without-esp6", **texts))
    assert [one.text for one in troubles(charon)] == wrong


# --- what is wrong by itself --------------------------------------------------

REFUSED = Output(("/usr/bin/sudo", "-n", "/usr/sbin/ipsec", "stroke", "listcounters"),
                 "", "sudo: a password is required", 1, refused=True, user="nagios")  # fmt: skip
SESSION = "0::/user.slice/user-0.slice/session-3.scope\n"
PROCESS = "Name:\t{}\nPid:\t14\nVmRSS:\t   18060 kB\nThreads:\t17\n"


@pytest.mark.parametrize(
    ("texts", "trouble"),
    [
        ({}, None),
        ({"LARVAL_DROP": "0\n"}, Trouble.LARVAL_DROP),
        ({"LARVAL_DROP": None}, None),
        ({"LARVAL_DROP": "off\n"}, None),
        ({"CHARON_CGROUP": SESSION}, Trouble.BY_HAND),
        ({"CHARON_CGROUP": f"3:cpu:/\n1:name=systemd:{SESSION[3:]}0::/\n"}, Trouble.BY_HAND),
        ({"CHARON_CGROUP": "0::/user.slice/user-0.slice/user@0.service/app.slice/a.scope\n"},
         Trouble.BY_HAND),
        ({"CHARON_CGROUP": "0::/system.slice/strongswan-starter.service\n"}, None),
        ({"CHARON_CGROUP": "0::/machine.slice/libpod-1.scope\n"}, None),
        ({"CHARON_CGROUP": "0::/\n"}, None),
        ({"CHARON_CGROUP": ""}, None),
        ({"STARTER_SERVICE": "7\n14\n", "SWANCTL_SERVICE": "9\n"}, Trouble.TWO_SERVICES),
        ({"STARTER_SERVICE": "7\n14\n", "SWANCTL_SERVICE": ""}, None),
        ({"STARTER_SERVICE": "7\n14\n"}, None),
        ({"CHARON_STATUS": PROCESS.format("sleep")}, Trouble.PID_FILE),
        ({"CHARON_STATUS": PROCESS.format("charon-systemd")}, None),
        ({"CHARON_STATUS": None}, Trouble.PID_FILE),
        ({"CHARON_STATUS": None, "INIT_STATUS": None}, None),
        ({"CHARON_STATUS": None, "PID_FILE": None}, None),
        ({"LISTCOUNTERS": REFUSED}, Trouble.COUNTERS),
        ({"LISTCOUNTERS": "List of"}, Trouble.COUNTERS),
        ({"LISTCOUNTERS": "\nNo counters available (plugin missing?)\n\n"}, None),
        ({"STATUSALL": statusall((r"\(1 up", "(2 up"))}, Trouble.BUSY),
        ({"STATUSALL": statusall(("0 connecting", "4294967295 connecting"))}, None),
    ],
)  # fmt: skip
def test_troubles(texts: dict[str, Any], trouble: Trouble | None) -> None:
    found = [one.trouble for one in troubles(seen(Moment(**texts)))]
    assert found == ([trouble] if trouble else [])


@pytest.mark.parametrize("name", NAMES)
def test_only_what_its_name_says_is_wrong_with_a_captured_moment(name: str) -> None:
    found = {one.trouble for one in troubles(seen(Moment(name)))}
    by_name = {
        "without-esp6": {Trouble.MODULE},
        "without-larval-drop": {Trouble.LARVAL_DROP},
        "busy": {Trouble.BUSY},
    }
    assert found == by_name.get(name, set())


# --- from run to run ----------------------------------------------------------


def later(
    first: Moment, second: Moment, seconds: float = 60.0, forget: tuple[str, ...] = ()
) -> Since:
    """What has changed from one moment to another one."""
    earlier = reading(seen(first), NOW)(None)
    facts = {key: value for key, value in earlier.facts.items() if key not in forget}
    earlier = earlier._replace(facts=facts)
    charon, now = seen(second), NOW + seconds
    return since(charon, now, Remembered(reading(charon, now)(earlier), earlier))


def aged(text: str, seconds: int) -> str:
    """charon's answer when it was that old, started when it says."""
    return re.sub(r"uptime: \d+ seconds?", f"uptime: {seconds} seconds", text)


def test_the_first_run_has_nothing_to_say() -> None:
    assert since(seen(Moment()), NOW, None) == Since(
        dict.fromkeys(since(seen(Moment()), NOW, None).rates), None, False, "no earlier reading yet"
    )


def test_what_is_wrong_with_the_memory_is_said() -> None:
    charon = seen(Moment())
    remembered = Remembered(reading(charon, NOW)(None), None, "no earlier reading, a.json: damaged")
    found = since(charon, NOW, remembered)
    assert found.note == "no earlier reading yet (a.json: damaged)"


def test_rates() -> None:
    before = counters(ikeInInitReq=100, ikeOutInitRsp=90, ikeInInvalid=7, ikeInitRekey=3)
    after = counters(ikeInInitReq=400, ikeOutInitRsp=210, ikeInInvalid=67, ikeInitRekey=3,
                     ikeRspRekey=6, ikeChildSaRekey=120)  # fmt: skip
    found = later(Moment(LISTCOUNTERS=before), Moment("idle-later", LISTCOUNTERS=after))
    assert {rate: value for rate, value in found.rates.items() if value} == {
        "unanswered_init_in": 3.0,
        "invalid": 1.0,
        "ike_rekeys": 0.1,
        "child_rekeys": 2.0,
    }
    assert found.rates["unanswered_auth_out"] == 0
    assert (found.note, found.restarted) == ("", False)


def test_responses_to_earlier_requests_are_no_negative_rate() -> None:
    before, after = counters(ikeOutAuthReq=9), counters(ikeOutAuthReq=9, ikeInAuthRsp=9)
    found = later(Moment(LISTCOUNTERS=before), Moment("idle-later", LISTCOUNTERS=after))
    assert found.rates["unanswered_auth_out"] == 0


def test_a_counter_that_is_not_printed_has_no_rate() -> None:
    less = counters().replace("ikeInInvalid ", "ikeNew ")
    found = later(Moment(), Moment("idle-later", LISTCOUNTERS=less))
    assert found.rates["invalid"] is None


@pytest.mark.parametrize("first", [counters(ikeInInitReq=5), counters(ikeOutInfoRsp=1)])
def test_counters_that_somebody_reset_have_no_rate(first: str) -> None:
    found = later(Moment(LISTCOUNTERS=first), Moment("idle-later", LISTCOUNTERS=counters()))
    assert set(found.rates.values()) == {None}
    assert (found.note, found.restarted) == ("counters began anew", False)


OTHER = statusall((r"since [^\n]+", "since Nov 28 06:00:00 2026"), (r"uptime: \d+", "uptime: 2"))


def test_another_charon_in_the_same_boot_was_restarted() -> None:
    process = PROCESS.format("charon").replace("14", "77")
    found = later(Moment(), Moment(STATUSALL=OTHER, CHARON_STATUS=process))
    assert found.restarted
    assert found.note == "no earlier reading of this charon yet"
    assert set(found.rates.values()) == {None}


def test_a_restart_is_remembered_while_it_is_the_same_charon() -> None:
    process = PROCESS.format("charon").replace("14", "77")
    moment = Moment(STATUSALL=OTHER, CHARON_STATUS=process)
    first = reading(seen(Moment()), NOW)(None)
    second = reading(seen(moment), NOW + 60)(first)
    third = since(seen(moment), NOW + 120, Remembered(second, second))
    assert (third.restarted, third.note) == (True, "")


def test_a_booted_host_has_not_restarted_charon() -> None:
    found = later(Moment(BOOT_ID="another\n"), Moment(STATUSALL=OTHER))
    assert not found.restarted
    assert found.note == "no earlier reading of this charon yet"


def test_an_unknown_boot_proves_no_restart() -> None:
    assert not later(Moment(BOOT_ID=None), Moment(STATUSALL=OTHER, BOOT_ID=None)).restarted


@pytest.mark.parametrize("shift", [3600, -3600, 1, -1])
def test_a_clock_that_was_set_is_no_restart(shift: int) -> None:
    began = {3600: "06:12:00", -3600: "04:12:00", 1: "05:12:01", -1: "05:11:59"}[shift]
    first = statusall((r"since [^\n]+", "since Nov 28 05:12:00 2026"))
    second = aged(statusall((r"since [^\n]+", f"since Nov 28 {began} 2026")), 64)
    found = later(Moment(STATUSALL=first), Moment(STATUSALL=second), abs(60.0 + shift))
    assert (found.restarted, found.note) == (False, "")


def test_growth_is_since_charon_was_smallest() -> None:
    def moment(kib: int) -> Moment:
        status = re.sub(r"18060", str(kib), PROCESS.format("charon"))
        return Moment("idle-later", CHARON_STATUS=status)

    earlier = None
    grown = []
    for number, kib in enumerate((20_000, 18_000, 30_000, 25_000)):
        now = NOW + 60 * number
        charon = seen(moment(kib))
        grown.append(since(charon, now, Remembered(Reading(now, "", "", {}), earlier)).growth)
        earlier = reading(charon, now)(earlier)
    assert grown == [None, 0, 12_000 * 1024, 7_000 * 1024]


def test_what_many_sas_need_is_no_growth() -> None:
    def moment(kib: int, number: int) -> Moment:
        head, _, sas = statusall(name="flooded").partition("(0 up, 200 connecting):\n")
        some = "".join(sas.splitlines(keepends=True)[: 4 * number]) or "  none\n"
        text = f"{head}(0 up, {number} connecting):\n{some}"
        status = re.sub(r"18060", str(kib), PROCESS.format("charon"))
        return Moment("flooded", STATUSALL=text, CHARON_STATUS=status)

    earlier = None
    grown = []
    sizes = ((18_000, 0), (18_100, 1), (26_000, 200), (26_000, 0), (90_000, 0))
    for number, (kib, sas) in enumerate(sizes):
        now = NOW + 60 * number
        charon = seen(moment(kib, sas))
        assert of_status(charon)["ike_sas"] == sas
        grown.append(since(charon, now, Remembered(Reading(now, "", "", {}), earlier)).growth)
        earlier = reading(charon, now)(earlier)
    assert grown == [None, 36 * 1024, 0, 0, 64_000 * 1024]


def test_a_young_reading_stays_and_a_rate_is_over_some_seconds() -> None:
    first = reading(seen(Moment()), NOW)(None)
    as_before = {"ikeInInitRsp": 1, "ikeOutInitReq": 1, "ikeInAuthRsp": 1, "ikeOutAuthReq": 1}
    text = counters(ikeInInvalid=20, **as_before)
    after = Moment("idle-later", LISTCOUNTERS=text)
    kept = reading(seen(after), NOW + 2)(first)
    assert kept is first
    assert since(seen(after), NOW + 2, Remembered(kept, first)).rates["invalid"] == 20 / SECONDS
    assert reading(seen(after), NOW + SECONDS)(first).time == NOW + SECONDS


@pytest.mark.parametrize(
    "facts",
    [None, [], "x", {}, {"counters": 3}, {"counters": {"ikeInInvalid": "x"}}, {"least": [1]},
     {"uptime": {}, "pid": "14"}, {"restarted": "yes"}],
    ids=str,
)  # fmt: skip
def test_whatever_was_remembered_does_no_harm(facts: Any) -> None:
    fresh = reading(seen(Moment()), NOW)(None)
    for daemon in (fresh.daemon, "no date", None):
        earlier = Reading(NOW - 60, fresh.boot, daemon, facts)
        found = since(seen(Moment()), NOW, Remembered(fresh, earlier))
        assert all(value in (None, 0) for value in found.rates.values())


def test_the_sources_of_a_moment_are_all_asked_for() -> None:
    host = Moment()
    seen(host)
    assert {Source[name] for name in host.asked} >= {Source.LISTCOUNTERS, Source.MODULES}
