"""What stands above the connections: charon, its pools and addresses."""

import re

from check_ipsec.grammar.of_statusall.wording import Known, heading, seconds, words
from check_ipsec.grammar.records import Record
from check_ipsec.model.daemon import Memory, Pool, Threads

QUEUES = r"([0-9/]+)"
BEGIN = "'Status of IKE charon daemon'"


def _threads(match: re.Match[str]) -> Threads:
    idle, total, working, queued, scheduled = match.groups()
    return Threads(int(idle), int(total), _queues(working), _queues(queued), int(scheduled))


def _queues(text: str) -> tuple[int, int, int, int]:
    critical, high, medium, low = map(int, text.split("/"))
    return critical, high, medium, low


TITLE = Record(
    r"Status of IKE charon daemon \((?:strong|weak)Swan ([^,)\n]+)(?:, ([^\n]*))?\):\n",
    lambda match: match.groups(),
    BEGIN,
)
UPTIME = Record(
    rf"  uptime: ({Known.delta}), since ([^\n]+)\n",
    lambda match: ("uptime", (seconds(match[1]), match[2])),
    "'  uptime: '",
)
MALLOC = Record(
    r"  malloc: sbrk (-?\d+), mmap (-?\d+), used (-?\d+), free (-?\d+)\n",
    lambda match: ("memory", Memory(*map(int, match.groups()))),
    "'  malloc: '",
)
THREADS = Record(
    rf"  worker threads: (\d+) of (\d+) idle, {QUEUES} working, "
    rf"job queue: {QUEUES}, scheduled: (\d+)\n",
    lambda match: ("threads", _threads(match)),
    "'  worker threads: '",
)
PLUGINS = Record(
    r"  loaded plugins: ([^\n]*)\n",
    lambda match: ("plugins", words(match[1])),
    "'  loaded plugins: '",
)
POOLS = heading("Virtual IP pools")
POOL = Record(
    r"  ([^\n]+): (\d+)/(\d+)/(\d+)\n",
    lambda match: Pool(match[1], int(match[2]), int(match[3]), int(match[4])),
    "a pool",
)
ADDRESSES = heading("Listening IP addresses")
ADDRESS = Record(r"  (\S+)\n", lambda match: match[1], "an address")
