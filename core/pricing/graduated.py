"""Graduated: each unit at the price of the tier it falls into.

A tier's flat amount is due once the tier is reached; the first is reached by any usage, even none.
"""

from dataclasses import dataclass, field
from typing import ClassVar

from core.pricing.line import Line
from core.pricing.tiers import Ladder, Tier, ladder
from core.pricing.usage import Usage, not_negative


@dataclass(frozen=True, slots=True)
class Graduated:
    name: ClassVar[str] = "graduated"
    counts_units: ClassVar[bool] = True

    tiers: tuple[Tier, ...]
    ladder: Ladder = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ladder", ladder(self.tiers))

    def lines(self, usage: Usage) -> list[Line]:
        return self.ladder.climb(not_negative(usage, self.name))
