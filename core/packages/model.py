"""A package and its parts as frozen values, and what makes one good for sale. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from core import pricing
from core.kernel.money import Money

QUANTITY_MAX = 1_000_000
Prices = Mapping[str, pricing.Price]
"""By the key of the price book."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One product of a package, and how many of it there may be."""

    key: str
    product_key: str
    plan_key: str | None
    """Which of the product's plans it is; None where the product has one thing to give."""
    required: bool
    quantity: int
    """How many there are unless another number is chosen."""
    at_least: int
    at_most: int
    prices: Prices | None
    """What so many of it cost by themselves, in every price book of the package."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a version of a package says: a price of its own, or the sum of its parts."""

    parts: tuple[Part, ...]
    prices: Prices | None
    """Its own price, by the number of packages. It covers the required parts, and the optional
    ones that have no price; the others come on top."""
    discount_percent: Decimal | None
    """Off the sum of the parts."""
    discount_amounts: Mapping[str, Money] | None
    """Off the sum of the parts of each package, by the key of the price book."""

    def part(self, key: str) -> Part | None:
        return next((each for each in self.parts if each.key == key), None)

    @property
    def books(self) -> frozenset[str]:
        """The keys of the price books in which the whole package has a price."""
        priced = self.prices if self.prices is not None else self.parts[0].prices
        return frozenset(priced or ())

    def is_covered(self, part: Part) -> bool:
        """Tell whether the package's own price is for this part, too."""
        return self.prices is not None and (part.required or part.prices is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One version of a package, which never changes."""

    id: str
    key: str
    version: int
    newest_version: int
    name: str
    description: str | None
    terms: Terms
    created_at: datetime
    archived_at: datetime | None
