"""Which reading follows which, and what a second look may change."""

import re
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import pytest

from check_ipsec.errors import NotPermitted, ParseError
from check_ipsec.host.captured import CapturedFiles
from check_ipsec.host.host import Deadline, Way
from check_ipsec.host.sources import Output, Source
from check_ipsec.report.severity import Counts, Mapping, Severity, count, least, overall, worst
from check_ipsec.truth.observe import Observation, Question, observe
from check_ipsec.truth.verdict import State
from tests.hosts import ROOT

ALL_UP = "mesh-all-up"
FLUSHED = "kernel-states-flushed"
REFUSED = "sudo: a password is required"


class Scripted:
    """A host whose answers are given one by one; the last one is given again."""

    time: datetime | None = None

    def __init__(self, again: bool = True, **answers: Iterable[Output]) -> None:
        self.path = f"{folder(ALL_UP)}/ipsec.conf"
        self.swanctl = None
        self.way = Way.AUTO
        self.files = CapturedFiles(str(folder(ALL_UP)))
        self.asked: list[str] = []
        self._again = again
        usual = {source.name: [said(source)] for source in SOURCES}
        self._answers = {name: list(given) for name, given in {**usual, **answers}.items()}

    def read(self, source: Source, _deadline: Deadline, _argument: str = "") -> Output:
        self.asked.append(source.file)
        answers = self._answers[source.name]
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def can_read_again(self, _deadline: Deadline) -> bool:
        return self._again


def folder(host: str) -> Path:
    return ROOT / "fixtures/hosts" / host


def said(source: Source, host: str = ALL_UP) -> Output:
    return Output(source.words, (folder(host) / source.file).read_text())


SOURCES = (Source.STATUSALL, Source.XFRM_STATE, Source.XFRM_POLICY)


def edited(source: Source, old: str, new: str) -> Output:
    whole = said(source)
    assert old in whole.stdout
    return whole._replace(stdout=whole.stdout.replace(old, new))


def without(*names: str) -> Output:
    """charon's answer while it has nothing of these connections."""
    whole = said(Source.STATUSALL)
    head, divided, sas = whole.stdout.partition("Security Associations")
    theirs = re.compile(rf" *(?:{'|'.join(names)})[\[{{]")
    kept = [line for line in sas.splitlines(keepends=True) if not theirs.match(line)]
    up = 4 - len(names)
    text = "".join(kept).replace("(4 up", f"({up} up")
    return whole._replace(stdout=head + divided + text)


def short() -> Output:
    """charon's answer without its last IKE_SA."""
    text = said(Source.STATUSALL).stdout
    return Output(Source.STATUSALL.words, text[: text.rindex("      bob_v4[1]: ESTABLISHED")])


HUNG = Output(Source.STATUSALL.words, "", exit=-15, timed_out=True)
NOBODY = Output(("/usr/bin/sudo", "-n", "ip"), "", REFUSED, 1, refused=True, user="nobody")
NO_STATES = Output(Source.XFRM_STATE.words, "")
KERNEL = ["xfrm-state", "xfrm-policy"]
BOB_OUT = "src 10.1.0.1/32 dst 10.1.0.2/32 \n\tdir out"


def look(host: Scripted, **facts: object) -> Observation:
    return observe(host, Question(pause=0.0)._replace(**facts))


USUAL = Mapping()


def status_of(seen: Observation, mapping: Mapping = USUAL) -> Severity:
    return overall(worst(seen, mapping), least(seen, mapping))


def states(seen: Observation) -> dict[str, State]:
    return {verdict.connection.name: verdict.state for verdict in seen.verdicts}


def test_a_healthy_host_is_read_once() -> None:
    host = Scripted()
    assert status_of(look(host)) is Severity.OK
    assert host.asked == ["statusall", *KERNEL]


def test_no_kernel_asks_no_kernel() -> None:
    host = Scripted()
    seen = look(host, ask_kernel=False)
    assert (status_of(seen), host.asked) == (Severity.OK, ["statusall"])
    assert count(seen).cleartext is None


def test_charon_that_does_esp_itself_leaves_no_kernel_to_ask() -> None:
    plugins = edited(Source.STATUSALL, " stroke ", " kernel-libipsec stroke ")
    host = Scripted(STATUSALL=[plugins], XFRM_STATE=[NO_STATES])
    assert status_of(look(host)) is Severity.OK
    assert host.asked == ["statusall"]


def test_states_that_policies_name_are_read_once_more() -> None:
    host = Scripted(XFRM_STATE=[NO_STATES, said(Source.XFRM_STATE)])
    assert status_of(look(host)) is Severity.OK
    assert host.asked == ["statusall", *KERNEL, "xfrm-state"]


def lacking(host: str) -> Output:
    """The kernel's answer without the states towards a host."""
    whole = said(Source.XFRM_STATE)
    records = re.split(r"(?m)^(?=src )", whole.stdout)
    kept = [record for record in records if f" dst {host}\n" not in record]
    assert len(kept) < len(records)
    return whole._replace(stdout="".join(kept))


def test_policies_are_of_a_moment_between_both_reads_of_the_states() -> None:
    host = Scripted(XFRM_STATE=[lacking("10.1.0.2"), lacking("10.1.0.3")])
    assert status_of(look(host)) is Severity.OK
    assert host.asked == ["statusall", *KERNEL, "xfrm-state"]


def test_a_mismatch_is_looked_at_twice() -> None:
    host = Scripted(XFRM_STATE=[NO_STATES, NO_STATES, said(Source.XFRM_STATE)])
    assert status_of(look(host)) is Severity.OK
    assert host.asked == ["statusall", *KERNEL, "xfrm-state", "statusall", *KERNEL]


def test_a_mismatch_that_stays_is_reported() -> None:
    assert status_of(look(Scripted(XFRM_STATE=[NO_STATES]))) is Severity.CRITICAL


def test_what_only_one_of_two_looks_saw_is_a_moment() -> None:
    """One peer was seen between its old and its new IKE_SA, then another one."""
    host = Scripted(STATUSALL=[without("bob_v4"), without("carol_v6")])
    assert status_of(look(host)) is Severity.OK
    assert host.asked == ["statusall", *KERNEL] * 2


def test_what_both_looks_saw_is_reported() -> None:
    host = Scripted(STATUSALL=[without("bob_v4", "carol_v4"), without("carol_v6", "carol_v4")])
    found = states(look(host))
    assert [name for name, state in found.items() if state is not State.ESTABLISHED] == ["carol_v4"]


def test_there_is_no_second_look_without_time_for_it() -> None:
    host = Scripted(again=False, XFRM_STATE=[NO_STATES])
    assert status_of(look(host)) is Severity.CRITICAL
    assert host.asked == ["statusall", *KERNEL, "xfrm-state"]


def test_a_second_look_that_fails_leaves_the_first() -> None:
    host = Scripted(XFRM_STATE=[NO_STATES, NO_STATES, NOBODY])
    assert set(states(look(host)).values()) == {State.NOT_CONNECTED}


def test_a_second_look_that_leaves_out_sas_proves_nothing_against_the_first() -> None:
    host = Scripted(STATUSALL=[without("carol_v4"), short()])
    assert states(look(host))["carol_v4"] is State.NOT_CONNECTED


def test_a_kernel_that_was_too_slow_once_is_asked_again() -> None:
    slow = Output(Source.XFRM_POLICY.words, "", exit=None, seconds=1.0, timed_out=True)
    host = Scripted(XFRM_POLICY=[slow, said(Source.XFRM_POLICY)])
    assert status_of(look(host)) is Severity.OK
    assert host.asked == ["statusall", *KERNEL, "xfrm-policy"]
    assert status_of(look(Scripted(XFRM_POLICY=[slow]))) is Severity.WARNING
    assert status_of(look(Scripted(again=False, XFRM_POLICY=[slow]))) is Severity.WARNING


def test_a_short_answer_is_asked_for_again() -> None:
    host = Scripted(STATUSALL=[short(), said(Source.STATUSALL)])
    assert status_of(look(host)) is Severity.OK
    assert host.asked == ["statusall", "statusall", *KERNEL]


def test_who_is_left_out_of_a_short_answer_is_unverified() -> None:
    seen = look(Scripted(STATUSALL=[short()]))
    assert (seen.partial, status_of(seen)) == (True, Severity.WARNING)
    assert [name for name, state in states(seen).items() if state is State.UNVERIFIED] == ["bob_v4"]


def test_an_answer_that_takes_too_long_is_asked_for_without_waiting() -> None:
    host = Scripted(STATUSALL=[HUNG], STATUSALL_NB=[said(Source.STATUSALL)])
    assert status_of(look(host)) is Severity.OK
    assert host.asked == ["statusall", "statusall-nb", *KERNEL]


def test_charon_that_never_answers_is_critical_and_clear_text_is_still_known() -> None:
    seen = look(Scripted(STATUSALL=[HUNG], STATUSALL_NB=[HUNG]))
    assert (status_of(seen), str(seen.daemon_error)) == (
        Severity.CRITICAL,
        "charon does not answer",
    )
    assert count(seen) == Counts(4, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0)


@pytest.mark.parametrize("number", [2**31, 2**32 - 1])
def test_a_count_below_zero_is_no_count(number: int) -> None:
    wrapped = edited(Source.STATUSALL, "(4 up,", f"({number} up,")
    assert not look(Scripted(STATUSALL=[wrapped])).partial


def test_a_refused_kernel_verifies_nothing() -> None:
    seen = look(Scripted(XFRM_STATE=[NOBODY]))
    assert (status_of(seen), count(seen).unverified) == (Severity.WARNING, 4)
    assert isinstance(seen.kernel_error, NotPermitted)


def test_a_kernel_text_that_was_cut_is_unknown() -> None:
    cut = said(Source.XFRM_POLICY)
    seen = look(Scripted(XFRM_POLICY=[cut._replace(stdout=cut.stdout[:-9])]))
    assert isinstance(seen.kernel_error, ParseError)
    assert status_of(seen) is Severity.UNKNOWN


def test_what_charon_proves_stays_critical_beside_it() -> None:
    cut = said(Source.XFRM_POLICY)
    host = Scripted(
        STATUSALL=[without("bob_v4")], XFRM_POLICY=[cut._replace(stdout=cut.stdout[:-9])]
    )
    assert status_of(look(host)) is Severity.CRITICAL


def test_a_kernel_record_that_cannot_be_read_leaves_the_others() -> None:
    damaged = edited(Source.XFRM_POLICY, BOB_OUT, BOB_OUT.replace("dir out", "dir sideways"))
    seen = look(Scripted(XFRM_POLICY=[damaged]))
    bad = [name for name, state in states(seen).items() if state is State.UNVERIFIED]
    assert (bad, status_of(seen)) == (["bob_v4"], Severity.WARNING)


def test_a_line_that_may_hold_a_state_is_a_warning_at_least() -> None:
    strange = edited(Source.STATUSALL, "Security Ass", "  something new\nSecurity Ass")
    assert status_of(look(Scripted(STATUSALL=[strange]))) is Severity.WARNING


def test_a_new_line_about_the_daemon_is_none() -> None:
    strange = edited(Source.STATUSALL, "Listening IP", "  post-quantum: ready\nListening IP")
    assert status_of(look(Scripted(STATUSALL=[strange]))) is Severity.OK


def test_grace_is_for_a_young_charon_only() -> None:
    flushed = [NO_STATES]
    young = look(Scripted(XFRM_STATE=flushed))
    assert status_of(young, Mapping(grace=3600)) is Severity.WARNING
    for uptime in ("2 days", "3 weeks"):
        old = edited(Source.STATUSALL, "  uptime: 3 seconds,", f"  uptime: {uptime},")
        seen = look(Scripted(STATUSALL=[old], XFRM_STATE=flushed))
        assert status_of(seen, Mapping(grace=3600)) is Severity.CRITICAL
