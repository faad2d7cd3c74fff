"""What differs between two versions of a plan, by path. Pure.

Items, prices and entitlements are found by their keys, so that another order is no difference.
"""

from dataclasses import dataclass
from typing import Any, Literal

from core.catalog.model import Terms
from core.catalog.writing import write_terms


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. None stands for what is not there."""

    path: str
    """`items.tokens.prices.usd`, `entitlements.seats`, `trial_days`."""
    before: Any
    after: Any
    price_book: str | None = None
    """In which book the price is, where it is one."""

    @property
    def what(self) -> Literal["added", "removed", "changed"]:
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "changed"


def compare(before: Terms | None, after: Terms) -> list[Change]:
    """Return what `after` has otherwise, in the order of the paths. None has nothing at all."""
    was = _members(before) if before else {}
    now = _members(after)
    changes: list[Change] = []
    for path in sorted(was.keys() | now.keys()):
        (old, book), (new, priced) = was.get(path, _ABSENT), now.get(path, _ABSENT)
        if old != new:
            changes.append(Change(path, old, new, priced or book))
    return changes


_ABSENT = None, None


def _members(terms: Terms) -> dict[str, tuple[Any, str | None]]:
    """Return what can differ, by path, and of a price also its book."""
    told = write_terms(terms)
    members: dict[str, tuple[Any, str | None]] = {}
    for item in told.pop("items"):
        prices, path = item.pop("prices"), f"items.{item['key']}"
        members[path] = item, None
        members |= {f"{path}.prices.{key}": (price, key) for key, price in prices.items()}
    for entitled in told.pop("entitlements"):
        members[f"entitlements.{entitled['feature_key']}"] = entitled, None
    return members | {name: (value, None) for name, value in told.items()}
