"""Take discounts off the lines of a bill. Pure: exact amounts in, exact amounts out.

Discounts of products come first, then those of the whole bill, each group in the order given; each
is taken off what the ones before it left. Nothing falls below zero, and what a discount could not
take off is not carried anywhere. A percentage of a product is rounded once for each line; whatever
else is rounded once, and split over its lines by largest remainder. So the parts of a discount sum
to it to the unit.

Lines are worked through in the order of their ids, not in the order given: a unit that two lines
have an equal claim to always goes to the same one, so the order of lines changes nothing at all.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Context, Decimal

from core.coupons.errors import DiscountInAnotherCurrency
from core.kernel.money import Asset, Money
from core.kernel.rounding import shares, to_units

_EXACT = Context(prec=60)
_PER_HUNDRED = -2


@dataclass(frozen=True, slots=True, kw_only=True)
class BillLine:
    """A line before discounts.

    One below zero gives back what was charged, and is left alone: that was discounted then.
    """

    id: str
    amount: Money
    product_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Discount:
    """What is taken off: a percentage above 0 and up to 100, or an amount."""

    id: str
    coupon_key: str
    off: Decimal | Money
    product_keys: frozenset[str] = frozenset()
    """Off lines of these products; none for the whole bill."""
    minimum: Money | None = None
    """Nothing is taken off lines that come to less than this before any discount."""
    recurs: bool = field(default=True, compare=False)
    """Whether it is taken off more than one bill. The bill before us comes to the same."""

    def is_for(self, line: BillLine) -> bool:
        return not self.product_keys or line.product_key in self.product_keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one discount takes off one line: more than nothing."""

    discount_id: str
    line_id: str
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Discounted:
    """The lines as they were given, and what is taken off each."""

    lines: tuple[BillLine, ...]
    parts: tuple[Part, ...]

    @property
    def subtotal(self) -> int:
        return sum(each.amount.amount for each in self.lines)

    @property
    def off(self) -> int:
        """All that is taken off, in smallest units."""
        return sum(each.amount.amount for each in self.parts)

    @property
    def total(self) -> int:
        return self.subtotal - self.off

    def off_line(self, line_id: str) -> int:
        return sum(each.amount.amount for each in self.parts if each.line_id == line_id)

    def off_by(self, discount_id: str) -> int:
        """What came of one discount. One that came to nothing is not used up by this bill."""
        return sum(each.amount.amount for each in self.parts if each.discount_id == discount_id)

    def left(self) -> Mapping[str, int]:
        """What is left of each line, by its id."""
        return {each.id: each.amount.amount - self.off_line(each.id) for each in self.lines}


def apply(lines: Sequence[BillLine], discounts: Sequence[Discount]) -> Discounted:
    """Take the discounts off the lines, which are of one currency and have ids of their own.

    Raises DiscountInAnotherCurrency for an amount, or a minimum, in a currency that is not theirs.
    """
    asset = _asset_of(lines)
    left = {each.id: each.amount.amount for each in sorted(lines, key=lambda line: line.id)}
    by_id = {each.id: each for each in lines}
    assert len(by_id) == len(lines), "each line has an id of its own"
    parts: list[Part] = []
    for discount in in_order(discounts):
        if asset is None:
            break
        _require_currency(discount, asset)
        ours = [each for each in left if by_id[each].amount.amount > 0]
        ours = [each for each in ours if discount.is_for(by_id[each])]
        before = sum(by_id[each].amount.amount for each in ours)
        if discount.minimum and before < discount.minimum.amount:
            continue
        for line_id, amount in _parts_of(discount, {each: left[each] for each in ours}):
            left[line_id] -= amount
            part = Part(discount_id=discount.id, line_id=line_id, amount=Money(amount, asset))
            parts.append(part)
    return Discounted(lines=tuple(lines), parts=tuple(parts))


def in_order(discounts: Iterable[Discount]) -> list[Discount]:
    """Put discounts of products before those of the whole bill, otherwise as they are."""
    return sorted(discounts, key=lambda each: not each.product_keys)


def _parts_of(discount: Discount, left: Mapping[str, int]) -> list[tuple[str, int]]:
    """Return what the discount takes off each of its lines, of what is left of them."""
    whole, off = sum(left.values()), discount.off
    if whole == 0:
        return []
    if isinstance(off, Money):
        split = shares(min(off.amount, whole), list(left.values()))
    elif discount.product_keys:
        split = [_percent(off, amount) for amount in left.values()]
    else:
        split = shares(_percent(off, whole), list(left.values()))
    return [(line, part) for line, part in zip(left, split, strict=True) if part]


def _percent(percent: Decimal, amount: int) -> int:
    """Half a unit is the customer's: so 50 % of one cent is one cent."""
    return to_units(_EXACT.multiply(percent, Decimal(amount)), _PER_HUNDRED)


def _asset_of(lines: Sequence[BillLine]) -> Asset | None:
    assets = {each.amount.asset for each in lines}
    assert len(assets) <= 1, "a bill is in one currency"
    return next(iter(assets), None)


def _require_currency(discount: Discount, asset: Asset) -> None:
    amounts = (discount.off, discount.minimum)
    for each in amounts:
        if isinstance(each, Money) and each.asset != asset:
            raise DiscountInAnotherCurrency(discount.coupon_key, str(each.asset), str(asset))
