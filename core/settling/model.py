"""Refunds and disputes as frozen values, and what is to be taken back for them. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from core.kernel.ids import compose, derived, number_of
from core.kernel.money import Money
from core.kernel.rounding import shares
from core.payments import DisputeState, PaymentRecord, Status
from core.payments import RefundState as Seen

_RANDOM_BITS = 80


def named_after(prefix: str, created_at: datetime, *names: str) -> str:
    """Name what somebody else made: by their name for it, and as old as it is there."""
    bits = number_of(derived(prefix, *names)) % (1 << _RANDOM_BITS)
    return compose(prefix, int(created_at.timestamp() * 1000) << _RANDOM_BITS | bits)


class RefundState(StrEnum):
    ASKED = "asked"
    """Written down; the provider has not answered yet."""
    PENDING = "pending"
    """The money has left us and has not arrived yet."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    """The bank sent the money back to us; what was taken for it is given back."""
    CANCELED = "canceled"
    REFUSED = "refused"
    """The provider gives nothing back, and says why."""

    @property
    def is_live(self) -> bool:
        """Whether it takes away from what can still be refunded."""
        return self in {RefundState.ASKED, RefundState.PENDING, RefundState.SUCCEEDED}

    @property
    def is_booked(self) -> bool:
        return self in {RefundState.PENDING, RefundState.SUCCEEDED}


_FOLLOWS = {
    Seen.PENDING: RefundState.PENDING,
    Seen.NEEDS_ACTION: RefundState.PENDING,
    Seen.SUCCEEDED: RefundState.SUCCEEDED,
    Seen.FAILED: RefundState.FAILED,
    Seen.CANCELED: RefundState.CANCELED,
}
_RANK = {
    # What we thought refused and the provider has after all, it has.
    RefundState.REFUSED: 0,
    RefundState.ASKED: 0,
    RefundState.PENDING: 1,
    RefundState.SUCCEEDED: 2,
    RefundState.FAILED: 3,
    RefundState.CANCELED: 3,
}


def refund_state_after(now: RefundState, seen: str) -> RefundState:
    """Return the state that follows from what the provider says. Nothing goes back a step."""
    told = _FOLLOWS.get(Seen(seen)) if seen in set(Seen) else None
    return told if told is not None and _RANK[told] > _RANK[now] else now


FINAL = frozenset(
    {DisputeState.WON, DisputeState.LOST, DisputeState.WARNING_CLOSED, DisputeState.PREVENTED}
)


def dispute_state_after(now: str, seen: str) -> str:
    """Return the state that follows: what was decided stays decided."""
    return now if now in FINAL else seen


def is_inquiry(state: str) -> bool:
    """Tell whether the bank only asks: no money has moved, and nothing is frozen."""
    return state.startswith("warning_")


def is_open(state: str) -> bool:
    """Tell whether money is in dispute, so that credits are frozen."""
    return state not in FINAL and not is_inquiry(state)


@dataclass(frozen=True, slots=True)
class Share:
    """Credits that go with a part of a payment: of those that were sold, and of the bonus."""

    credits: int = 0
    bonus: int = 0

    def __add__(self, other: "Share") -> "Share":
        return Share(self.credits + other.credits, self.bonus + other.bonus)


def due_for(record: PaymentRecord, returned: int, taken: Share) -> Share:
    """Say what is due when, all in all, `returned` of the payment has gone back.

    In proportion, sold and bonus credits alike, split by largest remainder. It is the whole that is
    rounded and what was due before that is taken off, so that the parts of a payment which goes
    back in pieces sum to exactly what it bought.
    """
    received, sale = record.received.amount, record.sale
    bought = sale.credits.amount + sale.bonus.amount
    if not received or not bought or record.status is Status.UNDERPAID:
        return Share()
    total = bought * min(returned, received) // received
    sold, _ = shares(total, (sale.credits.amount, sale.bonus.amount))
    more = max(0, total - taken.credits - taken.bonus)
    credits_ = min(max(0, sold - taken.credits), more)
    return Share(credits_, more - credits_)


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack:
    """What was due for something that went back, and what of that was still there."""

    due: Share
    taken: Share
    transaction_id: str | None
    bonus_transaction_id: str | None

    def lost(self, of: PaymentRecord) -> Money:
        missing = self.due.credits + self.due.bonus - self.taken.credits - self.taken.bonus
        return Money(missing, of.sale.credits.asset)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    project_id: str
    id: str
    payment_id: str
    amount: Money
    reason: str | None
    state: RefundState
    refusal: dict[str, Any] | None
    failure_reason: str | None
    external_id: str | None
    due: Share
    taken: Share
    transaction_id: str | None
    bonus_transaction_id: str | None
    reversed_at: datetime | None
    created_by: str
    invocation_id: str | None
    created_at: datetime
    seen_at: datetime | None
    booked_at: datetime | None
    closed_at: datetime | None

    @property
    def reference(self) -> str:
        """Name the refund in the ledger, for ever."""
        return f"refund:{self.id}"

    @property
    def counts(self) -> bool:
        """Whether its booking stands."""
        return self.booked_at is not None and self.reversed_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    project_id: str
    id: str
    payment_id: str
    external_id: str
    amount: Money
    state: str
    reason: str
    evidence_due_at: datetime | None
    hold_id: str | None
    frozen: int
    due: Share
    taken: Share
    transaction_id: str | None
    bonus_transaction_id: str | None
    written_off: int
    created_at: datetime
    seen_at: datetime
    closed_at: datetime | None

    @property
    def reference(self) -> str:
        return f"dispute:{self.id}"

    @property
    def is_lost(self) -> bool:
        return self.state == DisputeState.LOST
