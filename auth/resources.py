"""Resource indicators (RFC 8707): which of our URLs a token is for. Pure."""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from auth.errors import invalid_target
from auth.settings import AuthSettings

LENGTH_MAX = 400
_BELOW = re.compile(r"(/[A-Za-z0-9_-]+)*")


def accepted(settings: AuthSettings, asked: Sequence[str]) -> str:
    """Return the one resource a request names; the MCP endpoint when it names none.

    It must be the MCP endpoint, the HTTP API, or a path below either. One token serves one
    resource: several are refused, because a token for all of them could be carried between them.
    """
    if not asked:
        return settings.resource
    if len(asked) > 1 or len(asked[0]) > LENGTH_MAX:
        raise invalid_target()
    resource = canonical(asked[0])
    for base in (settings.resource, settings.api_resource):
        if resource.startswith(base) and _BELOW.fullmatch(resource.removeprefix(base)):
            return resource
    raise invalid_target()


def canonical(url: str) -> str:
    """Lower the scheme and host, and drop one trailing slash: how people write the same URL."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    lowered = parts._replace(scheme=parts.scheme.lower(), netloc=parts.netloc.lower())
    return lowered.geturl().removesuffix("/")


def covers(granted: str, used: str) -> bool:
    """Tell whether a token for the first URL may be used at the second: there, or below it."""
    return used == granted or used.startswith(f"{granted}/")
