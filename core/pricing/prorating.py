"""Graduated prices of quantities that come and go within a period.

Each change is priced by its share of the period, in the tiers that its units fall into: the full
quantity so far says which tiers, the prorated quantity how much. A tier's flat amount is due whole
once the tier was reached, however briefly.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar, NamedTuple

from core.pricing.errors import QuantityNegative
from core.pricing.exact import ZERO, minus, part_of, plus
from core.pricing.graduated import Graduated
from core.pricing.line import Line
from core.pricing.tiers import Span
from core.pricing.usage import Usage


class Change(NamedTuple):
    """So many units more, or fewer when negative, and what they are for the rest of the period."""

    units: Decimal
    prorated: Decimal


@dataclass(frozen=True, slots=True)
class Prorated:
    """A graduated price of what came and went, to be rated like any other."""

    name: ClassVar[str] = "graduated"
    counts_units: ClassVar[bool] = False

    price: Graduated
    changes: tuple[Change, ...]

    def lines(self, usage: Usage) -> list[Line]:
        """Price the changes, in the order in which they came; they are all the usage there is."""
        laid = self.price.ladder.spans
        quantities = [ZERO] * len(laid)
        held = reached = ZERO
        for n, change in enumerate(self.changes):
            after = plus(held, change.units)
            if after < 0:
                raise QuantityNegative(f"changes.{n}.units", self.name)
            for place, part in _shared(laid, held, after, change):
                quantities[place] = plus(quantities[place], part)
            held, reached = after, max(reached, after)
        return [
            span.line(quantity)
            for span, quantity in zip(laid, quantities, strict=True)
            if not span.start or reached > span.start
        ]


def _shared(
    laid: tuple[Span, ...], held: Decimal, after: Decimal, change: Change
) -> list[tuple[int, Decimal]]:
    """Split the prorated units among the tiers the change goes through; none of it is lost."""
    low, high = min(held, after), max(held, after)
    through = [
        (place, minus(high if span.up_to is None else min(high, span.up_to), max(low, span.start)))
        for place, span in enumerate(laid)
        if high > span.start and (span.up_to is None or low < span.up_to)
    ]
    parts: list[tuple[int, Decimal]] = []
    rest = change.prorated
    for place, units in through[:-1]:
        part = part_of(change.prorated, units, minus(high, low))
        parts.append((place, part))
        rest = minus(rest, part)
    # The last takes what is left, so that the parts are the whole. No change goes through no tier.
    return [*parts, *((place, rest) for place, _ in through[-1:])]
