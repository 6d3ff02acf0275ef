"""Who is calling. Nobody has a key yet, and the service answers loopback only: every caller is the owner."""

from __future__ import annotations

from ipaddress import ip_address

from core.access import OWNER, Access
from core.errors import SettingsError
from core.settings import ServerSettings


def access_of_caller() -> Access:
    """What the caller of this request may read."""
    return OWNER


def is_loopback(host: str) -> bool:
    """True for this machine's own names and addresses."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def refuse_open_door(server: ServerSettings) -> None:
    """Without keys, listen to this machine alone unless the settings say otherwise.

    Raises:
        SettingsError: the host can be reached from elsewhere and `allow_anonymous` is off.
    """
    if is_loopback(server.host) or server.allow_anonymous:
        return
    raise SettingsError(
        f"Listening on {server.host} would let anyone who reaches it read every document. Use 127.0.0.1, or, behind a "
        "proxy that checks who asks, set server.allow_anonymous = true (TOUCHSTONE_SERVER__ALLOW_ANONYMOUS=true)."
    )
