"""Invoices as frozen values, and the table of what may become of them. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from core.bills.errors import InvoiceNotInState
from core.coupons import Discount
from core.kernel.money import Asset, Money
from core.kernel.period import Period


class State(StrEnum):
    DRAFT = "draft"
    """It can still be changed, has no number, and nothing of it is booked."""
    OPEN = "open"
    """It was issued, and something is due."""
    PAID = "paid"
    VOID = "void"
    """It was a mistake. If it had a number, it keeps it."""
    UNCOLLECTIBLE = "uncollectible"
    """Nobody expects it to be paid any more. It still may be."""


class Step(StrEnum):
    FINALIZE = "finalize"
    PAY = "pay"
    """Nothing is due any more, for whatever reason."""
    REOPEN = "reopen"
    """Something is due again: money went back."""
    VOID = "void"
    GIVE_UP = "give_up"


TRANSITIONS: Mapping[tuple[State, Step], State] = {
    (State.DRAFT, Step.FINALIZE): State.OPEN,
    (State.DRAFT, Step.VOID): State.VOID,
    (State.OPEN, Step.PAY): State.PAID,
    (State.OPEN, Step.VOID): State.VOID,
    (State.OPEN, Step.GIVE_UP): State.UNCOLLECTIBLE,
    (State.UNCOLLECTIBLE, Step.PAY): State.PAID,
    (State.UNCOLLECTIBLE, Step.VOID): State.VOID,
    (State.PAID, Step.REOPEN): State.OPEN,
}
"""Everything that may happen. What is not here is refused."""


def stepped(invoice_id: str, state: State, step: Step) -> State:
    """Return the state that follows, or raise InvoiceNotInState."""
    after = TRANSITIONS.get((state, step))
    if after is None:
        allowed = sorted(before for before, taken in TRANSITIONS if taken is step)
        raise InvoiceNotInState(invoice_id, str(state), str(step), ", ".join(allowed))
    return after


class LineKind(StrEnum):
    RECURRING = "recurring"
    USAGE = "usage"
    ONE_TIME = "one_time"
    PRORATION_CREDIT = "proration_credit"
    PRORATION_CHARGE = "proration_charge"
    ADJUSTMENT = "adjustment"
    """What came to light after its own invoice was issued."""
    PROGRESSIVE = "progressive"
    """What was billed before the period was over: below zero, where that is taken into account."""
    ROUNDING = "rounding"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What is billed, before discounts. Where prices contain taxes, the amount does too."""

    id: str
    kind: LineKind
    description: str
    amount: Money
    """Below zero where something is given back."""
    quantity: str | None = None
    unit_amount: str | None = None
    """What one costs: finer than the currency, if it must be."""
    period: Period | None = None
    product_key: str | None = None
    tax_category: str | None = None
    explanation: Mapping[str, Any] = field(default_factory=dict)
    """How it came about, so that it can be computed again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What an invoice came to and what became of that, in smallest units. None is below zero."""

    total: int = 0
    credited: int = 0
    """By credit notes."""
    applied: int = 0
    """Of the project's wallets."""
    paid: int = 0
    returned: int = 0
    """Of what was paid or applied, without a credit note."""
    given: int = 0
    """Into wallets, because a credit note took more than was due."""

    @property
    def due(self) -> int:
        """What is left to pay. Below zero it would be ours to give: credit notes give it."""
        owed = self.total - self.credited
        return owed - (self.applied + self.paid - self.returned - self.given)


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    project_id: str
    id: str
    reference: str
    """The one thing that it bills: no two invoices of a project have the same."""
    entity_key: str
    asset: Asset
    state: State
    version: int
    lines: Sequence[Line]
    discounts: Sequence[Discount] = ()
    memo: str | None = None
    subscription_id: str | None = None
    """Whose it is, where a subscription is billed."""
    figures: Figures = field(default_factory=Figures)
    number: str | None = None
    created_at: datetime
    finalized_at: datetime | None = None
    due_at: datetime | None = None
    paid_at: datetime | None = None
    voided_at: datetime | None = None
    given_up_at: datetime | None = None
