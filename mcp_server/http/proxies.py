"""Find out who is really calling when trusted proxies stand in between."""

from collections.abc import Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from starlette.types import Scope

from mcp_server.http.exchange import headers_of

Network = IPv4Network | IPv6Network
_SAID_BY_PROXIES = ("x-forwarded-for", "forwarded", "x-real-ip", "via", "x-forwarded-host")


def networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """Read addresses and networks (`10.0.0.0/8`). A wrong one is a ValueError."""
    return tuple(ip_network(text, strict=False) for text in texts)


def client_of(scope: Scope, trusted: Sequence[Network]) -> str:
    """Return the address of the nearest peer that is not one of our own proxies.

    Each proxy appends the address it saw, so the list is read from the right and only as far as
    proxies of ours vouch for it. What lies further left is whatever the caller wrote.
    """
    peer: str = scope["client"][0] if scope.get("client") else ""
    if not trusted or not _is_within(peer, trusted):
        return peer
    hops = headers_of(scope).get("x-forwarded-for", "").split(",")
    for hop in reversed([each.strip() for each in hops if each.strip()]):
        if _address(hop) is None:
            return peer
        peer = hop
        if not _is_within(hop, trusted):
            break
    return peer


def is_local(scope: Scope) -> bool:
    """Tell whether a program on this machine called, itself and without anything in between."""
    peer = _address(scope["client"][0]) if scope.get("client") else None
    headers = headers_of(scope)
    return bool(peer and peer.is_loopback and not any(name in headers for name in _SAID_BY_PROXIES))


def _is_within(text: str, trusted: Sequence[Network]) -> bool:
    address = _address(text)
    return address is not None and any(address in network for network in trusted)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    # A socket that listens on both families shows IPv4 peers inside IPv6 (RFC 4291 section 2.5.5).
    return getattr(address, "ipv4_mapped", None) or address
