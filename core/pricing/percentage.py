"""Percentage: a part of each transaction's amount, and a fixed part beside it.

The first transactions may be free, by their number, by their volume, or both, in which case
whichever ends first ends it. A transaction that the free volume covers only in part pays the
percentage on the rest, and its fixed part. Each may cost a minimum, and at most a maximum.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar, NamedTuple

from core.pricing.checking import not_below
from core.pricing.errors import QuantityNegative, TransactionsMissing
from core.pricing.exact import ZERO, minus, plus, scaled, times
from core.pricing.line import Line, for_free, of_amount, of_units, text
from core.pricing.usage import Usage, not_negative


class _Free(NamedTuple):
    """How much of one transaction is free, and whether it is so altogether."""

    amount: Decimal
    is_whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Percentage:
    name: ClassVar[str] = "percentage"
    counts_units: ClassVar[bool] = False

    percent: Decimal
    fixed: Decimal = ZERO
    """For each transaction that is not free."""
    free_events: int | None = None
    free_volume: Decimal | None = None
    minimum: Decimal | None = None
    """The least that a transaction costs that is not free."""
    maximum: Decimal | None = None

    def __post_init__(self) -> None:
        for field in ("percent", "fixed", "free_events", "free_volume", "minimum"):
            not_below(field, getattr(self, field))
        not_below("maximum", self.maximum, self.minimum or ZERO)

    def lines(self, usage: Usage) -> list[Line]:
        volume = not_negative(usage, self.name)
        if not self._has_free and self.minimum is None and self.maximum is None:
            return self._of(volume, usage.events)
        return self._of_each(_amounts(usage))

    @property
    def _has_free(self) -> bool:
        return self.free_events is not None or self.free_volume is not None

    def _of(self, volume: Decimal, count: int) -> list[Line]:
        note = f"{text(self.percent)} percent of the volume"
        lines = [of_units("percent", note, volume, scaled(self.percent, -2))]
        if self.fixed:
            lines.append(of_units("fixed", "for each transaction", Decimal(count), self.fixed))
        return lines

    def _of_each(self, amounts: tuple[Decimal, ...]) -> list[Line]:
        before, free, charged, count, raised, lowered = ZERO, ZERO, ZERO, 0, ZERO, ZERO
        for n, amount in enumerate(amounts):
            part = self._free(n, amount, before)
            before, free = plus(before, amount), plus(free, part.amount)
            if part.is_whole:
                continue
            rest = minus(amount, part.amount)
            charged, count = plus(charged, rest), count + 1
            fee = plus(times(rest, scaled(self.percent, -2)), self.fixed)
            if self.minimum is not None and fee < self.minimum:
                raised = plus(raised, minus(self.minimum, fee))
            elif self.maximum is not None and fee > self.maximum:
                lowered = plus(lowered, minus(self.maximum, fee))
        lines = [for_free("free", "the free part", free)] if free else []
        lines += self._of(charged, count)
        if raised:
            lines.append(of_amount("minimum", "raised to the least of a transaction", raised))
        if lowered:
            lines.append(of_amount("maximum", "lowered to the most of a transaction", lowered))
        return lines

    def _free(self, n: int, amount: Decimal, before: Decimal) -> _Free:
        if not self._has_free or (self.free_events is not None and n >= self.free_events):
            return _Free(ZERO, is_whole=False)
        if self.free_volume is None:
            return _Free(amount, is_whole=True)
        left = max(ZERO, minus(self.free_volume, before))
        return _Free(min(amount, left), is_whole=amount <= left)


def _amounts(usage: Usage) -> tuple[Decimal, ...]:
    if usage.amounts is None:
        if usage.events != 1:
            raise TransactionsMissing("amounts")
        return (usage.quantity,)
    for n, amount in enumerate(usage.amounts):
        if amount < 0:
            raise QuantityNegative(f"amounts.{n}", Percentage.name)
    return usage.amounts
