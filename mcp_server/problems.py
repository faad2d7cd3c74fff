"""How an error is told: one body for every door, and for HTTP one status and a few headers.

The body is an RFC 9457 problem. The facts of the error are members beside the standard ones, so
that a program can act on them; MCP sends the same object as structured content.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar

from core.kernel import cards
from core.kernel.errors import EngineError, Kind
from core.kernel.money import Money
from core.operations import ScopeRequired

STATUS = {
    Kind.INVALID: 400,
    Kind.UNAUTHENTICATED: 401,
    Kind.PAYMENT_REQUIRED: 402,
    Kind.FORBIDDEN: 403,
    Kind.NOT_FOUND: 404,
    Kind.CONFLICT: 409,
    Kind.REFUSED: 422,
    Kind.LIMITED: 429,
    Kind.BUSY: 503,
}
MEMBERS = ("type", "title", "status", "code", "detail")
"""The members every problem has. No fact may have one of these names."""
TYPES = "/docs/errors/"
"""Where the page about each code is: an absolute path, so that it is right on every host."""


@dataclass(eq=False)
class HttpError(EngineError):
    """A refusal that only HTTP knows, with the status that HTTP has for it."""

    status: ClassVar[int]


def problem(error: EngineError) -> dict[str, Any]:
    """Tell an error: its page, its title, its status, its code, its sentence, and its facts."""
    return {
        **members(error.facts),
        "type": TYPES + error.code,
        "title": title(error.code),
        "status": status(error),
        "code": error.code,
        "detail": cards.redacted(str(error)),
    }


def status(error: EngineError | type[EngineError]) -> int:
    """Return the HTTP status: the kind's, unless HTTP has one of its own for this refusal."""
    own = error if isinstance(error, type) else type(error)
    return own.status if issubclass(own, HttpError) else STATUS[error.kind]


def title(code: str) -> str:
    """Write a code as people do. RFC 9457 wants a title that never differs for one type."""
    return code.replace("_", " ").capitalize()


def members(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Write facts as JSON. Money is a decimal text, with its asset in a member beside it."""
    told = {name: _plain(value) for name, value in facts.items()}
    money = {name: value for name, value in facts.items() if isinstance(value, Money)}
    assets = {str(value.asset) for value in money.values()}
    if len(assets) == 1 and "asset" not in facts:
        return told | {"asset": assets.pop()}
    return told | {f"{name}_asset": str(value.asset) for name, value in money.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Money):
        return value.decimal
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(part) for part in value]
    # Whatever a caller sent was looked at before; what is told of it comes from elsewhere too.
    return value if value is None or isinstance(value, bool | int) else cards.redacted(str(value))


def headers(error: EngineError) -> dict[str, str]:
    """Say when to come again, where there is an answer to that (RFC 9110 section 10.2.3)."""
    if status(error) not in {429, 503}:
        return {}
    return {"Retry-After": str(max(1, int(error.facts.get("retry_after", 1))))}


def challenge(error: EngineError, resource_metadata: str, *, presented: bool) -> dict[str, str]:
    """Say which authority would do (RFC 6750 section 3, RFC 9728 section 5.1).

    A caller who presented nothing is told no `error`: it has made no mistake yet. A missing scope
    is answered with every scope the call needs, so that one more authorization is enough.
    """
    metadata = f'resource_metadata="{resource_metadata}"'
    if isinstance(error, ScopeRequired):
        scopes = " ".join(error.scopes)
        said = f'error="insufficient_scope", scope="{scopes}", {metadata}'
    elif error.kind is not Kind.UNAUTHENTICATED:
        return {}
    else:
        said = f'error="invalid_token", {metadata}' if presented else metadata
    return {"WWW-Authenticate": f"Bearer {said}"}
