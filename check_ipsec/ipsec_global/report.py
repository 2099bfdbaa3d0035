"""What is said at the end: a summary line, what is not as asked, an exit status."""

from collections.abc import Iterator
from enum import IntEnum
from typing import Any, NamedTuple

from check_ipsec.configuration.expectation import Expectation
from check_ipsec.ipsec_global.action import Action, Asked, Unmet
from check_ipsec.ipsec_global.scene import Scene, half_open
from check_ipsec.report.as_json import document
from check_ipsec.report.headline import connections
from check_ipsec.report.layout import folded
from check_ipsec.report.sas import child_tag, ike_tag, trap_tag
from check_ipsec.report.severity import JUDGED, Severity, count
from check_ipsec.untrusted import plain

NAMES_OF_REST = {
    "up": {Expectation.CLIENTS, Expectation.IGNORED, Expectation.LOADED},
    "down": {Expectation.SHUNT, Expectation.LOADED},
}


class Exit(IntEnum):
    """The exit statuses; only UNABLE says that nothing was changed."""

    AS_ASKED = 0
    NOT_AS_ASKED = 1
    USAGE = 2
    UNABLE = 3

    @property
    def severity(self) -> Severity:
        """The word of ``--json``."""
        known = {Exit.AS_ASKED: Severity.OK, Exit.NOT_AS_ASKED: Severity.CRITICAL}
        return known.get(self, Severity.UNKNOWN)


class Report(NamedTuple):
    """What an action came to.

    ``waited`` is false where charon was asked and not looked at again. ``trouble`` is
    what broke it off: an interrupt, or the last look that failed.
    """

    action: Action
    seen: Scene
    asked: tuple[Asked, ...]
    waited: bool
    trouble: str = ""

    @property
    def unmet(self) -> tuple[Unmet, ...]:
        """The connections that are not as asked, or cannot be asked for."""
        if self.waited:
            return self.action.unmet(self.seen)
        return self.action.refused(self.seen)

    @property
    def exit(self) -> Exit:
        """AS_ASKED only where that is certain."""
        silent = self.seen.observation.daemon_error
        troubled = self.trouble or silent or self.unmet or any(self.reservations())
        return Exit.NOT_AS_ASKED if troubled else Exit.AS_ASKED

    def summary(self) -> str:
        """One line."""
        head = self._waited() if self.waited else self._asked()
        parts = (self.trouble, head)
        return plain("; ".join((": ".join(filter(None, parts)), *self.reservations())))

    def _waited(self) -> str:
        total = self.action.concerned(self.seen)
        error = self.seen.observation.daemon_error
        if error:
            return f"{error}: what became of {connections(total)} is not known"
        unmet = len(self.unmet)
        if not unmet:
            return f"{connections(total)} {self.action.name}"
        return f"{total - unmet} of {connections(total)} {self.action.name}, {unmet} not"

    def _asked(self) -> str:
        to_do = len(self.action.unmet(self.seen)) - len(self.unmet)
        rest = self.action.concerned(self.seen) - to_do - len(self.unmet)
        words = [f"charon was asked to {self.action.verb} {connections(to_do)}"]
        if rest:
            words.append(f"{rest} {'is' if rest == 1 else 'are'} {self.action.name} already")
        if self.unmet:
            words.append(f"{len(self.unmet)} cannot be")
        return ", ".join(words)

    def reservations(self) -> Iterator[str]:
        """Why it is not as asked although no connection is unmet."""
        observation = self.seen.observation
        unanswered = sum(one.output.timed_out or one.output.exit != 0 for one in self.asked)
        if unanswered and not self.waited:
            yield f"charon did not take {unanswered} of {len(self.asked)} orders"
        if self.action.name == "up" or observation.daemon_error:
            return
        if observation.partial:
            yield "charon's answer is partial"
        if self.waited and observation.kernel_asked and observation.kernel_error:
            yield "the kernel could not be asked"
        foreign = len(foreign_tags(self.seen))
        if foreign:
            yield f"{foreign} not in ipsec.conf left alone"
        if half_open(self.seen):
            yield "a peer is connecting"

    # --- below the summary --------------------------------------------------------

    def lines(self, verbose: bool) -> Iterator[str]:
        """What is not as asked, and what else is to be known."""
        for one in self.unmet:
            yield f"  {one.connection}: {one.why}"
        if self.action.name == "down" and self.seen.observation.status:
            yield from self._beside()
        if self.action.name == "down" and self.waited:
            yield from self._cleartext()
        if verbose:
            yield from self._rest()

    def _beside(self) -> Iterator[str]:
        tags = foreign_tags(self.seen)
        if tags:
            yield f"not in ipsec.conf, left alone: {', '.join(tags)}"
        for ike in half_open(self.seen):
            yield f"a peer is connecting: {ike_tag(ike)}, peer {ike.remote_host}"

    def _cleartext(self) -> Iterator[str]:
        observation = self.seen.observation
        judged = [one.cleartext for one in self.seen.chosen if one.expectation in JUDGED]
        leaking, unknown = judged.count(True), judged.count(None)
        if observation.kernel_error:
            yield f"clear text: not known, {observation.kernel_error}"
            return
        if leaking:
            yield f"clear text: the traffic of {connections(leaking)} leaves unencrypted now"
        if unknown:
            yield f"clear text: not known of {connections(unknown)}"

    def _rest(self) -> Iterator[str]:
        for verdict in self.seen.chosen:
            if verdict.expectation in NAMES_OF_REST[self.action.name]:
                reason = verdict.reason_text or verdict.expectation.value
                yield f"left alone: {verdict.connection.name} ({reason})"

    def text(self, verbose: bool, width: int) -> str:
        """All of it."""
        lines = [self.summary()]
        for line in self.lines(verbose):
            text = plain(line)
            lines += folded(text.lstrip(), width, len(text) - len(text.lstrip()))
        return "".join(f"{line}\n" for line in lines)

    def document(self) -> dict[str, Any]:
        """All of it as an object."""
        observation = self.seen.observation._replace(verdicts=self.seen.chosen)
        severity = self.exit.severity
        return {
            **document(observation, count(observation), severity, self.summary()),
            "action": self.action.name,
            "waited": self.waited,
            "asked": [
                {"command": list(order.words), "exit": output.exit, "timed_out": output.timed_out}
                for order, output in self.asked
            ],
            "not_as_asked": [one._asdict() for one in self.unmet],
            "left_alone": foreign_tags(self.seen),
        }


def foreign_tags(seen: Scene) -> list[str]:
    """SAs and traps that the file does not name."""
    tags = [ike_tag(ike) for ike in seen.foreign.ike_sas]
    tags += [child_tag(child) for _, child in seen.foreign.sas]
    return tags + [trap_tag(trap) for trap in seen.foreign.traps]
