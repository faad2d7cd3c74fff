"""Commitments: what a customer promised to use, and what more, or less, than that costs."""

from dataclasses import dataclass
from decimal import Decimal

from core.pricing.checking import not_below, positive
from core.pricing.errors import CommitmentUnclear
from core.pricing.exact import ONE, ZERO, minus, times
from core.pricing.line import Line, of_amount, text


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

    def lines(self, used: Decimal, committed: Decimal, *, is_closed: bool) -> list[Line]:
        """Say what comes on top of the price of what was used, given that of the commitment."""
        over = minus(used, committed)
        if over > 0 and self.overage_factor != ONE:
            extra = times(over, minus(self.overage_factor, ONE))
            note = f"{text(over)} beyond the commitment, {text(self.overage_factor)} times"
            return [of_amount("commitment.overage", note, extra)]
        if over < 0 and self.true_up and is_closed:
            note = f"up to the commitment of {text(committed)}"
            return [of_amount("commitment.true_up", note, minus(ZERO, over))]
        return []
