"""Fetch a client's public documents without being led into our own network.

The URL comes from a stranger. So: https to a name, never to an address; every address that the
name resolves to must be public; the connection goes to one that was checked, not to what the name
means a moment later; no redirects; small; quick. The decisions are here and pure; the sockets are
in `mcp_server/adapters/metadata_fetcher.py`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from ipaddress import (
    AddressValueError,
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
)
from typing import Protocol
from urllib.parse import urlsplit

BYTES_MAX = 65_536
SECONDS_MAX = 5.0
FRESH_MIN = timedelta(minutes=5)
FRESH_MAX = timedelta(hours=24)

_HOST = re.compile(
    r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]"
)
_LOCAL = (".localhost", ".local", ".internal", ".home.arpa", ".onion")
# What carries an IPv4 address inside: a public look outside, and a way in inside.
_WRAPPED = tuple(
    map(IPv6Network, ("::/96", "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16"))
) + tuple(map(IPv6Network, ("2001::/32", "fec0::/10", "::ffff:0:0:0/96")))
_ISATAP = {0x0000_5EFE, 0x0200_5EFE}


class DocumentUnavailable(Exception):
    """The document could not be fetched. The reason is for the log, not for the stranger."""


@dataclass(frozen=True, slots=True)
class Document:
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""


class DocumentFetcher(Protocol):
    async def fetch(self, url: str) -> Document:
        """GET the URL once, under every rule of this module. Raises DocumentUnavailable.

        Only a 200 with a JSON content type is a document.
        """


def fault(url: str) -> str | None:
    """Say why a URL may not be fetched at all, or None."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "is not a URL"
    if parts.scheme != "https" or not url.isascii() or not url.isprintable() or "\\" in url:
        return "must be an https URL"
    if "@" in parts.netloc or "#" in url or " " in url:
        return "must not carry a user name, a fragment or a space"
    # A name has a dot and ends in letters; everything else that resolvers accept (2130706433,
    # 0x7f.1, 127.1, localhost) is an address in disguise, or local.
    host = (parts.hostname or "").rstrip(".")
    if not _HOST.fullmatch(host) or host.endswith(_LOCAL):
        return "must name a public host"
    if port not in {None, 443} and port < 1024:
        return "must not use a system port"
    return None


def is_public(address: str) -> bool:
    """Tell whether an address lies in the public internet, on its face and inside."""
    try:
        ip = ip_address(address)
    except (AddressValueError, ValueError):
        return False
    if not ip.is_global or ip.is_multicast or ip.is_reserved or ip.is_unspecified:
        return False
    if isinstance(ip, IPv4Address):
        return not any(ip in network for network in _RELAYS)
    return not _wraps(ip)


# Protocol assignments and 6to4 relays: older tables of Python call parts of them global.
_RELAYS = (IPv4Network("192.0.0.0/24"), IPv4Network("192.88.99.0/24"))


def _wraps(ip: IPv6Address) -> bool:
    if ip.scope_id is not None or any(ip in network for network in _WRAPPED):
        return True
    return int(ip) >> 32 & 0xFFFF_FFFF in _ISATAP


def choose(addresses: Sequence[str]) -> str:
    """Return the address to connect to. One that is not public makes them all suspect."""
    if not addresses or not all(map(is_public, addresses)):
        raise DocumentUnavailable("the host does not resolve to public addresses only")
    return addresses[0]


def fresh_until(headers: Mapping[str, str], now: datetime) -> datetime:
    """Say how long the document may be used, as its headers wish, within our bounds (RFC 9111).

    At least five minutes, so that a stranger cannot make us fetch on every request; at most a
    day, so that a client that was taken over can be corrected.
    """
    return now + min(max(_wished(headers, now), FRESH_MIN), FRESH_MAX)


def _wished(headers: Mapping[str, str], now: datetime) -> timedelta:
    directives = headers.get("cache-control", "").lower()
    if "no-store" in directives or "no-cache" in directives:
        return FRESH_MIN
    if found := re.search(r"max-age=\"?(\d{1,9})", directives):
        return timedelta(seconds=int(found[1]))
    try:
        expires = parsedate_to_datetime(headers.get("expires", ""))
    except ValueError:
        return FRESH_MIN
    return expires - now if expires.tzinfo else FRESH_MIN
