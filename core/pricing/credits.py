"""Credits: a unit that prices are told in, with a rate at which it is bought and what it is worth.

Amounts of credits are amounts of an asset like any other (`CREDIT/6`); only here are they money.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

from core.kernel.money import Asset, Money
from core.kernel.rounding import Rounding
from core.pricing.checking import positive
from core.pricing.exact import divided, scaled, times
from core.pricing.line import Line, under
from core.pricing.rounding import whole
from core.pricing.usage import Usage

if TYPE_CHECKING:
    from core.pricing.price import Price


@dataclass(frozen=True, slots=True)
class Credits:
    """A price that is told in credits and charged in money."""

    name: ClassVar[str] = "credits"
    counts_units: ClassVar[bool] = False

    per_credit: Decimal
    """What one credit is worth, in money."""
    price: "Price"

    def __post_init__(self) -> None:
        positive("per_credit", self.per_credit)

    def lines(self, usage: Usage) -> list[Line]:
        return [self._in_money(line) for line in under("price", self.price.lines(usage))]

    def _in_money(self, line: Line) -> Line:
        rate, bound = self.per_credit, line.bound
        return line._replace(
            unit=times(line.unit, rate),
            flat=times(line.flat, rate),
            exact=times(line.exact, rate),
            bound=bound and bound._replace(limit=times(bound.limit, rate)),
        )


def credits_for(
    paid: Money, per_credit: Decimal, asset: Asset, rule: Rounding = Rounding.DOWN
) -> Money:
    """Say how many credits a payment buys. What does not make a whole unit is not given."""
    positive("per_credit", per_credit)
    exact = divided(scaled(Decimal(paid.amount), -paid.asset.scale), per_credit)
    return whole(exact, asset, rule)


def worth(
    credit: Money, per_credit: Decimal, asset: Asset, rule: Rounding = Rounding.HALF_UP
) -> Money:
    """Say what an amount of credits is worth in money."""
    positive("per_credit", per_credit)
    exact = times(scaled(Decimal(credit.amount), -credit.asset.scale), per_credit)
    return whole(exact, asset, rule)
