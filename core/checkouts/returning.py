"""Where people come back to from a page of the provider: to us, or to a site that was allowed.

Anything else would let a link that shows our name, or our provider's, lead wherever its maker
wants. Pure.
"""

from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from core.checkouts.errors import ReturnUrlNotAllowed

GO = "/checkout/go"
"""Leads the person for whom a page was asked, once signed in, to that page."""
SUCCESS = "/checkout/success"
CANCELED = "/checkout/canceled"
ACCOUNT = "/account"
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class ReturnPages:
    """The origins that may be returned to: our own first, then those the operator allows."""

    public_url: str
    origins: tuple[str, ...] = ()

    def own(self, path: str, **query: str) -> str:
        """Return the address of a page of our own."""
        return f"{self.public_url}{path}" + (f"?{urlencode(query)}" if query else "")

    def require(self, url: str, field: str) -> str:
        """Return the address if it may be returned to, or raise ReturnUrlNotAllowed."""
        allowed = (self.public_url, *self.origins)
        if _origin(url) not in {_origin(each) for each in allowed} - {None}:
            raise ReturnUrlNotAllowed(field, ", ".join(allowed))
        return url


NOWHERE = ReturnPages("https://bursar.invalid")
"""Where an installation has not said where it is."""


def _origin(url: str) -> tuple[str, str, int] | None:
    """Read scheme, host and port as a browser would; None for what browsers read differently."""
    if "\\" in url or not url.isascii() or not url.isprintable() or " " in url:
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname or "@" in parts.netloc:
        return None
    return parts.scheme, parts.hostname.lower(), port or _PORTS[parts.scheme]
