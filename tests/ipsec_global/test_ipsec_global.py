"""ipsec-global without a host: orders that follow from a look, and what is said at the end."""

from collections.abc import Iterable, Iterator

import pytest

from check_ipsec.host.sources import Output
from check_ipsec.ipsec_global import down as down_module
from check_ipsec.ipsec_global.action import Action, Asked
from check_ipsec.ipsec_global.command import carried_out
from check_ipsec.ipsec_global.down import Down
from check_ipsec.ipsec_global.operation import Work, is_unanswered
from check_ipsec.ipsec_global.orders import Order, Verb, speaking
from check_ipsec.ipsec_global.report import Exit, Report
from check_ipsec.ipsec_global.scene import Scene, scene
from check_ipsec.ipsec_global.show import Show
from check_ipsec.ipsec_global.up import AGAIN_AFTER, Up
from check_ipsec.model.configuration import Configuration, Connection
from check_ipsec.model.daemon import ChildSa, ChildState, IkeState, Peer, Status
from check_ipsec.truth.kernel import Kernel
from check_ipsec.truth.observe import Observation, Question
from check_ipsec.truth.reconcile import reconcile
from check_ipsec.truth.unlisted import unlisted
from tests.build import POLICIES, STATES, child, connection, ike, kernel, peer, status, xfrm_policy

EVERYTHING = Question()
NO_TEXT = Output(("ipsec",), "")


def seen(
    host: Status | None,
    *connections: Connection,
    question: Question = EVERYTHING,
    held: Kernel | None = None,
    partial: bool = False,
) -> Scene:
    """A look at a host; the kernel has what ``held`` has, or nothing."""
    every = connections or (connection(),)
    known = held or kernel((), ())
    return scene(
        Observation(
            configuration=Configuration("/etc/ipsec.conf", every),
            verdicts=reconcile(every, host, known, asked=True, partial=partial),
            status=host,
            partial=partial,
            daemon_error=None,
            kernel=known,
            kernel_asked=True,
            kernel_error=None,
            unlisted=unlisted(every, host) if host else unlisted(every, status()),
        ),
        question,
    )


def typed(orders: Iterable[Order]) -> list[str]:
    return [f"{order.verb.value} {order.target}" for order in orders]


INSTALLED = child()
UP = ike(IkeState.ESTABLISHED, INSTALLED)
TRAP = child(ChildState.ROUTED, unique_id=1)


# --- down: what is asked for ----------------------------------------------------


def merged(*children: ChildSa, state: IkeState = IkeState.ESTABLISHED, **facts: object) -> Status:
    names = ("net1", "net2", "net3")
    one = ike(state, *children, name="net1", **facts)
    return status(one, peers=(peer("net1", names),))


NET = tuple(connection(f"net{number}") for number in (1, 2, 3))
NET1, NET2, NET3 = (
    child(name=f"net{number}", unique_id=number, reqid=number) for number in (1, 2, 3)
)
ONLY_2 = Question(include=("net2",))
SETTING_UP = {"tasks_active": ("IKE_INIT", "CHILD_CREATE")}

CLOSINGS = {
    "an IKE_SA goes as a whole": (seen(status(UP)), ["down-nb [2]"]),
    "nothing to close": (seen(status()), []),
    "a trap goes first": (seen(status(UP, traps=(TRAP,))), ["unroute bob", "down-nb [2]"]),
    "duplicates": (
        seen(status(UP, UP._replace(unique_id=3))),
        ["down-nb [2]", "down-nb [3]"],
    ),
    "one that is connecting": (seen(status(ike(IkeState.CONNECTING))), ["down-nb [2]"]),
    "all merged ones": (seen(merged(NET1, NET2, NET3), *NET), ["down-nb [2]"]),
    "one of three merged ones": (
        seen(merged(NET1, NET2, NET3), *NET, question=ONLY_2),
        ["down-nb {2}"],
    ),
    "the last one takes the IKE_SA along": (
        seen(merged(NET2), *NET, question=ONLY_2),
        ["down-nb [2]"],
    ),
    "a sibling that is closed holds no IKE_SA": (
        seen(merged(NET2, NET1._replace(state=ChildState.DELETED)), *NET, question=ONLY_2),
        ["down-nb [2]"],
    ),
    "an empty IKE_SA": (seen(merged(), *NET, question=ONLY_2), ["down-nb [2]"]),
    "one that siblings are being set up with": (
        seen(merged(state=IkeState.CONNECTING, **SETTING_UP), *NET, question=ONLY_2),
        [],
    ),
    "only siblings": (seen(merged(NET1, NET3), *NET, question=ONLY_2), []),
    "a child that the file does not name": (
        seen(merged(NET1, NET2), NET[0]),
        ["down-nb {1}"],
    ),
    "an SA that the file does not name": (seen(status(UP), connection("carol")), []),
    "clients": (
        seen(status(UP, peers=(peer(remote="%any"),)), connection(right="%any", auto="add")),
        ["down-nb [2]"],
    ),
    "switched off, but up": (seen(status(UP), connection(auto="ignore")), ["down-nb [2]"]),
    "not loaded, and an IKE_SA of its name": (
        seen(status(ike(IkeState.CONNECTING), peers=())),
        ["down-nb [2]"],
    ),
}


@pytest.mark.parametrize("case", CLOSINGS)
def test_down_asks_for(case: str) -> None:
    first, wanted = CLOSINGS[case]
    assert typed(Down(first, 60).orders(first, 0)) == wanted


def test_the_words_of_an_order() -> None:
    assert Order(Verb.START, "x[1]").words == ("ipsec", "stroke", "up-nb", "x[1]")
    assert Order(Verb.ROUTE, "--help").words == ("ipsec", "stroke", "--", "route", "--help")


@pytest.mark.parametrize(
    ("order", "words"),
    [
        (Order(Verb.CLOSE, "[7]"), "--terminate --ike-id=7 --timeout=-1"),
        (Order(Verb.CLOSE, "{8}"), "--terminate --child-id=8 --timeout=-1"),
        (Order(Verb.START, "gw/net"), "--initiate --ike=gw --child=net --timeout=-1"),
        (Order(Verb.START_AND_WAIT, "gw/net"), "--initiate --ike=gw --child=net --timeout=8"),
        (Order(Verb.ROUTE, "gw/net"), "--install --ike=gw --child=net"),
        (Order(Verb.UNROUTE, "a/b"), "--uninstall --child=a/b"),
    ],
)
def test_words_over_vici(order: Order, words: str) -> None:
    there = Configuration(
        "", (Connection("gw/net", "", 1, (), section="gw"), Connection("a/b", "", 1, ())),
        over_vici=True,
    )  # fmt: skip
    assert speaking(there)(order).words == ("swanctl", *words.split())
    assert speaking(there._replace(over_vici=False))(order) is order


def test_an_order_that_vici_refuses_is_answered() -> None:
    order = Order(Verb.ROUTE, "gw/net", over_vici=True)
    refused = Output(order.words, "", "install failed: CHILD_SA 'net' already routed\n", exit=1)
    assert not is_unanswered(Asked(order, refused))
    gone = "connecting to 'unix:///var/run/charon.vici' failed: Connection refused\n"
    assert is_unanswered(Asked(order, refused._replace(stderr=gone)))
    assert is_unanswered(Asked(order._replace(over_vici=False), refused))


def test_what_does_not_go_is_asked_again_later() -> None:
    first = seen(status(UP))
    action = Down(first, 60)
    deleting = seen(status(ike(IkeState.DELETING, INSTALLED)))
    assert action.orders(first, 0)
    assert action.orders(deleting, down_module.FORCE_AFTER - 1) == ()
    assert typed(action.orders(deleting, down_module.FORCE_AFTER)) == ["down-nb [2]"]


BY_PEER = {"unique_id": 7, "initiator": False}
BACK = ike(IkeState.ESTABLISHED, child(unique_id=8), **BY_PEER)


def test_what_a_peer_brings_back_is_left_to_it_and_named() -> None:
    action = Down(seen(status(UP)), 60)
    later = seen(status(BACK))
    assert action.orders(later, 99) == ()
    assert [(one.why, one.back) for one in action.unmet(later)] == [
        ("brought back by its peer 10.0.0.2: bob[7], bob{8}", True)
    ]


def test_what_this_host_brings_back_is_closed_again() -> None:
    action = Down(seen(status(UP)), 60)
    own = seen(status(BACK._replace(initiator=True)))
    assert typed(action.orders(own, 1)) == ["down-nb [7]"]
    assert not action.unmet(own)[0].back


def test_a_child_that_comes_again_beside_siblings_is_back() -> None:
    action = Down(seen(merged(NET1, NET2), *NET, question=ONLY_2), 60)
    again = seen(merged(NET1, NET2._replace(unique_id=9)), *NET, question=ONLY_2)
    assert action.orders(again, 99) == ()
    assert action.unmet(again)[0].back


# --- down: when it is done ------------------------------------------------------


def finished_after(action: Down, look: Scene) -> float | None:
    """Seconds until it is done with what stays as it is, None where it is never."""
    return next((now for now in range(100) if action.finished(look, float(now))), None)


@pytest.mark.parametrize(
    ("look", "wanted"),
    [
        (seen(status()), 3),
        (seen(status(UP)), None),
        (seen(status(BACK)), 3),
        (seen(status(ike(IkeState.CONNECTING, name="(unnamed)", initiator=False))), None),
        (seen(status(), partial=True), None),
        (seen(status(), held=kernel(STATES, ())), None),
        (seen(status(), held=kernel((), POLICIES)), None),
    ],
    ids=["nothing left", "left", "back", "a peer comes", "partial", "states", "policies"],
)
def test_down_is_done(look: Scene, wanted: float | None) -> None:
    first = seen(status(UP))
    action = Down(first, 60)
    action.orders(first, 0)
    assert finished_after(action, look) == wanted


def test_what_the_kernel_alone_holds_is_named() -> None:
    first = seen(status(UP))
    action = Down(first, 60)
    action.orders(first, 0)
    assert action.unmet(seen(status(), held=kernel()))[0].why == "left: reqid 7 in the kernel"


# --- up -------------------------------------------------------------------------

ON_DEMAND = connection(auto="route")
IDLE = (xfrm_policy("out", spi=0), xfrm_policy("in"))
SHUNT = connection(auto="route", type="drop")
LOADED: tuple[Peer, ...] = (peer(),)

STARTS = {
    "no SA": (seen(status()), ["up-nb bob"]),
    "established": (seen(status(UP), held=kernel()), []),
    "connecting": (seen(status(ike(IkeState.CONNECTING))), []),
    "IKE up, no CHILD_SA": (seen(status(ike())), ["up-nb bob"]),
    "a CHILD_SA is being made": (seen(status(ike(tasks_queued=("CHILD_CREATE",)))), []),
    "closing": (seen(status(ike(IkeState.DELETING))), []),
    "only a trap": (seen(status(traps=(TRAP,))), ["up-nb bob"]),
    "no kernel state": (seen(status(UP)), ["down-nb {5}", "up-nb bob"]),
    "not loaded": (seen(status(peers=())), []),
    "partial": (seen(status(), partial=True), []),
    "on demand, no trap": (seen(status(), ON_DEMAND), ["route bob"]),
    "on demand, up, no trap": (seen(status(UP), ON_DEMAND, held=kernel()), ["route bob"]),
    "on demand, trap gone in the kernel": (
        seen(status(traps=(TRAP,)), ON_DEMAND),
        ["unroute bob", "route bob"],
    ),
    "on demand, trap": (seen(status(traps=(TRAP,)), ON_DEMAND, held=kernel((), IDLE)), []),
    "on demand, up, no kernel state": (
        seen(status(UP, traps=(TRAP,)), ON_DEMAND),
        ["down-nb {5}", "unroute bob", "route bob"],
    ),
    "shunt": (seen(status(), SHUNT), ["route bob"]),
    "clients": (
        seen(status(peers=(peer(remote="%any"),)), connection(right="%any", auto="add")),
        [],
    ),
    "template": (seen(status(), connection(auto="ignore")), []),
    "routes come before starts": (
        seen(
            status(peers=(peer("a", ("a",)), peer("b", ("b",)))),
            connection("a"),
            connection("b", auto="route"),
        ),
        ["route b", "up-nb a"],
    ),
}


@pytest.mark.parametrize("case", STARTS)
def test_up_asks_for(case: str) -> None:
    first, wanted = STARTS[case]
    assert typed(Up().orders(first, 0)) == wanted


def test_what_comes_to_nothing_is_asked_once_more_and_waited_for() -> None:
    action, look = Up(), seen(status())
    assert typed(action.orders(look, 0)) == ["up-nb bob"]
    assert action.orders(look, AGAIN_AFTER - 1) == ()
    assert not action.finished(look, AGAIN_AFTER - 1)
    assert typed(action.orders(look, AGAIN_AFTER)) == ["up bob"]
    assert action.orders(look, 99) == ()
    assert action.finished(look, 99)


def test_up_waits_for_what_is_under_way() -> None:
    action = Up()
    for now in (0, 10, 20):
        action.orders(seen(status()), now)
    assert not action.finished(seen(status(ike(IkeState.CONNECTING))), 30)


REFUSAL = """\
initiating IKE_SA bob[1] to 10.1.0.2
received packet: from 10.1.0.2[500] to 10.1.0.1[500] (80 bytes)
parsed IKE_AUTH response 1 [ IDr AUTH N(NO_PROP) ]
received NO_PROPOSAL_CHOSEN notify, no CHILD_SA built
failed to establish CHILD_SA, keeping IKE_SA
establishing connection 'bob' failed
"""


def test_up_says_why_in_words_of_charon() -> None:
    action = Up()
    action.heard([Asked(Order(Verb.START_AND_WAIT, "bob"), Output(("ipsec",), REFUSAL))])
    assert action.unmet(seen(status(ike())))[0].why == (
        "IKE up, no CHILD_SA, received NO_PROPOSAL_CHOSEN notify, no CHILD_SA built, peer 10.0.0.2"
    )


# --- the whole course -----------------------------------------------------------


class Charon:
    """A node that is looked at again and again; the last look stays."""

    def __init__(self, *looks: Scene | BaseException, answer: Output = NO_TEXT) -> None:
        self.asked: list[Order] = []
        self._looks = list(looks)
        self._answer = answer
        self._clock = 0.0

    def now(self) -> float:
        return self._clock

    def has_time(self) -> bool:
        return self._clock < 30

    def look(self) -> Scene:
        one = self._looks.pop(0) if len(self._looks) > 1 else self._looks[0]
        if isinstance(one, BaseException):
            raise one
        return one

    def ask(self, orders: Iterable[Order]) -> Iterator[Asked]:
        for order in orders:
            self.asked.append(order)
            yield Asked(order, self._answer)

    def pause(self) -> None:
        self._clock += 1


def course(action: Action, first: Scene, node: Charon, waits: bool = True) -> Report:
    return carried_out(Work(node, action, first, Show("x", verbose=False)), action, waits)


def said(report: Report, verbose: bool = False) -> tuple[str, Exit]:
    return report.text(verbose, 80), report.exit


CLEAR = "clear text: the traffic of 1 connection leaves unencrypted now\n"


def test_down_and_nothing_left() -> None:
    first = seen(status(UP), held=kernel())
    node = Charon(seen(status(ike(IkeState.DELETING, INSTALLED)), held=kernel()), seen(status()))
    assert said(course(Down(first, 60), first, node)) == (f"1 connection down\n{CLEAR}", 0)
    assert typed(node.asked) == ["down-nb [2]"]


def test_down_says_where_clear_text_is_not_known() -> None:
    two = (connection(installpolicy="no"), connection("carol"))
    first = seen(status(UP), *two)
    report = course(Down(first, 60), first, Charon(seen(status(), *two)))
    assert said(report)[0] == (
        f"2 connections down\n{CLEAR}clear text: not known of 1 connection\n"
    )


def test_down_and_one_left_when_the_time_is_over() -> None:
    first = seen(status(UP), held=kernel())
    node = Charon(seen(status(ike(IkeState.DELETING, INSTALLED)), held=kernel()))
    assert said(course(Down(first, 60), first, node)) == (
        "0 of 1 connection down, 1 not\n  bob: left: bob[2] DELETING, bob{5}, peer 10.0.0.2\n",
        1,
    )
    assert typed(node.asked) == ["down-nb [2]"] * 3


def test_down_and_it_came_back() -> None:
    first = seen(status(UP), held=kernel())
    text, exit_status = said(course(Down(first, 60), first, Charon(seen(status(BACK)))))
    assert (text.splitlines()[:2], exit_status) == (
        [
            "0 of 1 connection down, 1 not",
            "  bob: brought back by its peer 10.0.0.2: bob[7], bob{8}",
        ],
        1,
    )


def test_down_names_what_the_file_does_not() -> None:
    first = seen(status(UP), connection("carol"))
    assert said(course(Down(first, 60), first, Charon(first))) == (
        "1 connection down; 2 not in ipsec.conf left alone\n"
        f"not in ipsec.conf, left alone: bob[2], bob{{5}}\n{CLEAR}",
        1,
    )


def test_what_was_not_asked_for_is_no_concern() -> None:
    first = seen(status(UP), connection("carol"), question=Question(include=("carol",)))
    assert said(course(Down(first, 60), first, Charon(first))) == (
        f"1 connection down\n{CLEAR}", 0,
    )  # fmt: skip


def test_charon_that_falls_silent_leaves_it_unknown() -> None:
    first = seen(status(UP), held=kernel())
    silent = seen(None)
    observation = silent.observation._replace(daemon_error="charon does not answer")
    node = Charon(silent._replace(observation=observation))
    assert said(course(Down(first, 60), first, node)) == (
        "charon does not answer: what became of 1 connection is not known\n"
        f"{CLEAR}",
        1,
    )  # fmt: skip


def test_one_look_without_an_answer_is_not_the_end() -> None:
    first = seen(status(UP), held=kernel())
    silent = seen(None)
    silent = silent._replace(observation=silent.observation._replace(daemon_error="not running"))
    node = Charon(silent, silent, seen(status()))
    assert said(course(Down(first, 60), first, node)) == (f"1 connection down\n{CLEAR}", 0)


@pytest.mark.parametrize("waits", [True, False])
def test_interrupted_it_looks_once_more(waits: bool) -> None:
    first = seen(status(UP), held=kernel())
    action = Down(first, 60)
    text, exit_status = said(course(action, first, Interrupted(seen(status())), waits))
    assert (text, exit_status) == (f"interrupted: 1 connection down\n{CLEAR}", 1)


class Interrupted(Charon):
    def ask(self, orders: Iterable[Order]) -> Iterator[Asked]:
        yield from super().ask(orders)
        raise KeyboardInterrupt


def test_interrupted_twice_it_says_so() -> None:
    first = seen(status(UP), held=kernel())
    report = course(Down(first, 60), first, Charon(KeyboardInterrupt()))
    assert report.summary() == (
        "interrupted, and not looked at again: 0 of 1 connection down, 1 not"
    )


def test_up_without_waiting_says_what_was_asked_for() -> None:
    three = (connection("a"), connection("b"), connection("c"))
    first = seen(status(peers=(peer("a", ("a",)), peer("b", ("b",)))), *three)
    node = Charon(AssertionError())
    assert said(course(Up(), first, node, waits=False)) == (
        "charon was asked to start 2 connections, 1 cannot be\n"
        "  c: not loaded: `ipsec update` is due, or charon has refused it, peer 10.0.0.2\n",
        1,
    )
    assert typed(node.asked) == ["up-nb a", "up-nb b"]


def test_an_order_that_charon_does_not_take_is_no_success() -> None:
    first = seen(status())
    node = Charon(first, answer=NO_TEXT._replace(exit=255))
    assert said(course(Up(), first, node, waits=False)) == (
        "charon was asked to start 1 connection; charon did not take 1 of 1 orders\n", 1,
    )  # fmt: skip


def test_up_names_what_it_leaves_alone_with_v() -> None:
    several = (connection("tmpl", auto="ignore"), connection("road", right="%any", auto="add"),
               connection())  # fmt: skip
    peers = (peer(), peer("road", ("road",), remote="%any"))
    first = seen(status(UP, peers=peers), *several, held=kernel())
    assert said(course(Up(), first, Charon(first)), verbose=True) == (
        "1 connection up\n"
        "left alone: tmpl (auto= absent or ignore)\n"
        "left alone: road (clients connected: 0)\n",
        0,
    )


def test_the_object_holds_the_same() -> None:
    first = seen(status(UP), held=kernel())
    document = course(Down(first, 60), first, Charon(seen(status(BACK)))).document()
    assert (document["status"], document["action"], document["waited"]) == (
        "CRITICAL",
        "down",
        True,
    )
    assert document["not_as_asked"] == [
        {"connection": "bob", "why": "brought back by its peer 10.0.0.2: bob[7], bob{8}",
         "back": True}
    ]  # fmt: skip
    assert document["asked"][0]["command"] == ["ipsec", "stroke", "down-nb", "[2]"]
