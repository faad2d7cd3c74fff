"""Commitments: what a customer promised to use, and what more, or less, than that costs."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from core.pricing.checking import not_below, positive
from core.pricing.errors import CommitmentUnclear
from core.pricing.exact import ONE, minus, times
from core.pricing.line import Line, at_least, of_amount, sum_of, text


@dataclass(frozen=True, slots=True, kw_only=True)
class Commitment:
    """Of a quantity or of an amount. Usage up to it costs what it costs."""

    quantity: Decimal | None = None
    amount: Decimal | None = None
    overage_factor: Decimal = ONE
    """What lies beyond the commitment costs so many times its price."""
    true_up: bool = True
    """Whether what is missing is charged when the period, or the window, is over."""

    def __post_init__(self) -> None:
        if (self.quantity is None) == (self.amount is None):
            raise CommitmentUnclear("commitment")
        positive("commitment.quantity", self.quantity)
        positive("commitment.amount", self.amount)
        not_below("commitment.overage_factor", self.overage_factor)

    def lines(self, used: Sequence[Line], committed: Decimal, *, is_closed: bool) -> list[Line]:
        """Say what comes on top of what was used, given what the commitment itself comes to."""
        terms: list[Line] = []
        if self.true_up and is_closed:
            terms.append(at_least("commitment.true_up", committed, used))
        over = minus(sum_of(used), committed)
        if over > 0 and self.overage_factor != ONE:
            extra = times(over, minus(self.overage_factor, ONE))
            note = f"{text(over)} beyond the commitment, {text(self.overage_factor)} times"
            terms.append(of_amount("commitment.overage", note, extra))
        return terms
