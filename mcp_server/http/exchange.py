"""One request and its answer, as every layer of the HTTP door sees them.

Made by the outermost layer and carried in the ASGI scope. Layers further in say what they found
out, and the log line and the measurements at the end are written from it.
"""

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

_KEY = "bursar.exchange"
_HEADERS = "bursar.headers"


@dataclass(slots=True)
class Exchange:
    request_id: str
    trace_id: str
    client: str
    """The address that the request came from, as far as trusted proxies tell it."""
    route: str = ""
    """The path as it was declared, without anyone's values in it."""
    operation: str = ""
    subject: str = ""
    code: str = ""
    """The code of the problem that was answered."""


def carry(scope: MutableMapping[str, Any], exchange: Exchange) -> None:
    scope[_KEY] = exchange


def of(scope: MutableMapping[str, Any]) -> Exchange:
    """Return the exchange that this scope belongs to; an empty one where no layer made it."""
    exchange: Exchange = scope.get(_KEY) or Exchange("", "", "")
    return exchange


def headers_of(scope: MutableMapping[str, Any]) -> Mapping[str, str]:
    """Return the headers by lower-case name; what was sent twice is joined (RFC 9110 section 5.3).

    Whoever looks for one credential must see that there were two. White space around a value is no
    part of it (section 5.5), and not every server takes it off. They are read once for a request.
    """
    known: dict[str, str] | None = scope.get(_HEADERS)
    if known is not None:
        return known
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1").strip(" \t")
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    scope[_HEADERS] = headers
    return headers
