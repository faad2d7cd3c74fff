"""What the trail says about one call, and what of its arguments may be kept."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

import orjson

from core.kernel.caller import Caller
from core.kernel.cards import redacted as redacted_cards
from core.kernel.money import LARGEST

TEXT_MAX = 200
ITEMS_MAX = 5
DEPTH_MAX = 6
_SECRET_LENGTH_MIN = 13
"""No pattern below matches anything shorter."""
_SECRET_LENGTH_MAX = 8192
_SECRET_WORDS = (
    "secret",
    "password",
    "token",
    "code",
    "credential",
    "otp",
    "authorization",
    "api_key",
    "apikey",
)
# Our keys and tokens, and what others' look like: an agent may put one where none belongs. Each
# begins where a word does, so that no text takes longer to search than to read.
_SECRET_TEXT = re.compile(
    r"(?<![A-Za-z0-9_-])(?:"
    r"b(?:sk|op|u[acrs])_[A-Za-z0-9_-]{20,}"
    r"|[sr]k_(?:live|test)_[A-Za-z0-9]{10,}"
    r"|whsec_[A-Za-z0-9+/=]{10,}"
    r"|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"
    r")"
)
REDACTED = "[redacted]"


class Decision(StrEnum):
    ALLOWED = "allowed"
    REFUSED = "refused"
    """The world said no: an error that is part of the contract."""
    FAILED = "failed"
    """We wrote a bug, or the database was gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """One call of one operation, by any door."""

    id: str
    at: datetime
    project_id: str | None
    caller: Caller
    door: str
    operation: str
    effect: str
    decision: Decision
    error_code: str | None = None
    replayed: bool = False
    duration_us: int = 0
    request_id: str = ""
    trace_id: str = ""
    arguments: Mapping[str, Any]
    touched: tuple[str, ...] = ()


def digest_of(arguments: Mapping[str, Any]) -> bytes:
    """SHA-256 over the arguments as canonical JSON: equal arguments have equal digests."""
    try:
        packed = orjson.dumps(dict(arguments), option=orjson.OPT_SORT_KEYS, default=repr)
    except TypeError:
        # A number past 64 bits, or half a surrogate pair: refused later, but hashed all the same.
        packed = json.dumps(dict(arguments), sort_keys=True, default=repr).encode()
    return hashlib.sha256(packed).digest()


def redacted(value: Any, depth: int = 0) -> Any:
    """Copy what was sent without its secrets, cut short where it is long."""
    if depth > DEPTH_MAX:
        return "[…]"
    if isinstance(value, Mapping):
        return {
            _clean(str(name), 64): REDACTED if _is_secret(str(name)) else redacted(part, depth + 1)
            for name, part in list(value.items())[:40]
        }
    if isinstance(value, list | tuple):
        shown = [redacted(part, depth + 1) for part in value[:ITEMS_MAX]]
        more = len(value) - ITEMS_MAX
        return [*shown, f"[{more} more]"] if more > 0 else shown
    # A number that a database would write in another way could not be proven; it is kept as text.
    if value is None or (isinstance(value, int) and abs(value) <= LARGEST):
        return value
    return _clean(str(value), TEXT_MAX)


def _clean(text: str, length: int) -> str:
    """Make the text storable: NUL and lone surrogates are shown as the replacement character."""
    if len(text) < _SECRET_LENGTH_MIN and text.isascii() and "\x00" not in text:
        return text
    # Whole credentials are looked for before the text is cut, and in no more than could be one.
    shown = redacted_cards(_SECRET_TEXT.sub(REDACTED, text[: length + _SECRET_LENGTH_MAX]))
    storable = shown[: length + 1].replace("\x00", "�").encode("utf-8", "replace").decode()
    return storable if len(storable) <= length else storable[:length] + "…"


@lru_cache(maxsize=1024)
def _is_secret(name: str) -> bool:
    # Tokens are also what models are billed by: one token is a secret, several are a count.
    told = name.lower().replace("tokens", "")
    return any(word in told for word in _SECRET_WORDS)
