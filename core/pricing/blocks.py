"""Block tiers: usage is bought in blocks, each tier with a block of its own size and price.

A block that is begun is charged whole. A tier may hold a number of blocks; what lies beyond the
last tier is charged at the last, so that every quantity has a price.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from core.pricing.checking import not_below, positive
from core.pricing.errors import TierOpenTooEarly, TiersMissing
from core.pricing.exact import minus, plus, times, wholes
from core.pricing.line import Line, of_units, text
from core.pricing.usage import Usage, not_negative


class BlockPolicy(StrEnum):
    ALL_TIERS = "all_tiers"
    """Fill one tier after the other."""
    TOP_TIER = "top_tier"
    """Charge everything in blocks of the tier that the quantity reaches."""


@dataclass(frozen=True, slots=True)
class BlockTier:
    size: Decimal
    price: Decimal
    """For one block."""
    max_blocks: int | None = None


@dataclass(frozen=True, slots=True)
class Blocks:
    name: ClassVar[str] = "blocks"
    counts_units: ClassVar[bool] = True

    tiers: tuple[BlockTier, ...]
    policy: BlockPolicy = BlockPolicy.ALL_TIERS

    def __post_init__(self) -> None:
        if not self.tiers:
            raise TiersMissing("tiers")
        for n, tier in enumerate(self.tiers):
            positive(f"tiers.{n}.size", tier.size)
            not_below(f"tiers.{n}.price", tier.price)
            positive(f"tiers.{n}.max_blocks", tier.max_blocks)
            if tier.max_blocks is None and n + 1 < len(self.tiers):
                raise TierOpenTooEarly(f"tiers.{n}.max_blocks")

    def lines(self, usage: Usage) -> list[Line]:
        quantity = not_negative(usage, self.name)
        if self.policy is BlockPolicy.TOP_TIER:
            return [self._top(quantity)]
        return self._all(quantity)

    def _all(self, quantity: Decimal) -> list[Line]:
        lines, rest = list[Line](), quantity
        while (room := self._room(len(lines))) is not None and rest > room:
            lines.append(self._line(len(lines), room))
            rest = minus(rest, room)
        return [*lines, self._line(len(lines), rest)]

    def _top(self, quantity: Decimal) -> Line:
        reached, end = 0, self._room(0)
        while end is not None and quantity > end:
            reached += 1
            room = self._room(reached)
            end = None if room is None else plus(end, room)
        return self._line(reached, quantity)

    def _room(self, n: int) -> Decimal | None:
        """How much fits into a tier; without end in the last."""
        tier = self.tiers[n]
        if tier.max_blocks is None or n + 1 == len(self.tiers):
            return None
        return times(tier.size, Decimal(tier.max_blocks))

    def _line(self, n: int, quantity: Decimal) -> Line:
        tier = self.tiers[n]
        note = f"blocks of {text(tier.size)}"
        return of_units(f"tiers.{n}", note, wholes(quantity, tier.size), tier.price)
