"""One request and its answer, as every layer of the HTTP door sees them.

Made by the outermost layer and carried in the ASGI scope. Layers further in say what they found
out, and the log line and the measurements at the end are written from it.
"""

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

_KEY = "bursar.exchange"


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


def headers_of(scope: Mapping[str, Any]) -> dict[str, str]:
    """Return the headers by lower-case name; what was sent twice is joined (RFC 9110 section 5.3).

    Whoever looks for one credential must see that there were two.
    """
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return headers
