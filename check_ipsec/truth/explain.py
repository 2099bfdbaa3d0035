"""From an observation to one that says why: charon's log, where it is needed and can be had."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from check_ipsec.host.host import Deadline, Host
from check_ipsec.model.configuration import Configuration
from check_ipsec.model.log import LogLine
from check_ipsec.moment.charon_log import read
from check_ipsec.truth.causes import GROUPS
from check_ipsec.truth.observe import Observation
from check_ipsec.truth.why import explained, is_open

# lines of charon's after which one of each group would have been there
ENOUGH = 50
LEVEL = r"(?:^|[,\s])({group}|any)\s+(-?\d)"


def with_causes(
    observation: Observation, host: Host, path: str | None, deadline: Deadline
) -> Observation:
    """The observation with the causes that charon's log tells.

    The log is not read where no state leaves open why. ``path`` is as for ``moment.charon_log``.
    """
    if observation.status is None or not any(map(is_open, observation.verdicts)):
        return observation
    log = read(host, deadline, path)
    now = host.time or datetime.now().astimezone()
    verdicts = explained(observation.verdicts, observation.status, log.lines, now.timestamp())
    remarks = (*log.problems, *too_quiet(observation.configuration, log.lines))
    return observation._replace(verdicts=verdicts, log=remarks)


def too_quiet(configuration: Configuration, lines: tuple[LogLine, ...]) -> Iterator[str]:
    """The groups whose level is too low to say why, by ipsec.conf or by what is not there.

    charondebug= holds where strongswan.conf names no logger.
    """
    debug = dict(configuration.setup).get("charondebug", "")
    there = {line.group for line in lines}
    for group in GROUPS:
        set_to = re.findall(LEVEL.format(group=group.lower()), debug.lower())
        off = bool(set_to) and int(set_to[-1][1]) < 1
        if off and group not in there:
            yield f"charondebug= has {group.lower()} {set_to[-1][1]}: no causes without level 1"
        elif group in ("IKE", "NET") and group not in there and len(lines) > ENOUGH:
            yield f"no line of group {group} in charon's log: no causes without level 1"
