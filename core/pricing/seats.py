"""Seats: whole ones, some of them included, at least so many charged and at most so many sold."""

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

from core.pricing.checking import not_below
from core.pricing.errors import QuantityNotWhole, QuantityTooLarge
from core.pricing.line import Line, for_free, under
from core.pricing.usage import Usage, not_negative

if TYPE_CHECKING:
    from core.pricing.price import Price


@dataclass(frozen=True, slots=True, kw_only=True)
class Seats:
    name: ClassVar[str] = "seats"
    counts_units: ClassVar[bool] = False

    price: "Price"
    """Of the seats that are neither included nor beyond."""
    included: int = 0
    at_least: int = 0
    """As many are charged when there are fewer; those included count among them."""
    at_most: int | None = None

    def __post_init__(self) -> None:
        not_below("included", self.included)
        not_below("at_least", self.at_least)
        not_below("at_most", self.at_most, max(1, self.at_least))

    def lines(self, usage: Usage) -> list[Line]:
        taken = not_negative(usage, self.name)
        if taken != int(taken):
            raise QuantityNotWhole("quantity", self.name)
        if self.at_most is not None and taken > self.at_most:
            raise QuantityTooLarge("quantity", str(self.at_most))
        seats = max(int(taken), self.at_least)
        free = min(seats, self.included)
        lines = [for_free("included", "included seats", Decimal(free))] if free else []
        charged = Usage(Decimal(seats - free), is_closed=usage.is_closed)
        return lines + under("price", self.price.lines(charged))
