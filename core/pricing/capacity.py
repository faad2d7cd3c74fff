"""Capacity: one flat price for the tier that the quantity, mostly a peak, falls into."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import ClassVar

from core.pricing.errors import QuantityTooLarge
from core.pricing.line import Line, of_amount
from core.pricing.tiers import Ladder, Tier, ladder
from core.pricing.usage import Usage, not_negative


@dataclass(frozen=True, slots=True)
class CapacityTier:
    price: Decimal
    up_to: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Capacity:
    """The last tier may have an end; more than that is refused."""

    name: ClassVar[str] = "capacity"
    counts_units: ClassVar[bool] = False

    tiers: tuple[CapacityTier, ...]
    ladder: Ladder = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        tiers = [Tier(tier.up_to, flat=tier.price) for tier in self.tiers]
        laid = ladder(tiers, open_ended=False, flat="price")
        object.__setattr__(self, "ladder", laid)

    def lines(self, usage: Usage) -> tuple[Line, ...]:
        span = self.ladder.at(not_negative(usage, self.name))
        if span is None:
            raise QuantityTooLarge("quantity", str(self.tiers[-1].up_to))
        return (of_amount(span.path, f"capacity {span.note}", span.flat),)
