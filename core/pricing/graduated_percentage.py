"""Graduated percentage: each part of a volume at the percentage of the tier it falls into."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import ClassVar

from core.pricing.exact import scaled
from core.pricing.line import Line
from core.pricing.tiers import Ladder, Tier, ladder
from core.pricing.usage import Usage, not_negative


@dataclass(frozen=True, slots=True)
class PercentTier:
    """A percentage (1.5 takes 1.5 of every hundred), a flat amount, or both."""

    up_to: Decimal | None = None
    percent: Decimal | None = None
    flat: Decimal | None = None

    @property
    def fraction(self) -> Decimal | None:
        return None if self.percent is None else scaled(self.percent, -2)


@dataclass(frozen=True, slots=True)
class GraduatedPercentage:
    name: ClassVar[str] = "graduated_percentage"
    counts_units: ClassVar[bool] = False

    tiers: tuple[PercentTier, ...]
    ladder: Ladder = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        fractions = [Tier(tier.up_to, tier.fraction, tier.flat) for tier in self.tiers]
        object.__setattr__(self, "ladder", ladder(fractions, unit="percent"))

    def lines(self, usage: Usage) -> list[Line]:
        return self.ladder.climb(not_negative(usage, self.name))
