"""Package: so much for every package of a size; one that is begun is charged whole."""

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from core.pricing.checking import not_below, positive
from core.pricing.exact import wholes
from core.pricing.line import Line, of_units, text
from core.pricing.usage import Usage, not_negative


@dataclass(frozen=True, slots=True)
class Package:
    name: ClassVar[str] = "package"
    counts_units: ClassVar[bool] = True

    amount: Decimal
    size: Decimal

    def __post_init__(self) -> None:
        not_below("amount", self.amount)
        positive("size", self.size)

    def lines(self, usage: Usage) -> tuple[Line, ...]:
        packages = wholes(not_negative(usage, self.name), self.size)
        return (of_units("amount", f"packages of {text(self.size)}", packages, self.amount),)
