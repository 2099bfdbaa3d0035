"""Why, in charon's own words: which message of its log means what, a row each.

A row has the words for a person, how the message begins, where strongSwan writes it (below
src/libcharon unless it begins otherwise; 6.0.1), what it is about, and its weight: of what
charon says of one attempt, the heaviest row is the cause, for *no trusted public key found*
follows from an *expired* one. All are written with level 1 of their group.
"""

from __future__ import annotations

import re
from datetime import datetime

from check_ipsec.truth.cause import About, Cause

# the groups that the rows and the attribution stand on, each with level 1
GROUPS = ("IKE", "CFG", "NET", "KNL")


# --- certificates --------------------------------------------------------------------

DATE = r"([A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d(?: UTC)? \d{4})"


def validity(found: re.Match[str], now: float) -> str:
    """Whether a certificate has ended or has not begun; charon prints local time or UTC."""
    whose = "peer's certificate" if found[1] == "subject" else "certificate of the peer's CA"
    dates = (date.replace(" UTC", "") for date in found.groups()[1:])
    try:
        begin, end = (datetime.strptime(date, "%b %d %H:%M:%S %Y") for date in dates)
    except ValueError:
        return f"{whose} not valid"
    if end < datetime.fromtimestamp(now):
        return f"{whose} expired {end:%Y-%m-%d}"
    return f"{whose} not valid before {begin:%Y-%m-%d}"


CREDENTIALS = "src/libstrongswan/credentials/credential_manager.c"
CERTIFICATES = (
    Cause(
        "peer's certificate not valid",
        rf"(subject|issuer) certificate invalid \(valid from {DATE} to {DATE}\)",
        f"{CREDENTIALS}, check_lifetime",
        weight=4,
        tell=validity,
    ),
    Cause(
        "peer's certificate is revoked",
        "certificate was revoked on ",
        "src/libstrongswan/plugins/revocation/revocation_validator.c, check_crl",
        weight=4,
    ),
    Cause(
        "issuer of the peer's certificate is not known here",
        'no issuer certificate found for "',
        f"{CREDENTIALS}, verify_trust_chain",
        weight=3,
    ),
    Cause(
        "peer's CA is not trusted here",
        r' *self-signed certificate ".*" is not trusted',
        f"{CREDENTIALS}, verify_trust_chain",
        weight=3,
    ),
    Cause(
        "peer's certificate does not meet a constraint: {}",
        "constraint check failed: (.*)",
        "src/libstrongswan/credentials/auth_cfg.c, complies",
        weight=3,
    ),
    Cause(
        "peer has authenticated in another way: {}",
        "constraint (requires .* was used)",
        "src/libstrongswan/credentials/auth_cfg.c, complies",
        weight=3,
    ),
    Cause(
        "no trusted certificate of the peer",
        r"no trusted (?:\S+ )?public key found for '",
        "sa/ikev2/authenticators/pubkey_authenticator.c, process",
    ),
    Cause(
        "our private key is missing",
        "no private key found for '",
        "sa/ikev2/authenticators/pubkey_authenticator.c, build",
        weight=3,
    ),
)

# --- authentication ------------------------------------------------------------------

# IKEv1 writes "error notify" (task main_mode.c), IKEv2 "notify error"
ERROR = "(?:notify error|error notify)"
AUTHENTICATION = (
    Cause(
        "peer refused our authentication",
        f"received AUTHENTICATION_FAILED {ERROR}",
        "sa/ikev2/tasks/ike_auth.c, process_i; sa/ikev1/tasks/main_mode.c, has_notify_errors",
    ),
    Cause(
        "no shared key for the peer here",
        "no shared key found for ",
        "sa/ikev2/authenticators/psk_authenticator.c, build; sa/ikev1/phase1.c",
        weight=3,
    ),
    Cause(
        "peer has another shared key",
        r"tried \d+ shared keys? for .*, but MAC mismatched",
        "sa/ikev2/authenticators/psk_authenticator.c, process",
        weight=3,
    ),
    Cause(
        "peer has another shared key",
        "calculated HASH does not match HASH payload",
        "sa/ikev1/authenticators/psk_v1_authenticator.c, process",
        weight=3,
    ),
    Cause(
        "peer fits no connection here",
        "no matching peer config found|no peer config found",
        "sa/ikev2/tasks/ike_auth.c, load_cfg_candidates; sa/ikev1/phase1.c, select_config",
    ),
    Cause(
        "peer calls itself {}",
        "received IDr (.*), but require |IDir (.*) does not match to ",
        "sa/ikev2/tasks/ike_auth.c, build_r; sa/ikev1/tasks/main_mode.c, process_i",
        weight=3,
        tell=lambda found, _: f"peer calls itself {found[1] or found[2]}",
    ),
    Cause(
        "another IKE_SA of the peer was kept (uniqueids=)",
        "canceling IKE_SA setup due to uniqueness policy",
        "sa/ikev2/tasks/ike_auth.c, build_r",
    ),
)

# --- negotiation ---------------------------------------------------------------------

NEGOTIATION = (
    Cause(
        "peer accepts none of our IKE proposals, or has no connection for our address",
        f"received NO_PROPOSAL_CHOSEN {ERROR}",
        "sa/ikev2/tasks/ike_init.c, process_i; sa/ikev1/tasks/main_mode.c, has_notify_errors",
    ),
    Cause(
        "none of the peer's IKE proposals is ours",
        "received proposals unacceptable|no proposal found",
        "sa/ikev2/tasks/ike_init.c, build_r; sa/ikev1/tasks/main_mode.c, process_r",
    ),
    Cause(
        "peer wants key exchange {}, which is not in ike= or esp=",
        r"requested (?:DH group|key exchange method) (\S+) not (?:contained in any|supported)",
        "sa/ikev2/tasks/child_create.c, build_i; sa/ikev2/tasks/ike_init.c, build_i",
        weight=3,
    ),
    Cause(
        "peer does not accept our key exchange",
        f"received INVALID_(?:KE_PAYLOAD|KEY_INFORMATION) {ERROR}",
        "sa/ikev2/tasks/ike_init.c, process_i; sa/ikev1/tasks/main_mode.c, has_notify_errors",
    ),
    Cause(
        "peer accepts none of our ESP proposals",
        "received NO_PROPOSAL_CHOSEN notify, no CHILD_SA built",
        "sa/ikev2/tasks/child_create.c, process_i",
        About.CHILD_SA,
        3,
    ),
    Cause(
        "peer does not accept our traffic selectors",
        "received TS_UNACCEPTABLE notify, no CHILD_SA built",
        "sa/ikev2/tasks/child_create.c, process_i",
        About.CHILD_SA,
        3,
    ),
    Cause(
        "peer builds no CHILD_SA: {}",
        r"received (\w+) notify, no CHILD_SA built",
        "sa/ikev2/tasks/child_create.c, process_i",
        About.CHILD_SA,
    ),
    Cause(
        "peer refused: {}",
        rf"received (\w+) {ERROR}",
        "sa/ikev2/tasks/ike_auth.c, process_i; sa/ikev1/tasks/quick_mode.c, has_notify_errors",
        weight=1,
    ),
    Cause(
        "none of the peer's ESP proposals is ours",
        "no acceptable proposal found|no matching proposal found, sending NO_PROPOSAL_CHOSEN",
        "sa/ikev2/tasks/child_create.c, select_proposal; sa/ikev1/tasks/quick_mode.c, process_r",
        About.CHILD_SA,
    ),
    Cause(
        "peer asks for other traffic selectors",
        "traffic selectors .* unacceptable|no acceptable traffic selectors found"
        "|no matching CHILD_SA config found for ",
        "sa/ikev2/tasks/child_create.c, build_r; sa/ikev1/tasks/quick_mode.c, process_r",
        About.CHILD_SA,
    ),
    Cause(
        "peer wants {} mode",
        r"(\w+) mode requested by responder is unacceptable",
        "sa/ikev2/tasks/child_create.c, install_child_sa",
        About.CHILD_SA,
        3,
    ),
)

# --- peers that do not answer, or leave ------------------------------------------------


def retransmits(number: str) -> str:
    """``1 retransmit``, ``5 retransmits``."""
    return f"{number} retransmit{'s' * (number != '1')}"


PEERS = (
    Cause(
        "peer has not answered, given up",
        r"giving up after (\d+) retransmits",
        "sa/ikev2/task_manager_v2.c, retransmit; sa/ikev1/task_manager_v1.c, retransmit_packet",
        About.TIMER,
        1,
        tell=lambda found, _: f"peer has not answered, given up after {retransmits(found[1])}",
    ),
    Cause(
        "peer found dead",
        "DPD check timed out, enforcing DPD action",
        "processing/jobs/dpd_timeout_job.c, execute",
        About.TIMER,
        1,
    ),
    Cause(
        "no address for {}",
        "unable to resolve (.*), (?:initiate aborted|retrying in)",
        "sa/ike_sa.c, initiate",
        About.NAME,
        3,
    ),
    Cause(
        "peer closed the IKE_SA",
        r"received DELETE for IKE_SA ",
        "sa/ikev2/tasks/ike_delete.c, process_r; sa/ikev1/tasks/isakmp_delete.c, process_r",
    ),
    Cause(
        "peer closed the CHILD_SA",
        r"received DELETE for \S+ CHILD_SA with SPI ",
        "sa/ikev2/tasks/child_delete.c, process_payloads; sa/ikev1/tasks/quick_delete.c",
        About.CLOSED,
    ),
    Cause(
        "closed after inactivity",
        r"deleting (?:IKE_SA|CHILD_SA) after \d+ seconds of ",
        "processing/jobs/inactivity_job.c, execute",
    ),
)

# --- the kernel ----------------------------------------------------------------------

NETLINK = "plugins/kernel_netlink/kernel_netlink_ipsec.c"
KERNEL = (
    Cause(
        "kernel has no {}",
        "algorithm (.*) not supported by kernel!",
        f"{NETLINK}, add_sa",
        About.CHILD_SA,
        4,
    ),
    Cause(
        "kernel refused the SA",
        "unable to install (?:inbound |outbound |and )*IPsec SA",
        "sa/ikev2/tasks/child_create.c, install_child_sa; sa/ikev1/tasks/quick_mode.c, install",
        About.CHILD_SA,
        3,
    ),
    Cause(
        "kernel refused the policies",
        "unable to install IPsec policies",
        "sa/ikev2/tasks/child_create.c, install_child_sa; sa/ikev1/tasks/quick_mode.c, install",
        About.CHILD_SA,
        3,
    ),
)

CAUSES = (*CERTIFICATES, *AUTHENTICATION, *NEGOTIATION, *PEERS, *KERNEL)
# a CHILD_SA whose hard limit was reached, for it could not be rekeyed
EXPIRED = Cause(
    "CHILD_SA expired",
    "closing expired CHILD_SA ",
    "sa/ikev2/tasks/child_delete.c, log_children; sa/ikev1/tasks/quick_delete.c, delete_child",
)
# an order that charon has taken from somebody here, by the name of an IKE_SA or CHILD_SA
TAKEN_DOWN = Cause(
    "closed by hand here",
    r"received stroke: terminate '(.*)'|vici (?:terminate|closing) ",
    "plugins/stroke/stroke_socket.c, stroke_terminate",
)
