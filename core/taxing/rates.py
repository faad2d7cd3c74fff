"""Rates, and the policies by which they are applied: frozen values."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from core.kernel.rounding import Rounding

WHOLE = Decimal(100)


class Behaviour(StrEnum):
    EXCLUSIVE = "exclusive"
    """Taxes come on top of prices."""
    INCLUSIVE = "inclusive"
    """Prices contain their taxes."""


class TaxOn(StrEnum):
    """Where a tax is rounded."""

    LINE = "line"
    SUM = "sum"


@dataclass(frozen=True, slots=True)
class Rate:
    name: str
    """What the bill calls it: `VAT`."""
    percent: Decimal
    """Above 0 and up to 100: a rate of nothing is no rate."""

    def __post_init__(self) -> None:
        if not 0 < self.percent <= WHOLE:
            raise ValueError(f"a rate is above 0 and up to 100 percent, not {self.percent}")

    @property
    def part(self) -> Fraction:
        """Of what it is on: a fifth for 20 percent."""
        return Fraction(self.percent) / 100

    def __str__(self) -> str:
        return f"{self.name} {self.percent.normalize():f} %"


@dataclass(frozen=True, slots=True)
class Policy:
    behaviour: Behaviour = Behaviour.EXCLUSIVE
    on: TaxOn = TaxOn.LINE
    rule: Rounding = Rounding.HALF_UP


PER_LINE = Policy()
