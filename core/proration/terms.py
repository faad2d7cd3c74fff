"""What a plan costs for a whole period: items, what comes off them, and the taxes on the rest."""

from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from core import pricing
from core.kernel.money import Asset
from core.proration.errors import FigureBelowZero, ItemRepeated, PercentTooHigh
from core.proration.interval import Interval

_PERCENT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """Something that is charged for a period in advance: a fee, seats."""

    key: str
    amount: Decimal
    """For a whole interval, in the currency, before anything comes off."""
    interval: Interval | None = None
    """Its own, where the price is for another than the plan's: a yearly part of a monthly plan."""


@dataclass(frozen=True, slots=True)
class PercentOff:
    percent: Decimal
    only: frozenset[str] | None = None
    """The items it comes off; all of them where none are named."""


@dataclass(frozen=True, slots=True)
class AmountOff:
    """An amount off the whole, which items share in proportion. Never more than they cost."""

    amount: Decimal
    only: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Tax:
    name: str
    percent: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """One plan, as one project pays for it."""

    asset: Asset
    interval: Interval
    items: tuple[Item, ...]
    discounts: tuple[PercentOff | AmountOff, ...] = ()
    """In order: each comes off what the one before it has left."""
    taxes: tuple[Tax, ...] = ()
    """Each on the amount itself, none on another."""
    tax_is_included: bool = False
    """Whether amounts are what is paid, taxes and all."""

    def __post_init__(self) -> None:
        seen = set[str]()
        for n, item in enumerate(self.items):
            _not_below_zero(f"items.{n}.amount", item.amount)
            if item.key in seen:
                raise ItemRepeated(f"items.{n}.key")
            seen.add(item.key)
        for n, off in enumerate(self.discounts):
            if isinstance(off, PercentOff):
                _percentage(f"discounts.{n}.percent", off.percent)
            else:
                _not_below_zero(f"discounts.{n}.amount", off.amount)
        for n, tax in enumerate(self.taxes):
            _not_below_zero(f"taxes.{n}.percent", tax.percent)

    def unpaid(self) -> "Terms":
        """Return these terms while nothing is paid for them, as in a trial."""
        return replace(self, items=())

    def full(self) -> dict[str, Fraction]:
        """Return what each item costs for a whole period, before anything comes off."""
        return {item.key: Fraction(item.amount) for item in self.items}

    def discounted(self) -> dict[str, Fraction]:
        """Return what is left of each item's price when everything has come off. Exact."""
        left = self.full()
        for off in self.discounts:
            of = [key for key in left if off.only is None or key in off.only]
            left |= _off(off, {key: left[key] for key in of})
        return left


def priced(key: str, rated: pricing.Rated) -> Item:
    """Return an item that costs what its price came to, in whole units as it was charged."""
    return Item(key=key, amount=Decimal(rated.total.decimal))


def _off(off: PercentOff | AmountOff, of: dict[str, Fraction]) -> dict[str, Fraction]:
    whole = sum(of.values(), Fraction(0))
    if isinstance(off, PercentOff):
        part = Fraction(off.percent) / _PERCENT
    else:
        part = min(Fraction(off.amount) / whole, Fraction(1)) if whole else Fraction(0)
    return {key: amount * (1 - part) for key, amount in of.items()}


def _not_below_zero(field: str, value: Decimal) -> None:
    if not value.is_finite() or value < 0:
        raise FigureBelowZero(field)


def _percentage(field: str, value: Decimal) -> None:
    _not_below_zero(field, value)
    if value > _PERCENT:
        raise PercentTooHigh(field)
