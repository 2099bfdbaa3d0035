"""Ask, look, and again until it is as asked or the time is over."""

import re
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from time import monotonic, sleep
from typing import Protocol

from check_ipsec.host.host import DEFAULT_TIMEOUT, Deadline, Host
from check_ipsec.host.process import Call
from check_ipsec.host.sources import Output
from check_ipsec.ipsec_global.action import Action, Asked
from check_ipsec.ipsec_global.orders import Order, Verb, speaking
from check_ipsec.ipsec_global.scene import Scene, scene
from check_ipsec.ipsec_global.show import Show
from check_ipsec.model.configuration import Configuration
from check_ipsec.truth.observe import Question, look

# seconds that an order may take: one that does not wait for a peer, and one that does
SECONDS = 5.0
SECONDS_WAITING = 10.0
LEAST_PAUSE = 0.5
# a look that is cut short knows less than the one before
LEAST_LOOK = 3.0
# looks without an answer of charon until it is given up
SILENT_LOOKS = 3


class Actor(Protocol):
    """What runs commands that change something; a LiveHost."""

    def act(self, calls: Iterable[Call], /) -> Generator[Output, None, None]:
        """The outputs, in order."""


class Node(Protocol):
    """The host, and the time that there is for it."""

    def now(self) -> float:
        """Seconds of a monotonic clock."""

    def has_time(self) -> bool:
        """Whether another round can be begun."""

    def look(self) -> Scene:
        """What is true now. Raises CheckIpsecError."""

    def ask(self, orders: Iterable[Order], /) -> Iterator[Asked]:
        """Give orders; those for which there is no time are not given."""

    def pause(self) -> None:
        """Wait until it is worth while to look again."""


class LiveNode:
    """This host, for ``seconds`` from now on."""

    def __init__(
        self,
        host: Host,
        actor: Actor,
        configuration: Configuration,
        question: Question,
        seconds: float,
    ) -> None:
        self._host = host
        self._actor = actor
        self._configuration = configuration
        self._question = question
        self._speak = speaking(configuration)
        self._end = monotonic() + seconds
        # charon may hang after an order: a look must still be possible
        self._reserve = min(DEFAULT_TIMEOUT, seconds / 4)
        self._least_look = min(LEAST_LOOK, seconds / 5)
        self._cost = 0.0

    def now(self) -> float:
        """See Node."""
        return monotonic()

    def left(self) -> float:
        """Seconds."""
        return self._end - monotonic()

    def has_time(self) -> bool:
        """Time for a pause and a look as long as the last one."""
        return self.left() > self._pause() + max(2 * self._cost, self._least_look)

    def look(self) -> Scene:
        """See Node."""
        begin = monotonic()
        deadline = Deadline(max(self._least_look, min(DEFAULT_TIMEOUT, self.left())))
        everything = Question(timeout=self._question.timeout)
        seen = scene(look(self._host, deadline, self._configuration, everything), self._question)
        self._cost = monotonic() - begin
        return seen

    def ask(self, orders: Iterable[Order]) -> Iterator[Asked]:
        """The first order without an answer is the last one given."""
        given: list[Order] = []
        # closed here, since an interrupt takes effect when it is
        with closing(self._actor.act(self._calls(orders, given))) as outputs:
            for output in outputs:
                asked = Asked(given.pop(0), output)
                yield asked
                if is_unanswered(asked):
                    return

    def _calls(self, orders: Iterable[Order], given: list[Order]) -> Iterator[Call]:
        for order in map(self._speak, orders):
            waiting = order.verb is Verb.START_AND_WAIT
            seconds = min(SECONDS_WAITING if waiting else SECONDS, self.left() - self._reserve)
            if seconds <= 0:
                return
            given.append(order)
            yield Call(order.words, seconds)

    def pause(self) -> None:
        """See Node."""
        sleep(max(0.0, min(self._pause(), self.left())))

    def _pause(self) -> float:
        return max(LEAST_PAUSE, self._cost)


def is_unanswered(asked: Asked) -> bool:
    """Whether charon did not take the order; a peer may take any time."""
    if asked.order.verb is Verb.START_AND_WAIT:
        return False
    output = asked.output
    refused = asked.order.over_vici and re.match(r"(?m)^\w+ failed: ", output.stderr) is not None
    return output.timed_out or (output.exit != 0 and not refused)


class Work:
    """One action on one node; ``seen`` and ``asked`` are true at any time."""

    def __init__(self, node: Node, action: Action, first: Scene, show: Show) -> None:
        self._node = node
        self._action = action
        self._show = show
        self.seen = first
        self.asked: list[Asked] = []
        self._silent = 0

    def ask(self) -> None:
        """Ask for all that is to be asked for now."""
        orders = self._action.orders(self.seen, self._node.now())
        for number, asked in enumerate(self._node.ask(orders), 1):
            self.asked.append(asked)
            self._action.heard((asked,))
            self._show.asked(asked)
            self._show.progress(f"asked charon {number} of {len(orders)} times")

    def wait(self) -> None:
        """Ask and look until it is done or the time is over."""
        while self._goes_on():
            if not self._silent:
                self.ask()
            self._node.pause()
            self.look()

    def look(self) -> None:
        """See what is true now."""
        self.seen = self._node.look()
        self._silent = self._silent + 1 if self.seen.observation.daemon_error else 0
        unmet, concerned = len(self._action.unmet(self.seen)), self._action.concerned(self.seen)
        self._show.progress(f"{concerned - unmet} of {concerned} connections {self._action.name}")

    def _goes_on(self) -> bool:
        if self._silent:
            return self._silent < SILENT_LOOKS and self._node.has_time()
        done = self._action.finished(self.seen, self._node.now())
        return not done and self._node.has_time()
