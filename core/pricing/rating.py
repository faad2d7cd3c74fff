"""Rating: what usage costs, line by line, in whole units of an asset; and what more of it costs."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, Inexact, InvalidOperation

from core.kernel.money import LARGEST, Asset, Money
from core.kernel.rounding import to_units
from core.pricing.errors import AmountTooLarge, QuantityNotNumber, QuantityTooFine
from core.pricing.line import Line, beyond, sum_of
from core.pricing.model import Model
from core.pricing.price import Price
from core.pricing.rounding import PER_LINE, RoundingPolicy, RoundOn, apportioned
from core.pricing.usage import Usage

_FAR = Decimal(10) ** 28
"""No quantity reaches this far, and a number with a huge exponent is not worth computing with."""


@dataclass(frozen=True, slots=True)
class Rated:
    """What usage costs. The lines' amounts add up to the total, whatever the rounding."""

    lines: tuple[Line, ...]
    total: Money

    @property
    def exact(self) -> Decimal:
        return sum_of(self.lines)

    @property
    def explained(self) -> list[str]:
        """Say for each line how it came about, and what was charged for it."""
        asset = self.total.asset
        return [f"{line.explained}, charged {Money(line.amount, asset)}" for line in self.lines]


def rate(
    price: Price | Model,
    usage: Usage | Decimal,
    asset: Asset,
    policy: RoundingPolicy = PER_LINE,
) -> Rated:
    """Say what the usage costs. Nothing but the arguments decides it, so it can be replayed."""
    asked = Usage(usage) if isinstance(usage, Decimal) else usage
    try:
        if not -_FAR < asked.quantity < _FAR:
            raise QuantityNotNumber("quantity")
        lines = price.lines(asked)
    except Inexact:
        raise QuantityTooFine("quantity") from None
    except InvalidOperation:
        raise QuantityNotNumber("quantity") from None
    return _rounded(lines, asset, policy)


def rate_further(
    price: Price | Model,
    *,
    before: Usage | Decimal,
    total: Usage | Decimal,
    asset: Asset,
    policy: RoundingPolicy = PER_LINE,
) -> Rated:
    """Say what `total` costs beyond what was billed for `before`, tier by tier.

    The amounts are differences of rounded amounts: however often a period is split, its parts add
    up to what the whole costs, to the unit. `before` was not the end, so that it had no true-up.
    """
    earlier = before if isinstance(before, Usage) else Usage(before)
    billed = rate(price, earlier._replace(is_closed=False), asset, policy)
    whole = rate(price, total, asset, policy)
    lines = tuple(beyond(billed.lines, whole.lines))
    return Rated(lines, Money(whole.total.amount - billed.total.amount, asset))


def _rounded(lines: Sequence[Line], asset: Asset, policy: RoundingPolicy) -> Rated:
    try:
        if policy.on is RoundOn.SUM:
            amounts = apportioned([line.exact for line in lines], asset, policy.rule)
        else:
            amounts = [to_units(line.exact, asset.scale, policy.rule) for line in lines]
    except InvalidOperation:
        raise AmountTooLarge("quantity", str(asset)) from None
    total = sum(amounts)
    if not -LARGEST <= total <= LARGEST:
        raise AmountTooLarge("quantity", str(asset))
    # By position, because this runs for every line there ever is.
    told = tuple([Line._make((*line[:6], n)) for line, n in zip(lines, amounts, strict=True)])
    return Rated(told, Money(total, asset))
