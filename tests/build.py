"""Small hosts for tests: one connection between two addresses, and what is said of it."""

from typing import Any

from check_ipsec.model.configuration import Connection
from check_ipsec.model.daemon import (
    ChildConfig,
    ChildSa,
    ChildState,
    Daemon,
    IkeSa,
    IkeState,
    Peer,
    Shunt,
    Status,
    Threads,
    Traffic,
)
from check_ipsec.model.kernel import Policies, Selector, States, Template, XfrmPolicy, XfrmState
from check_ipsec.model.unread import UnreadLine, UnreadRecord
from check_ipsec.truth.kernel import Kernel

LOCAL, REMOTE = "10.0.0.1", "10.0.0.2"
SPI_IN, SPI_OUT = 0xC1, 0xC2
REQID = 7


def connection(name: str = "bob", problem: str | None = None, **settings: str) -> Connection:
    usual = {"auto": "start", "keyexchange": "ikev2", "type": "transport"}
    given = {**usual, "left": LOCAL, "right": REMOTE, **settings}
    pairs = tuple(sorted((key, value) for key, value in given.items() if value))
    return Connection(name, "/etc/ipsec.conf", 3, pairs, problem)


def peer(
    name: str = "bob", children: tuple[str, ...] = ("bob",), mode: str = "TRANSPORT", **facts: Any
) -> Peer:
    configs = tuple(
        ChildConfig(child, ("dynamic",), ("dynamic",), mode, None) for child in children
    )
    made = Peer(name, LOCAL, REMOTE, "IKEv2", False, None, (), (), configs)
    return made._replace(**facts)


def child(state: ChildState = ChildState.INSTALLED, name: str = "bob", **facts: Any) -> ChildSa:
    installed = state is ChildState.INSTALLED
    traffic = Traffic(84, 1, 3) if installed else None
    made = ChildSa(
        name=name,
        unique_id=5,
        state=state,
        mode="TRANSPORT",
        reqid=REQID,
        protocol="ESP" if installed else None,
        udp_encapsulation=False,
        spi_in=SPI_IN if installed else None,
        spi_out=SPI_OUT if installed else None,
        cpi_in=None,
        cpi_out=None,
        expires_in=None,
        proposal="AES_GCM_16_128" if installed else None,
        inbound=traffic,
        outbound=traffic,
        rekey_in=2400 if installed else None,
        rekeying_due=False,
        local_ts=(f"{LOCAL}/32",),
        remote_ts=(f"{REMOTE}/32",),
    )
    return made._replace(**facts)


def ike(
    state: IkeState = IkeState.ESTABLISHED, *child_sas: ChildSa, name: str = "bob", **facts: Any
) -> IkeSa:
    made = IkeSa(
        name=name,
        unique_id=2,
        state=state,
        age=300 if state is IkeState.ESTABLISHED else None,
        local_host=LOCAL,
        local_id="CN=alice",
        remote_host=REMOTE,
        remote_id="CN=bob",
        remote_eap_id=None,
        version="IKEv2",
        initiator_spi="1" * 16,
        responder_spi="2" * 16,
        initiator=True,
        rekey_in=None,
        reauth_in=None,
        proposal=None,
        tasks_queued=(),
        tasks_active=(),
        tasks_passive=(),
        child_sas=child_sas,
    )
    return made._replace(**facts)


def status(
    *ike_sas: IkeSa,
    peers: tuple[Peer, ...] = (peer(),),
    traps: tuple[ChildSa, ...] = (),
    shunts: tuple[Shunt, ...] = (),
    uptime: int | None = 7200,
    plugins: tuple[str, ...] = (),
    unread: tuple[UnreadLine, ...] = (),
) -> Status:
    daemon = Daemon(
        "5.9.8", None, uptime, "", None, Threads(11, 16, (5, 0, 0, 0), (0, 0, 0, 0), 0), plugins
    )
    up = len(ike_sas)
    return Status(daemon, (), (), peers, shunts, traps, up, 0, ike_sas, unread)


def xfrm_state(
    source: str, destination: str, spi: int, reqid: int = REQID, **facts: Any
) -> XfrmState:
    made = XfrmState(
        source=source,
        destination=destination,
        protocol="esp",
        spi=spi,
        reqid=reqid,
        mode="transport",
        encryption="rfc4106(gcm(aes))",
        selector=Selector(network(source), network(destination)),
    )
    return made._replace(**facts)


def network(host: str) -> str:
    return f"{host}/{128 if ':' in host else 32}"


def template(spi: int = 0, reqid: int = REQID, **facts: Any) -> Template:
    made = Template("0.0.0.0", "0.0.0.0", "esp", spi, reqid, "transport", True)
    return made._replace(**facts)


def xfrm_policy(
    direction: str,
    reqid: int = REQID,
    spi: int | None = None,
    ends: tuple[str, str] | None = None,
    **facts: Any,
) -> XfrmPolicy:
    if ends is None:
        ends = (f"{LOCAL}/32", f"{REMOTE}/32")
    if spi is None:
        spi = SPI_OUT if direction == "out" else 0
    made = XfrmPolicy(
        selector=Selector(*(ends if direction == "out" else ends[::-1])),
        direction=direction,
        action="allow",
        priority=367231,
        templates=(template(spi, reqid),),
    )
    return made._replace(**facts)


STATES = (xfrm_state(REMOTE, LOCAL, SPI_IN), xfrm_state(LOCAL, REMOTE, SPI_OUT))
POLICIES = (xfrm_policy("out"), xfrm_policy("in"))


def kernel(
    states: tuple[XfrmState, ...] = STATES,
    policies: tuple[XfrmPolicy, ...] = POLICIES,
    unread_states: tuple[UnreadRecord, ...] = (),
    unread_policies: tuple[UnreadRecord, ...] = (),
) -> Kernel:
    return Kernel(States(states, unread_states), Policies(policies, unread_policies))
