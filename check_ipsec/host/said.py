"""Whether a text was had from a host, and why not.

Upstream: strongSwan, src/stroke/stroke.c (``send_stroke_msg``) and src/swanctl/commands/
(``request failed``); iproute2, ip/ipxfrm.c; sudo, plugins/sudoers/.
"""

import re
from collections.abc import Callable
from typing import Optional

from check_ipsec.errors import CheckIpsecError, CommandFailed, DaemonNotRunning, NotPermitted
from check_ipsec.host.sources import Output, Source


class TimedOut(CommandFailed):
    """A command did not end within its time."""


def text_of(source: Source, output: Output) -> str:
    """The text that ``output`` holds; ``source`` says whose habits apply.

    What was printed decides, hardly the exit status. Raises DaemonNotRunning,
    NotPermitted (with the sudoers line that is missing), TimedOut, or
    CommandFailed for anything else.
    """
    if output.timed_out:
        raise TimedOut(f"{_spoken(output)} did not end within {output.seconds:.1f} s")
    if output.refused:
        raise _not_permitted(output, sudo_refusal(output.stderr) or "refused")
    if output.exit is not None and output.exit < 0:
        raise CommandFailed(f"{_spoken(output)} was ended by signal {-output.exit}")
    return (_file_text if source.is_file else _READERS[source.words[0]])(output)


def sudo_refusal(stderr: str) -> Optional[str]:
    """The line in which sudo says that it does not run a command, or None."""
    found = re.search(_SUDO_REFUSAL, stderr)
    return found and found[0]


# what goes wrong is rare: these are compiled when they are first asked for
_SUDO_REFUSAL = (
    r"(?m)^.*(?:a password is required|a terminal is required|must have a tty"
    r"|is not allowed to execute|may not run sudo|not in the sudoers file"
    r"|no new privileges|must be owned by uid 0|effective uid is not 0"
    r"|do not exist in the passwd database|sudo is not installed).*$"
)

_NOISE = (
    r"\s*$|no files found matching|.* does not exist, ignored"
    r"|sudo: unable to resolve host|Dump terminated"
)

# stroke.c, send_stroke_msg(): the first form since 5.2.0, the others before
_NO_CONNECTION = (
    r"(?m)^(?:connecting to '.*' failed|Connect to socket failed|Opening unix socket .*): (.+)$"
)
_BROKEN_OFF = (
    r"(?m)^(?:(?:sending stroke message|reading stroke response) failed"
    r"|(?:writing to|reading from) socket failed"
    r"|(?:list-sas|list-conns|list-policies|list-certs|stats|version|get-counters) request failed)"
)
_ABSENT = ("No such file or directory", "Connection refused")


def _file_text(output: Output) -> str:
    if output.failed:
        raise CommandFailed(f"cannot read {_spoken(output)}: {output.stderr}")
    return output.stdout


def _daemon_text(output: Output) -> str:
    if output.stderr and re.search(_BROKEN_OFF, output.stderr):
        raise DaemonNotRunning("charon broke off its answer")
    if output.stdout or (_may_say_nothing(output) and output.exit == 0):
        return output.stdout
    raise _daemon_failure(output)


def _may_say_nothing(output: Output) -> bool:
    """Whether it is a list that may be empty, and nobody complains."""
    lists = Source.LISTCERTS, Source.LISTCACERTS, Source.LISTCRLS, Source.LIST_CERTS
    is_list = any(output.asked[1:] == source.words[1:] for source in lists)
    return is_list and _complaint(output) is None


def _daemon_failure(output: Output) -> CheckIpsecError:
    unconnected = re.search(_NO_CONNECTION, output.stderr)
    reason = unconnected and unconnected[1]
    if reason == "Permission denied":
        return _not_permitted(output, reason)
    complaint = _complaint(output)
    if reason in _ABSENT or complaint is None:
        return DaemonNotRunning("charon is not running")
    return CommandFailed(f"{_spoken(output)}: {complaint}")


def _kernel_text(output: Output) -> str:
    complaint = _complaint(output)
    if output.exit == 0 and (output.stdout or complaint is None):
        return output.stdout
    if "Operation not permitted" in output.stderr:
        raise _not_permitted(output, "Operation not permitted")
    raise CommandFailed(f"{_spoken(output)}: {complaint or f'exit status {output.exit}'}")


def _log_text(output: Output) -> str:
    if output.stdout or output.exit == 0:
        return output.stdout
    raise CommandFailed(f"{_spoken(output)}: {_complaint(output) or output.exit}")


_READERS: dict[str, Callable[[Output], str]] = {
    "ipsec": _daemon_text,
    "swanctl": _daemon_text,
    "ip": _kernel_text,
    "tail": _log_text,
    "journalctl": _log_text,
}


def _not_permitted(output: Output, reason: str) -> NotPermitted:
    line = output.sudoers_line
    remedy = f"; sudoers lacks: {line}" if line else ""
    return NotPermitted(f"{output.user} may not run {_spoken(output)} ({reason}){remedy}")


def _complaint(output: Output) -> Optional[str]:
    lines = [line.strip() for line in output.stderr.splitlines() if not re.match(_NOISE, line)]
    return lines[-1] if lines else None


def _spoken(output: Output) -> str:
    return " ".join(output.asked)
