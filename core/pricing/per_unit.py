"""Per unit: so much for each. A negative quantity gives back what the same quantity had cost."""

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from core.pricing.checking import not_below
from core.pricing.exact import ZERO, times
from core.pricing.line import Line
from core.pricing.usage import Usage


@dataclass(frozen=True, slots=True)
class PerUnit:
    name: ClassVar[str] = "per_unit"
    counts_units: ClassVar[bool] = True

    unit: Decimal

    def __post_init__(self) -> None:
        not_below("unit", self.unit)

    def lines(self, usage: Usage) -> tuple[Line, ...]:
        quantity, unit = usage.quantity, self.unit
        return (Line("unit", "each", quantity, unit, ZERO, times(quantity, unit)),)
