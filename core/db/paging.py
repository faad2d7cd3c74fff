"""Cursor paging: a page, and an opaque word that says where the next one starts.

A cursor holds only the sort key of the last row shown. It grants nothing: every query filters on
the caller's project again.
"""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import orjson

from core.kernel.errors import EngineError, Kind

T = TypeVar("T")

LIMIT_DEFAULT = 50
LIMIT_MAX = 200


@dataclass(eq=False)
class InvalidCursor(EngineError):
    """The cursor does not belong to this list. Start again without one."""

    code = "invalid_cursor"
    kind = Kind.INVALID
    field: str = "cursor"


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    items: list[T]
    next_cursor: str | None


def after(cursor: str | None, *, parts: int) -> list[str] | None:
    """Read the sort key to continue after: as many texts as the list sorts by, or None."""
    if cursor is None:
        return None
    try:
        key = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError):
        raise InvalidCursor from None
    if not isinstance(key, list) or len(key) != parts or not all(map(_is_storable, key)):
        raise InvalidCursor
    return key


def _is_storable(part: object) -> bool:
    """Postgres refuses NUL half-way through a unit; a cursor is read before it could."""
    return isinstance(part, str) and "\x00" not in part


def page(rows: Sequence[T], limit: int, key: Callable[[T], Sequence[str]]) -> Page[T]:
    """Make a page of rows that were asked for with `limit + 1`."""
    shown = list(rows[:limit])
    if len(rows) <= limit:
        return Page(shown, None)
    return Page(shown, cursor_of(key(shown[-1])))


def cursor_of(key: Sequence[str]) -> str:
    """Write the cursor of what was shown last, for whoever pages by hand."""
    return base64.urlsafe_b64encode(orjson.dumps(list(key))).decode().rstrip("=")
