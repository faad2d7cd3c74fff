"""Find card numbers in what was sent, whichever operation it is for. See `core.kernel.cards`.

Asked once for every call, before anything else is made of it: what is refused here is neither
stored, hashed, written down nor told back.
"""

from collections.abc import Mapping
from typing import Any

from core.kernel import cards

PROBLEMS_MAX = 20
FIELD_MAX = 64
WHAT = "looks like a payment card number, which is never taken here: leave it out"


def card_problems(arguments: Mapping[str, Any], key: str | None) -> list[dict[str, str]]:
    """Name the fields in which a card number stands, the idempotency key among them."""
    told = []
    if key is not None and cards.redacted(key) != key:
        told.append("idempotency_key")
    if cards.sent(arguments):
        told += [_named(path) for path in cards.paths(arguments)]
    return [{"field": each, "problem": WHAT} for each in told[:PROBLEMS_MAX]]


def _named(path: tuple[str | int, ...]) -> str:
    return ".".join(str(each)[:FIELD_MAX] for each in path)
