"""The lines of a proration: what is given back, and what is charged, each by itself.

Amounts of credits are below zero. A line is rounded as if it were above, and so a credit to the
same amount as the charge it gives back.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction

from core.kernel.money import Asset, Money


class Kind(StrEnum):
    CREDIT = "credit"
    CHARGE = "charge"


_OPPOSITE = {Kind.CREDIT: Kind.CHARGE, Kind.CHARGE: Kind.CREDIT}


@dataclass(frozen=True, slots=True)
class Taxed:
    """What one tax on a line comes to."""

    name: str
    part: Fraction
    """Of the amount it is on: a fifth for 20 percent."""
    exact: Fraction
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    item: str
    kind: Kind
    full: Fraction
    """What a whole period costs, in the currency."""
    off: Fraction
    """What discounts take off that."""
    part: Fraction
    """How much of a period it is for."""
    exact: Fraction
    """Before rounding, without taxes, below zero where it is a credit."""
    amount: Money
    taxes: tuple[Taxed, ...] = ()

    @property
    def tax(self) -> Money:
        return Money(sum(each.amount.amount for each in self.taxes), self.amount.asset)

    @property
    def gross(self) -> Money:
        """What is paid, or given back, with taxes."""
        return Money(self.amount.amount + self.tax.amount, self.amount.asset)

    @property
    def explained(self) -> str:
        """Say how it came about: `credit of seats: (50 - 5) x 1/2 = 22.50 USD`."""
        price = f"({_said(self.full)} - {_said(self.off)})" if self.off else _said(self.full)
        amount = Money(abs(self.amount.amount), self.amount.asset)
        return f"{self.kind} of {self.item}: {price} x {self.part} = {amount}"

    def reversed(self) -> "Line":
        """Return what undoes it, to the unit: the amounts themselves, not rounded once more."""
        taxes = [replace(tax, exact=-tax.exact, amount=-tax.amount) for tax in self.taxes]
        kind, amount = _OPPOSITE[self.kind], -self.amount
        return replace(self, kind=kind, exact=-self.exact, amount=amount, taxes=tuple(taxes))


@dataclass(frozen=True, slots=True)
class Prorated:
    """What a change comes to. The lines add up to the totals, whatever the rounding."""

    asset: Asset
    lines: tuple[Line, ...] = ()

    @property
    def net(self) -> Money:
        return self._sum(self.lines)

    @property
    def tax(self) -> Money:
        return Money(sum(line.tax.amount for line in self.lines), self.asset)

    @property
    def total(self) -> Money:
        """What is owed, with taxes; below zero where more is given back."""
        return Money(self.net.amount + self.tax.amount, self.asset)

    @property
    def credit(self) -> Money:
        """What is given back, below zero, without taxes."""
        return self._sum(line for line in self.lines if line.kind is Kind.CREDIT)

    @property
    def charge(self) -> Money:
        """What is charged, without taxes."""
        return self._sum(line for line in self.lines if line.kind is Kind.CHARGE)

    def reversed(self) -> "Prorated":
        """Return what undoes it, line by line."""
        return Prorated(self.asset, tuple(line.reversed() for line in self.lines))

    def _sum(self, lines: Iterable[Line]) -> Money:
        return Money(sum(line.amount.amount for line in lines), self.asset)


def _said(value: Fraction) -> str:
    """Write a fraction as people do where it has few decimals, or else as what it is."""
    cents = value * 10**6
    if cents.denominator != 1:
        return str(value)
    whole, rest = divmod(abs(cents.numerator), 10**6)
    return f"{whole}.{rest:06d}".rstrip("0").rstrip(".")
