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
from core.pricing.line import Line


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


def in_units(lines: Sequence[Line], scale: int, policy: RoundingPolicy) -> list[int]:
    """Round the lines as the policy says; the amounts come in the lines' order."""
    if policy.on is RoundOn.SUM:
        return _shared([line.exact for line in lines], scale, policy.rule)
    amounts = [to_units(line.exact, scale, policy.rule) for line in lines]
    for n, line in enumerate(lines):
        if line.bound is not None:
            # A limit is kept to the unit, however the lines before it were rounded.
            limit, count, is_least = line.bound
            left = to_units(limit, scale, policy.rule) - sum(amounts[n - count : n])
            amounts[n] = max(0, left) if is_least else min(0, left)
    return amounts


def _shared(exacts: Sequence[Decimal], scale: int, rule: Rounding) -> list[int]:
    """Round the sum, and let the parts share it: earliest first where remainders are equal."""
    units = to_units(total(exacts), scale, rule)
    parts = [to_units(exact, scale, Rounding.DOWN) for exact in exacts]
    left = [
        minus(Decimal(part), scaled(exact, scale))
        for part, exact in zip(parts, exacts, strict=True)
    ]
    by_remainder = sorted(range(len(parts)), key=lambda n: (left[n], n))
    for n in by_remainder[: units - sum(parts)]:
        parts[n] += 1
    return parts
