#!/usr/bin/python3
"""Routes to IPsec peers with a locked path MTU: ``ipsec-routes apply|check FILE``, ``flush``.

FILE has a line for each peer, ``ADDRESS MTU``. Such a route leads where the best other route
of the main table leads, and has a protocol of its own, by which it is found again: ``apply``
makes those of FILE and takes all others of that protocol away, ``check`` only says (status 1)
whether anything is to be done, ``flush`` takes all away.
"""

import json
import subprocess
import sys
from ipaddress import ip_address, ip_network
from pathlib import Path

PROTOCOL = "118"
IP = ("/usr/sbin/ip", "/sbin/ip")
USAGE = "usage: ipsec-routes apply FILE | check FILE | flush"


class RoutesError(Exception):
    """What is to be said of it."""


def ip(*words):
    """What the program says to these words. Raises RoutesError."""
    for program in IP:
        try:
            run = subprocess.run([program, *words], capture_output=True, text=True, check=False)
        except FileNotFoundError:
            continue
        if run.returncode:
            raise RoutesError(f"ip {' '.join(words)}: {run.stderr.strip()}")
        return run.stdout
    raise RoutesError("ip is not installed")


def wanted(path):
    """MTUs by address."""
    found = {}
    try:
        lines = Path(path).read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeError) as error:
        raise RoutesError(f"cannot read {path}: {error}") from error
    for number, line in enumerate(lines, 1):
        words = line.partition("#")[0].split()
        if words:
            peer, mtu = pair(words, f"{path}:{number}")
            found[peer] = mtu
    return found


def pair(words, place):
    """Address and MTU of a line."""
    try:
        text, mtu = words
        if not 1280 <= int(mtu) <= 65535:
            raise ValueError
        return ip_address(text), mtu
    except ValueError:
        raise RoutesError(f"{place}: expected ADDRESS MTU") from None


def table(version):
    """The routes of the main table: own ones by address, and the others with their networks."""
    own, others = {}, []
    routes = ip(f"-{version}", "-d", "-j", "route", "show", "table", "main")
    for route in json.loads(routes or "[]"):
        network = to_network(route["dst"], version)
        if route.get("protocol") == PROTOCOL:
            own[network.network_address] = route
        elif "dead" not in route.get("flags", ()):
            others.append((network, route))
    # the longest first, then as the kernel prefers them
    others.sort(key=lambda one: (-one[0].prefixlen, one[1].get("metric", 0)))
    return own, others


def to_network(text, version):
    """What a route is for."""
    return ip_network({4: "0.0.0.0/0", 6: "::/0"}[version] if text == "default" else text)


def leading(peer, others):
    """Where the best other route leads, as words of ip(8). Raises RoutesError."""
    for network, route in others:
        if peer in network:
            if route.get("type", "unicast") != "unicast":
                break
            return way(route)
    raise RoutesError(f"no route to {peer}")


def way(route):
    """Where a route leads, as words of ip(8)."""
    words = ["src", route["prefsrc"]] if "prefsrc" in route else []
    if "nexthops" not in route:
        return words + one_way(route)
    for hop in route["nexthops"]:
        words += ["nexthop", *one_way(hop), "weight", str(hop.get("weight", 1))]
    return words


def one_way(hop):
    """The next hop."""
    words = []
    if "gateway" in hop:
        words += ["via", hop["gateway"]]
    if "via" in hop:
        words += ["via", hop["via"]["family"], hop["via"]["host"]]
    if "dev" in hop:
        words += ["dev", hop["dev"]]
    return words + (["onlink"] if "onlink" in hop.get("flags", ()) else [])


def changes(peers):
    """The commands that are due, and what cannot be had."""
    for version in (4, 6):
        own, others = table(version)
        mine = {peer: mtu for peer, mtu in peers.items() if peer.version == version}
        for peer in own.keys() - mine.keys():
            yield [f"-{version}", "route", "del", str(peer), "proto", PROTOCOL]
        for peer, mtu in mine.items():
            try:
                words = leading(peer, others)
            except RoutesError as error:
                yield error
                continue
            if not is_so(own.get(peer), words, mtu):
                yield [f"-{version}", "route", "replace", str(peer), "proto", PROTOCOL,
                       "mtu", "lock", mtu, *words]  # fmt: skip


def is_so(route, words, mtu):
    """Whether a route is as it should be."""
    if route is None:
        return False
    mtus = [str(metric["mtu"]) for metric in route.get("metrics", ()) if "mtu" in metric]
    return way(route) == words and mtus == [mtu]


def main(arguments):
    """Returns the exit status."""
    action, *files = arguments or [""]
    if (action, len(files)) not in (("apply", 1), ("check", 1), ("flush", 0)):
        raise RoutesError(USAGE)
    status = 0
    for change in changes(wanted(files[0]) if files else {}):
        if action == "check":
            return 1
        try:
            if isinstance(change, RoutesError):
                raise change
            ip(*change)
        except RoutesError as error:
            sys.stderr.write(f"ipsec-routes: {error}\n")
            status = 1
    return status


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except RoutesError as error:
        sys.exit(f"ipsec-routes: {error}")
