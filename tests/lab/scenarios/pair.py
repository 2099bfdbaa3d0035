"""Two hosts with a pre-shared key, the ground that most scenarios stand on."""

from lab.hosts import Host
from lab.scenario import Lab

PSK = ': PSK "lab"\n'
DEFAULT = """\
conn %default
    keyexchange=ikev2
    authby=secret
    ike=aes128-sha256-ecp256!
    esp=aes128gcm16!
    type=transport
    mobike=no
    left=10.1.0.1
    right=10.1.0.2
    auto=start

"""
BOB = "conn bob\n"


def conn(name: str, *settings: str) -> str:
    return f"conn {name}\n" + "".join(f"    {setting}\n" for setting in settings) + "\n"


def pair(
    lab: Lab, conns: str, *, bob: str | None = None, bob_secrets: str = PSK,
    charon: str = "", bob_charon: str = "", secrets: str = PSK,
    loaded: str | None = None, installed: tuple[str, ...] = (),
) -> tuple[Host, Host]:  # fmt: skip
    """Alice and bob with the same connections, which bob waits for.

    charon swaps left and right where the right end is its own, so one file serves both.
    """
    responder = lab.host("bob")
    text = DEFAULT + (conns if bob is None else bob)
    waiting = text.replace("auto=start", "auto=add").replace("auto=route", "auto=add")
    responder.configure(waiting, bob_secrets, bob_charon)
    responder.start()
    alice = lab.host("alice")
    alice.configure(DEFAULT + conns, secrets, charon)
    alice.start(loaded)
    alice.wait_installed(*installed)
    return alice, responder
