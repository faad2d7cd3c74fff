"""A price: a model, and the terms around it.

Terms apply in this order: free units come off the quantity, the model prices the rest, the
commitment adds overage or true-up, and the least and the most that is paid bound the sum.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from core.pricing.checking import not_below
from core.pricing.commitment import Commitment
from core.pricing.errors import TermNotForModel, WindowsMissing
from core.pricing.exact import ZERO, minus
from core.pricing.line import Line, at_least, at_most, beyond, for_free, sum_of, under
from core.pricing.model import Model
from core.pricing.usage import Usage, not_negative


class Per(StrEnum):
    """What commitment and bounds hold for."""

    PERIOD = "period"
    WINDOW = "window"


@dataclass(frozen=True, slots=True)
class Price:
    model: Model
    free_units: Decimal = ZERO
    commitment: Commitment | None = None
    minimum_spend: Decimal | None = None
    """The least that is paid; what is missing is charged when the period, or window, is over."""
    maximum_spend: Decimal | None = None
    per: Per = Per.PERIOD
    """Tiers and free units go on through the windows of a period; the other terms begin anew."""

    def __post_init__(self) -> None:
        not_below("free_units", self.free_units)
        if self.free_units and not self.model.counts_units:
            raise TermNotForModel("free_units", self.model.name)
        if self.commitment and self.commitment.quantity and not self.model.counts_units:
            raise TermNotForModel("commitment.quantity", self.model.name)
        not_below("minimum_spend", self.minimum_spend)
        not_below("maximum_spend", self.maximum_spend, self.minimum_spend or ZERO)

    def lines(self, usage: Usage) -> Sequence[Line]:
        """Return what the usage comes to, exact, part by part."""
        if self.per is Per.WINDOW:
            return self._by_window(usage)
        lines = self._plain(usage)
        if self.commitment or self.minimum_spend is not None or self.maximum_spend is not None:
            return self._with_terms(lines, None, is_closed=usage.is_closed)
        return lines

    def _plain(self, usage: Usage) -> Sequence[Line]:
        if not self.free_units:
            return self.model.lines(usage)
        quantity = not_negative(usage, self.model.name)
        free = min(quantity, self.free_units)
        rest = usage._replace(quantity=minus(quantity, free))
        return [for_free("free_units", "free units", free), *self.model.lines(rest)]

    def _by_window(self, usage: Usage) -> list[Line]:
        if usage.windows is None:
            raise WindowsMissing("windows")
        result: list[Line] = []
        before: Usage | None = None
        for n, window in enumerate(usage.windows):
            after = before.more(window) if before else window
            own = beyond(self._plain(before) if before else (), self._plain(after))
            # Only the last window may still go on; whatever comes before another one is over.
            is_closed = usage.is_closed or n + 1 < len(usage.windows)
            result += under(f"windows.{n}", self._with_terms(own, before, is_closed=is_closed))
            before = after
        return result

    def _with_terms(
        self, lines: Sequence[Line], before: Usage | None, *, is_closed: bool
    ) -> list[Line]:
        result = [*lines]
        if self.commitment:
            committed = self._committed(self.commitment, before)
            result += self.commitment.lines(lines, committed, is_closed=is_closed)
        if self.minimum_spend is not None and is_closed:
            result.append(at_least("minimum_spend", self.minimum_spend, result))
        if self.maximum_spend is not None:
            result.append(at_most("maximum_spend", self.maximum_spend, result))
        return result

    def _committed(self, commitment: Commitment, before: Usage | None) -> Decimal:
        """Price the commitment, as if it had been used in full from here on."""
        if commitment.quantity is None:
            return commitment.amount or ZERO
        promised = Usage(commitment.quantity)
        if before is None:
            return sum_of(self._plain(promised))
        return minus(sum_of(self._plain(before.more(promised))), sum_of(self._plain(before)))
