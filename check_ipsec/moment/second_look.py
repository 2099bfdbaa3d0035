"""The second look: what may be a moment is seen twice before it is reported."""

from time import sleep

from check_ipsec.host.host import Deadline, Host


def may_look_again(host: Host, deadline: Deadline, pause: float) -> bool:
    """Whether the host can say something else and the time allows it; the pause is over then.

    ``pause`` is what a fleeting picture gets to settle, in seconds.
    """
    if not host.can_read_again(deadline):
        return False
    sleep(deadline.pause(pause))
    return True
