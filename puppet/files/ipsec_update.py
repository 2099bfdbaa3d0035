#!/usr/bin/python3
"""Has starter read ipsec.conf again, and closes what is up of connections that are gone.

``ipsec update`` has charon forget a connection that ipsec.conf lists no more. Its SAs stay, and
charon rekeys them, or looks for a peer that is gone, for ever. ``ipsec-update FOLDER``: files of
FOLDER are named after the connections in them, ``NAME.conf``.

Not closed: what is up of a connection that charon has loaded from anywhere, and an IKE_SA that
another connection's CHILD_SA needs.
"""

import re
import subprocess
import sys
import time
from itertools import takewhile
from pathlib import Path

IPSEC = "/usr/sbin/ipsec"
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
CONTROL = "/run/charon.ctl"
ASKED = ("stroke", "statusall-nb")
SECONDS = 10
NEXT = re.compile(r"(?:Shunted|Routed) Connections:$|Security Associations \(")
PEER = re.compile(r"^ *(\S.*?):  (?! )")
CHILD = re.compile(r"^ *(\S.*?):   child:  ")
IKE_SA = re.compile(r"^ *(\S.*)\[(\d+)\]: [A-Z]{3}")
CHILD_SA = re.compile(r"^ *(\S.*)\{(\d+)\}:  [A-Z]{3}")
# what the module can have laid: others have nothing to do with it
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


class UpdateError(Exception):
    """What is to be said of it."""


def ipsec(*words):
    """What the command says to these words. Raises UpdateError."""
    try:
        done = subprocess.run(
            [IPSEC, *words], stdin=subprocess.DEVNULL, capture_output=True, check=False,
            encoding="utf-8", errors="surrogateescape", env=ENVIRONMENT, timeout=SECONDS,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UpdateError(f"ipsec {' '.join(words)}: {error}") from error
    if done.returncode:
        raise UpdateError(f"ipsec {' '.join(words)}: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def loaded(text, kind):
    """The names of what charon has loaded (stroke_list.c, status), of peers or children.

    A peer is called after the first of its children, which may be gone.
    """
    lines = text.partition("\nConnections:\n")[2].splitlines()
    section = takewhile(lambda line: not NEXT.match(line), lines)
    return {found[1] for found in map(kind.match, section) if found}


def up(text):
    """IKE_SAs with their CHILD_SAs: of each SA its connection, and how ``down`` calls it."""
    found = []
    for line in text.partition("\nSecurity Associations (")[2].splitlines():
        if ike := IKE_SA.match(line):
            sa = (ike[1], f"{ike[1]}[{ike[2]}]")
            if not found or found[-1][0] != sa:
                found.append((sa, []))
        elif found and (child := CHILD_SA.match(line)):
            sa = (child[1], f"{child[1]}{{{child[2]}}}")
            if sa not in found[-1][1]:
                found[-1][1].append(sa)
    return found


def orphans(text, laid):
    """What is up of connections that are neither loaded nor laid."""
    known = loaded(text, CHILD) | laid
    peers = loaded(text, PEER) | laid
    names = []
    for (name, sa), children in up(text):
        if name not in peers and not any(child in known for child, _ in children):
            names.append((name, sa))
        else:
            names += [(child, one) for child, one in children if child not in known]
    return [sa for name, sa in names if NAME.fullmatch(name)]


def forgotten(laid):
    """charon's answer once it has forgotten what is no longer laid, or was not laid here."""
    end = time.monotonic() + SECONDS / 2
    while True:
        text = ipsec(*ASKED)
        names = {name for sa, children in up(text) for name, _ in (sa, *children)}
        if not (names - laid) & loaded(text, CHILD) or time.monotonic() > end:
            return text
        time.sleep(0.1)


def main(folder):
    """Returns once all that is to be closed is told to."""
    ipsec("update")
    if not Path(CONTROL).is_socket():
        return  # charon starts, and has nothing up
    laid = {path.stem for path in Path(folder).glob("*.conf")}
    gone = orphans(forgotten(laid), laid)
    if gone:
        # starter takes a connection that has changed away, too, and brings it back
        time.sleep(1)
        still = orphans(ipsec(*ASKED), laid)
        for sa in [one for one in gone if one in still]:
            ipsec("stroke", "down-nb", sa)
            sys.stdout.write(f"closed {sa}, whose connection is gone\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: ipsec-update FOLDER")
    try:
        main(sys.argv[1])
    except UpdateError as error:
        sys.exit(f"ipsec-update: {error}")
