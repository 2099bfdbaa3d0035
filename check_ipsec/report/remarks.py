"""What is to be known of the host as a whole, below the table."""

from collections.abc import Iterable, Iterator

from check_ipsec.model.daemon import Status
from check_ipsec.model.unread import UnreadLine
from check_ipsec.report.layout import age
from check_ipsec.report.sas import child_tag, ike_tag, trap_tag
from check_ipsec.truth.observe import Observation
from check_ipsec.truth.unlisted import Unlisted
from check_ipsec.untrusted import plain


def remarks(observation: Observation) -> Iterator[str]:
    """What is to be known of the host as a whole."""
    if observation.daemon_error:
        yield plain(str(observation.daemon_error))
    if observation.status:
        yield from daemon_remarks(observation.status)
        yield from unread_remarks(observation.status.unread)
        yield from unlisted_remarks(observation.unlisted, observation.configuration.called)
    yield from (plain(f"why not more: {line}") for line in observation.log)
    if observation.partial:
        yield "charon's answer is partial: it lists fewer IKE_SAs than it counts"
    if observation.kernel_error:
        yield f"kernel not known: {plain(str(observation.kernel_error))}"
    elif observation.kernel:
        yield from unread_remarks(observation.kernel.lines)
    elif not observation.kernel_asked:
        yield "kernel not asked: neither states nor policies are verified"


def daemon_remarks(status: Status) -> Iterator[str]:
    """charon itself, and what it said that nobody understood."""
    daemon, threads = status.daemon, status.daemon.threads
    facts = [f"charon {daemon.version or 'of an unknown release'}"]
    if daemon.uptime is not None:
        facts.append(f"up {age(daemon.uptime)}")
    if threads:
        facts.append(f"{threads.idle} of {threads.total} threads idle")
        facts.append(f"{sum(threads.queued)} jobs queued")
    yield plain(", ".join(facts))
    if "kernel-libipsec" in daemon.plugins:
        yield "kernel-libipsec: charon does ESP itself, the kernel holds nothing of it"


def unread_remarks(lines: Iterable[UnreadLine]) -> Iterator[str]:
    """What nobody understood."""
    for unread in lines:
        yield f"not understood, {unread.section}, line {unread.line}: {plain(unread.text)}"


def unlisted_remarks(unlisted: Unlisted, files: str) -> Iterator[str]:
    """What charon holds although ipsec.conf does not name it."""
    tags = [*unlisted.loaded]
    tags += [ike_tag(ike) for ike in unlisted.ike_sas]
    tags += [child_tag(child) for _, child in unlisted.sas]
    tags += [trap_tag(trap) for trap in unlisted.traps]
    tags += [f"{child_tag(one)} to {ike.remote_host}" for ike, one in unlisted.superseded]
    if tags:
        yield f"not in {files} ({len(tags)}): {plain(', '.join(tags))}"
