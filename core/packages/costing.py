"""What a choice costs, part by part, to the unit. Pure.

Each part is rated by itself and rounded; a discount is computed once on the sum, rounded once, and
shared out by largest remainder, so that the parts always add up to the total.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from core import pricing
from core.kernel.money import Asset, Money
from core.kernel.rounding import shares, to_units
from core.packages.choosing import Choice, Chosen
from core.packages.model import Package, Prices


@dataclass(frozen=True, slots=True)
class PartCost:
    """What one part comes to. `amount` is `alone` less its share of what the package saves."""

    chosen: Chosen
    alone: Money | None
    """What it costs by itself; None where it has no price of its own."""
    amount: Money | None
    """None where the package's own price covers it and is not split."""
    rated: pricing.Rated | None


@dataclass(frozen=True, slots=True)
class Cost:
    """What a choice comes to. The parts' amounts and `unsplit` add up to the total."""

    parts: tuple[PartCost, ...]
    own: pricing.Rated | None
    """The package's own price, rated."""
    unsplit: Money
    """What of it is no part's: all of it, where a part that it covers has no price by itself."""
    discount: Money
    total: Money


def cost(choice: Choice, book_key: str, asset: Asset, count: int = 1) -> Cost:
    """Say what so many packages of this choice cost by a price book of the package's.

    Raises a pricing.UsageRefused where a price says nothing of so many.
    """
    alone = [_alone(each, book_key, asset, count) for each in choice.parts]
    if choice.package.terms.prices is None:
        return _sum(choice, alone, book_key, count)
    return _own(choice, alone, _rate(choice.package.terms.prices, book_key, count, asset))


def _sum(choice: Choice, alone: list[PartCost], book_key: str, count: int) -> Cost:
    amounts = [_of(each.alone) for each in alone]
    asset = _asset(alone)
    off = _discount(choice.package, book_key, sum(amounts), count)
    cut = shares(off, amounts) if any(amounts) else [0] * len(amounts)
    parts = tuple(
        PartCost(each.chosen, each.alone, Money(amount - less, asset), each.rated)
        for each, amount, less in zip(alone, amounts, cut, strict=True)
    )
    total = sum(amounts) - off
    return Cost(parts, None, Money(0, asset), Money(off, asset), Money(total, asset))


def _discount(package: Package, book_key: str, subtotal: int, count: int) -> int:
    """Return what is off the sum, in whole units: never more than there is."""
    terms = package.terms
    if terms.discount_percent is not None:
        exact = Decimal(subtotal) * terms.discount_percent / 100
        return to_units(exact, 0)
    if terms.discount_amounts is not None:
        return min(subtotal, terms.discount_amounts[book_key].amount * count)
    return 0


def _own(choice: Choice, alone: list[PartCost], own: pricing.Rated) -> Cost:
    terms, asset = choice.package.terms, own.total.asset
    covered = [n for n, each in enumerate(choice.parts) if terms.is_covered(each.part)]
    weights = [_of(alone[n].alone) for n in covered]
    is_split = all(alone[n].alone for n in covered) and any(weights)
    split = dict(zip(covered, shares(own.total.amount, weights), strict=True)) if is_split else {}
    parts = tuple(
        PartCost(
            each.chosen,
            each.alone,
            (Money(split[n], asset) if n in split else None) if n in covered else each.alone,
            each.rated,
        )
        for n, each in enumerate(alone)
    )
    unsplit = Money(0, asset) if is_split else own.total
    total = unsplit.amount + sum(_of(each.amount) for each in parts)
    return Cost(parts, own, unsplit, Money(0, asset), Money(total, asset))


def _alone(chosen: Chosen, book_key: str, asset: Asset, count: int) -> PartCost:
    prices = chosen.part.prices
    if prices is None:
        return PartCost(chosen, None, None, None)
    rated = _rate(prices, book_key, chosen.quantity * count, asset)
    return PartCost(chosen, rated.total, rated.total, rated)


def _rate(prices: Prices, book_key: str, quantity: int, asset: Asset) -> pricing.Rated:
    return pricing.rate(prices[book_key], Decimal(quantity), asset)


def _of(money: Money | None) -> int:
    return money.amount if money else 0


def _asset(parts: Sequence[PartCost]) -> Asset:
    [asset] = {each.alone.asset for each in parts if each.alone}
    return asset
