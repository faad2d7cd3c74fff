"""Flat: the same amount, whatever was used."""

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from core.pricing.checking import not_below
from core.pricing.line import Line, of_amount
from core.pricing.usage import Usage


@dataclass(frozen=True, slots=True)
class Flat:
    name: ClassVar[str] = "flat"
    counts_units: ClassVar[bool] = False

    amount: Decimal

    def __post_init__(self) -> None:
        not_below("amount", self.amount)

    def lines(self, usage: Usage) -> tuple[Line, ...]:
        return (of_amount("amount", "a flat amount", self.amount),)
