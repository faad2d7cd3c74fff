"""Volume: every unit at the price of the one tier that the whole quantity falls into."""

from dataclasses import dataclass, field
from typing import ClassVar

from core.pricing.line import Line
from core.pricing.tiers import Ladder, Tier, ladder
from core.pricing.usage import Usage, not_negative


@dataclass(frozen=True, slots=True)
class Volume:
    name: ClassVar[str] = "volume"
    counts_units: ClassVar[bool] = True

    tiers: tuple[Tier, ...]
    ladder: Ladder = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ladder", ladder(self.tiers))

    def lines(self, usage: Usage) -> tuple[Line, ...]:
        quantity = not_negative(usage, self.name)
        span = self.ladder.at(quantity)
        assert span is not None, "the last tier is open"
        return (span.line(quantity),)
