"""What differs between two versions of a plan, by path. Pure.

Items, prices and entitlements are found by their keys, so that another order is no difference.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from core.catalog.model import Terms
from core.catalog.writing import Json, write_terms


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. None stands for what is not there."""

    path: str
    """`items.tokens.prices.usd`, `entitlements.seats`, `trial_days`."""
    before: Any
    after: Any

    @property
    def what(self) -> str:
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "changed"


def compare(before: Terms | None, after: Terms) -> list[Change]:
    """Return what `after` has otherwise, in the order of the paths. None has nothing at all."""
    was: Mapping[str, Any] = dict(_members(write_terms(before))) if before else {}
    now = dict(_members(write_terms(after)))
    return [
        Change(path, was.get(path), now.get(path))
        for path in sorted(was.keys() | now.keys())
        if was.get(path) != now.get(path)
    ]


def _members(told: Json) -> Iterator[tuple[str, Any]]:
    for item in told.pop("items"):
        prices = item.pop("prices")
        path = f"items.{item['key']}"
        yield path, item
        yield from ((f"{path}.prices.{key}", price) for key, price in prices.items())
    for entitled in told.pop("entitlements"):
        yield f"entitlements.{entitled['feature_key']}", entitled
    yield from told.items()
