"""The runbook explains all that the plugin can give as a reason, and nothing else."""

import ast
import re
from html.parser import HTMLParser

import pytest

from check_ipsec.errors import CheckIpsecError
from check_ipsec.report.severity import Severity
from check_ipsec.report.table import RUNBOOK
from check_ipsec.truth.cause import Cause
from check_ipsec.truth.causes import CAUSES, EXPIRED, TAKEN_DOWN
from check_ipsec.truth.concerns import Concern
from check_ipsec.truth.flaws import Flaw
from check_ipsec.truth.reasons import Reason
from check_ipsec.truth.traffic import WRONG
from check_ipsec.truth.troubles import Trouble
from pack import manual, runbook
from tests.hosts import ROOT

PAGE = ROOT / "doc/runbook.md"
TEXT = PAGE.read_text()

# what the first line begins with or holds, where nothing can be said
UNKNOWN = {
    "NotPermitted": "may not run",
    "ConfigurationError": "cannot read",
    "ParseError": "FILE:LINE",
    "CommandFailed": "a command fails",
    "UsageError": "usage",
    "CaptureError": "a capture",
}
# these are no errors of the package's own
OTHERS = {"no answer within", "internal error"}


def headings(level: int, text: str = TEXT) -> list[str]:
    return re.findall(rf"(?m)^{'#' * level} (.+)$", text)


def chapter(heading: str) -> str:
    """The text below a heading of the second level, up to the next one."""
    return re.split(r"(?m)^## ", TEXT.partition(f"\n## {heading}\n")[2])[0]


def section(heading: str) -> str:
    """The text below a heading of the third level, up to the next one."""
    return re.split(r"(?m)^##+ ", TEXT.partition(f"\n### {heading}\n")[2])[0]


def silences() -> set[str]:
    """What the code says where charon does not answer."""
    found = set()
    for path in (ROOT / "check_ipsec").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "DaemonNotRunning":
                found.add(ast.literal_eval(node.args[0]))
    return found


def test_reasons_and_headings_are_the_same() -> None:
    assert sorted(headings(3, chapter("Reasons"))) == sorted(reason.value for reason in Reason)


@pytest.mark.parametrize("cause", [*CAUSES, EXPIRED, TAKEN_DOWN], ids=lambda cause: cause.words)
def test_every_cause_is_explained(cause: Cause) -> None:
    text = " ".join(chapter("Why").split())
    begin = re.split(r" not valid|,|:? \{\}", cause.words)[0]
    assert f"**{begin}" in text


def test_what_traffic_does_not_do_is_a_heading() -> None:
    wanted = {flow.value for flow in WRONG} | {"Xfrm..."}
    assert set(headings(3, chapter("Traffic"))) == wanted


def test_the_ways_in_which_charon_is_silent_are_headings_too() -> None:
    assert sorted(headings(4)) == sorted(silences())


def test_what_keeps_the_plugin_from_an_answer_is_explained() -> None:
    kinds = {kind.__name__ for kind in CheckIpsecError.__subclasses__()}
    assert kinds - {"DaemonNotRunning"} == UNKNOWN.keys()
    assert set(headings(3, chapter("Nothing can be said"))) == {*UNKNOWN.values(), *OTHERS}


def test_troubles_of_charon_and_headings_are_the_same() -> None:
    assert headings(3, chapter("charon itself")) == [trouble.value for trouble in Trouble]


def test_concerns_about_what_was_agreed_on_and_headings_are_the_same() -> None:
    assert headings(3, chapter("What was agreed on")) == [concern.value for concern in Concern]


@pytest.mark.parametrize("concern", Concern, ids=lambda concern: concern.name)
def test_every_concern_says_what_to_do(concern: Concern) -> None:
    assert re.search(r"(?m)^    \S", section(concern.value))


@pytest.mark.parametrize("trouble", Trouble, ids=lambda trouble: trouble.name)
def test_every_trouble_says_what_to_do(trouble: Trouble) -> None:
    assert re.search(r"(?m)^    \S", section(trouble.value))


def test_flaws_of_certificates_and_headings_are_the_same() -> None:
    assert headings(3, chapter("Certificates")) == [flaw.value for flaw in Flaw]


@pytest.mark.parametrize("flaw", Flaw, ids=lambda flaw: flaw.name)
def test_every_flaw_says_what_to_do(flaw: Flaw) -> None:
    assert re.search(r"(?m)^    \S", section(flaw.value))


@pytest.mark.parametrize("status", Severity, ids=lambda status: status.name)
def test_every_status_has_its_anchor(status: Severity) -> None:
    assert f'### <a id="status-{status.value}"></a>{status.name}\n' in TEXT


@pytest.mark.parametrize("reason", Reason, ids=lambda reason: reason.name)
def test_every_reason_says_what_to_do(reason: Reason) -> None:
    text = section(reason.value)
    assert len(text.split()) >= 8
    healthy = reason in (Reason.CLIENTS, Reason.SWITCHED_OFF)
    passing = reason in (Reason.REAUTHENTICATING, Reason.NO_DAEMON)
    assert healthy or passing or re.search(r"(?m)^    \S", text)


def test_the_anchors_are_those_of_the_headings() -> None:
    assert Reason.NO_SA.anchor == "no-sa"
    assert Reason.NO_CHILD_SA.anchor == "ike-up-no-child_sa"
    assert Reason.PARTIAL_ANSWER.anchor == "not-in-charons-partial-answer"
    assert len({reason.anchor for reason in Reason}) == len(Reason)


@pytest.mark.parametrize("action", ["status", "up", "down"])
def test_it_says_what_ipsec_global_does(action: str) -> None:
    text = chapter("ipsec-global")
    assert re.search(rf"(?m)^    ipsec-global {action}", text)
    assert f"\n**{action}** " in text


def test_it_is_shipped_where_the_table_looks_for_it() -> None:
    package, name = RUNBOOK.removeprefix("/usr/share/doc/").split("/")
    docs = (ROOT / f"debian/{package}.docs").read_text().split()
    assert f"doc/{name}" in docs


# --- the page -----------------------------------------------------------------------

VOID = {"meta"}


class Page(HTMLParser):
    """What a page holds: elements, anchors, links, other attributes, lines to type."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: set[str] = set()
        self.anchors: list[str] = []
        self.links: set[str] = set()
        self.attributes: set[str] = set()
        self.lines: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.open += () if tag in VOID else (tag,)
        for name, value in attrs:
            self.attributes.add(name)
            self.anchors += (value or "",) if name == "id" else ()
            self.links |= {value or ""} if name == "href" else set()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-3:] == ["pre", "code", "span"]:
            self.lines.append(data)


@pytest.fixture(scope="module")
def page() -> Page:
    return Page(runbook.page())


def test_the_page_is_whole_and_closes_what_it_opens(page: Page) -> None:
    assert page.open == []
    assert {"html", "head", "body", "title"} <= page.elements


def test_the_page_needs_nothing_beside_it(page: Page) -> None:
    assert not page.elements & {"script", "link", "img", "iframe", "object", "embed"}
    assert page.attributes == {"lang", "charset", "name", "content", "href", "id", "class"}
    assert not re.search(r"url\(|@import|://", runbook.page())


def test_the_page_has_an_anchor_for_every_link(page: Page) -> None:
    assert {link[:1] for link in page.links} == {"#"}
    assert {link[1:] for link in page.links} <= set(page.anchors)
    assert len(page.anchors) == len(set(page.anchors))


def test_the_page_has_the_anchors_that_monitoring_names(page: Page) -> None:
    assert {reason.anchor for reason in Reason} <= set(page.anchors)
    assert {trouble.anchor for trouble in Trouble} <= set(page.anchors)
    assert {flaw.anchor for flaw in Flaw} <= set(page.anchors)
    assert {concern.anchor for concern in Concern} <= set(page.anchors)
    assert {f"status-{status.value}" for status in Severity} <= set(page.anchors)


def test_the_page_has_every_line_to_type(page: Page) -> None:
    assert page.lines == [f"{line}\n" for line in re.findall(r"(?m)^    (\S.*)$", TEXT)]


SNIPPETS = ("etc/apache2/conf-available", "etc/nginx/snippets")


@pytest.mark.parametrize("folder", SNIPPETS)
def test_web_servers_have_the_page_where_the_monitoring_links_it(folder: str) -> None:
    text = (ROOT / folder / f"{manual.PACKAGE}.conf").read_text()
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert runbook.ADDRESS in "\n".join(lines)
    assert f"{manual.DOCUMENTS}/runbook.html" in "\n".join(lines)


def test_nagios_links_the_page_by_state() -> None:
    text = (ROOT / "etc/nagios-plugins/config/ipsec.cfg").read_text()
    linked = re.findall(r"(?m)^\tnotes_url\t+(.*)$", text)
    assert linked == [f"{runbook.ADDRESS}#status-$SERVICESTATEID$"]
