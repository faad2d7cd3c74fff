"""Which hosts this server answers to, and which web pages may call it.

Both follow from the public URL. A server on a loopback address is for the person at that machine:
it answers to every loopback name, and to pages of other programs on the same machine.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
_DEFAULT_PORTS = {"http": "80", "https": "443"}


def host_of(netloc: str) -> str:
    """Return the host of `host:port`, in lower case; an IPv6 address keeps its brackets."""
    host = netloc.lower()
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]


@dataclass(frozen=True, slots=True)
class Origins:
    """The public URL, and the origins of browser clients that the operator allowed beside it."""

    public_url: str
    allowed: Iterable[str] = ()
    _origins: frozenset[str] = field(init=False)
    _hosts: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        parts = urlsplit(self.public_url.lower())
        hosts = {parts.netloc}
        port = _DEFAULT_PORTS.get(parts.scheme, "")
        if parts.port is None:
            hosts.add(f"{parts.netloc}:{port}")
        elif str(parts.port) == port:
            hosts.add(host_of(parts.netloc))
        own = f"{parts.scheme}://{parts.netloc}"
        others = {each.lower().rstrip("/") for each in self.allowed}
        object.__setattr__(self, "_origins", frozenset({own, *others}))
        object.__setattr__(self, "_hosts", frozenset(hosts))

    @property
    def is_loopback(self) -> bool:
        return host_of(urlsplit(self.public_url).netloc) in LOOPBACK

    @property
    def is_https(self) -> bool:
        return self.public_url.startswith("https://")

    def answers_to(self, host: str) -> bool:
        """Tell whether a Host header names us. It guards against DNS rebinding."""
        return host.lower() in self._hosts or (self.is_loopback and host_of(host) in LOOPBACK)

    def admits(self, origin: str) -> bool:
        """Tell whether pages of this origin may call us and read the answers."""
        if origin.lower() in self._origins:
            return True
        try:
            parts = urlsplit(origin)
        except ValueError:
            return False
        local = parts.scheme in _DEFAULT_PORTS and host_of(parts.netloc) in LOOPBACK
        return self.is_loopback and local
