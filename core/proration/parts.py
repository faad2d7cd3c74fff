"""The exact parts of a proration, before anything is rounded; and how they become lines."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from fractions import Fraction
from typing import NamedTuple

from core.kernel.money import Asset, Money
from core.pricing import RoundingPolicy
from core.proration.counting import Settings, part_left
from core.proration.cycle import BillingPeriod
from core.proration.line import Kind, Line, Prorated, Taxed
from core.proration.rounding import in_units
from core.proration.terms import Tax, Terms

_SIGN = {Kind.CREDIT: -1, Kind.CHARGE: 1}


class Part(NamedTuple):
    """So much of an item's price, to be given back or charged."""

    kind: Kind
    item: str
    full: Fraction
    left: Fraction
    """Of the full price, when discounts have come off."""
    share: Fraction
    """Of a period."""
    taxes: tuple[Tax, ...]
    tax_is_included: bool

    @property
    def said(self) -> Fraction:
        """What it comes to as prices are said: with taxes where those are included."""
        return _SIGN[self.kind] * self.left * self.share

    @property
    def net(self) -> Fraction:
        """What it comes to without taxes."""
        return (
            self.said / (1 + sum(map(_part_of, self.taxes))) if self.tax_is_included else self.said
        )

    def undoes(self, other: "Part") -> bool:
        """Tell whether one gives back just what the other charges."""
        return self._replace(kind=other.kind) == other and self.kind is not other.kind


def left_of(
    kind: Kind, terms: Terms, period: BillingPeriod, *, at: datetime, settings: Settings
) -> list[Part]:
    """Return the parts for what is left of a period at an instant, in the order of the items."""
    full, left, taxes = terms.full(), terms.discounted(), terms.taxes
    return [
        Part(
            kind,
            item.key,
            full[item.key],
            left[item.key],
            part_left(period, at, settings, item.interval),
            taxes,
            terms.tax_is_included,
        )
        for item in terms.items
    ]


def side_by_side(credits: Sequence[Part], charges: Sequence[Part]) -> list[Part]:
    """Put what is charged for an item behind what is given back for it; then what is gone, or new.

    What stays as it was is left out: to give it back and charge it again says nothing.
    """
    by_item = {charge.item: charge for charge in charges}
    both = [(credit, by_item.pop(credit.item)) for credit in credits if credit.item in by_item]
    matched = {credit.item for credit, _ in both}
    changed = [
        part for credit, charge in both if not credit.undoes(charge) for part in (credit, charge)
    ]
    return [*changed, *(each for each in credits if each.item not in matched), *by_item.values()]


def rounded(parts: Iterable[Part], asset: Asset, policy: RoundingPolicy) -> Prorated:
    """Round parts into lines. What comes to nothing is no line."""
    told = [part for part in parts if part.said]
    amounts = in_units([part.said for part in told], asset, policy)
    taxes = _taxed(told, asset, policy)
    lines = [
        Line(
            item=part.item,
            kind=part.kind,
            full=part.full,
            off=part.full - part.left,
            part=part.share,
            exact=part.net,
            amount=_without(amount, own) if part.tax_is_included else amount,
            taxes=tuple(own),
        )
        for part, amount, own in zip(told, amounts, taxes, strict=True)
    ]
    return Prorated(asset, tuple(lines))


def _taxed(parts: Sequence[Part], asset: Asset, policy: RoundingPolicy) -> list[list[Taxed]]:
    """Round each tax over all the lines that it is on, of their exact amounts."""
    taxed: list[list[Taxed]] = [[] for _ in parts]
    for tax in dict.fromkeys(tax for part in parts for tax in part.taxes):
        on = [n for n, part in enumerate(parts) if tax in part.taxes]
        exacts = [parts[n].net * _part_of(tax) for n in on]
        for n, exact, amount in zip(on, exacts, in_units(exacts, asset, policy), strict=True):
            taxed[n].append(Taxed(tax.name, _part_of(tax), exact, amount))
    return taxed


def _without(gross: Money, taxes: Sequence[Taxed]) -> Money:
    """What is left of an amount without its taxes: the three add up, however they were rounded."""
    return Money(gross.amount - sum(tax.amount.amount for tax in taxes), gross.asset)


def _part_of(tax: Tax) -> Fraction:
    return Fraction(tax.percent) / 100
