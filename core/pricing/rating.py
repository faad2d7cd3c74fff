"""Rating: what usage costs, line by line, in whole units of an asset; and what more of it costs."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from core.kernel.money import LARGEST, Asset, Money
from core.pricing.errors import AmountTooLarge
from core.pricing.line import Line, beyond, says_something, sum_of
from core.pricing.model import Model
from core.pricing.price import Price
from core.pricing.rounding import PER_LINE, RoundingPolicy, in_units
from core.pricing.usage import Usage, check_number, exactly


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
    check_number("quantity", asked.quantity)
    return _rounded(exactly("quantity", price.lines, asked), asset, policy)


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
        amounts = in_units(lines, asset.scale, policy)
    except InvalidOperation:
        raise AmountTooLarge("quantity", str(asset)) from None
    total = sum(amounts)
    if not -LARGEST <= total <= LARGEST:
        raise AmountTooLarge("quantity", str(asset))
    # By position, because this runs for every line there ever is.
    told = [Line._make((*line[:6], n, None)) for line, n in zip(lines, amounts, strict=True)]
    if any(line.bound for line in lines):
        told = [
            n for n, line in zip(told, lines, strict=True) if not line.bound or says_something(n)
        ]
    return Rated(tuple(told), Money(total, asset))
