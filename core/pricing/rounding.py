"""From exact amounts to whole units: for each line, or once on the sum.

On the sum the lines share the total by largest remainder: each is its exact amount rounded down or
up, they add up to the total, and one that was exact stays as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from core.kernel.money import LARGEST, Asset, Money
from core.kernel.rounding import Rounding, to_units
from core.pricing.errors import AmountTooLarge
from core.pricing.exact import minus, scaled, total


class RoundOn(StrEnum):
    LINE = "line"
    SUM = "sum"


@dataclass(frozen=True, slots=True)
class RoundingPolicy:
    on: RoundOn = RoundOn.LINE
    rule: Rounding = Rounding.HALF_UP


PER_LINE = RoundingPolicy()
ON_SUM = RoundingPolicy(RoundOn.SUM)


def whole(exact: Decimal, asset: Asset, rule: Rounding) -> Money:
    """Round one amount. More than the asset can count is refused."""
    try:
        amount = to_units(exact, asset.scale, rule)
    except InvalidOperation:
        raise AmountTooLarge("quantity", str(asset)) from None
    if not -LARGEST <= amount <= LARGEST:
        raise AmountTooLarge("quantity", str(asset))
    return Money(amount, asset)


def apportioned(exacts: Sequence[Decimal], asset: Asset, rule: Rounding) -> list[int]:
    """Round the sum, and let the parts share it: earliest first where remainders are equal."""
    units = to_units(total(exacts), asset.scale, rule)
    parts = [to_units(exact, asset.scale, Rounding.DOWN) for exact in exacts]
    left = [
        minus(Decimal(part), scaled(exact, asset.scale))
        for part, exact in zip(parts, exacts, strict=True)
    ]
    by_remainder = sorted(range(len(parts)), key=lambda n: (left[n], n))
    for n in by_remainder[: units - sum(parts)]:
        parts[n] += 1
    return parts
