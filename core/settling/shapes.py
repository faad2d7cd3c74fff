"""What is sent to the operations on refunds and disputes, and what they answer."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from core.kernel.money import Money
from core.operations.fields import Amount, Identifier
from core.operations.operation import (
    ProjectPageRequest,
    ProjectRequest,
    Result,
)
from core.payments import PaymentRecord, RefundReason
from core.settling.model import Dispute, Refund, Share

PaymentId = Annotated[str, Identifier("pay")]
RefundId = Annotated[str, Identifier("rfd")]
DisputeId = Annotated[str, Identifier("dsp")]
StateWord = Literal["asked", "pending", "succeeded", "failed", "canceled", "refused"]


class RefundPayment(ProjectRequest):
    payment_id: PaymentId
    amount: Amount | None = Field(
        None,
        description="How much, in the currency that was paid; leave out for all that is left.",
        examples=["2.50"],
    )
    reason: RefundReason | None = Field(None, description="Why; the payment provider is told.")


class RefundView(Result):
    id: str
    project_id: str
    payment_id: str
    state: StateWord
    """asked: the provider has not answered yet. pending: the money is on its way."""
    amount: str
    currency: str
    reason: str | None
    refusal: str | None
    """Why the provider gives nothing back, in its own words."""
    failure_reason: str | None
    credits_taken_back: str
    credits_lost: str
    """What the refunded money had bought and was spent: it could not be taken back."""
    asset: str
    transaction_id: str | None
    bonus_transaction_id: str | None
    provider_refund_id: str | None
    created_at: datetime
    closed_at: datetime | None


class _OfPayment(ProjectPageRequest):
    payment_id: PaymentId | None = Field(None, description="Only those of this payment.")


class ListRefunds(_OfPayment):
    pass


class ListDisputes(_OfPayment):
    pass


class GetRefund(ProjectRequest):
    refund_id: RefundId


class GetDispute(ProjectRequest):
    dispute_id: DisputeId


class RefundList(Result):
    items: list[RefundView]
    next_cursor: str | None


class DisputeView(Result):
    id: str
    project_id: str
    payment_id: str
    status: str
    """In the provider's words: needs_response, under_review, won, lost; warning_* only asks."""
    reason: str
    amount: str
    currency: str
    evidence_due_at: datetime | None
    """Answer at the provider before then, or it is lost."""
    frozen_credits: str
    credits_taken_back: str
    credits_lost: str
    asset: str
    hold_id: str | None
    transaction_id: str | None
    bonus_transaction_id: str | None
    provider_dispute_id: str
    created_at: datetime
    closed_at: datetime | None


class DisputeList(Result):
    items: list[DisputeView]
    next_cursor: str | None


def refund_view(refund: Refund, of: PaymentRecord) -> RefundView:
    taken, lost = _credits(refund.due, refund.taken, of)
    return RefundView(
        id=refund.id,
        project_id=refund.project_id,
        payment_id=refund.payment_id,
        state=refund.state.value,
        amount=refund.amount.decimal,
        currency=str(refund.amount.asset),
        reason=refund.reason,
        refusal=refund.refusal["reason"] if refund.refusal else None,
        failure_reason=refund.failure_reason,
        credits_taken_back=taken,
        credits_lost=lost,
        asset=str(of.sale.credits.asset),
        transaction_id=refund.transaction_id,
        bonus_transaction_id=refund.bonus_transaction_id,
        provider_refund_id=refund.external_id,
        created_at=refund.created_at,
        closed_at=refund.closed_at,
    )


def dispute_view(dispute: Dispute, of: PaymentRecord) -> DisputeView:
    taken, lost = _credits(dispute.due, dispute.taken, of)
    asset = of.sale.credits.asset
    return DisputeView(
        id=dispute.id,
        project_id=dispute.project_id,
        payment_id=dispute.payment_id,
        status=dispute.state,
        reason=dispute.reason,
        amount=dispute.amount.decimal,
        currency=str(dispute.amount.asset),
        evidence_due_at=dispute.evidence_due_at,
        frozen_credits=Money(dispute.frozen, asset).decimal,
        credits_taken_back=taken,
        credits_lost=lost,
        asset=str(asset),
        hold_id=dispute.hold_id,
        transaction_id=dispute.transaction_id,
        bonus_transaction_id=dispute.bonus_transaction_id,
        provider_dispute_id=dispute.external_id,
        created_at=dispute.created_at,
        closed_at=dispute.closed_at,
    )


def _credits(due: Share, taken: Share, of: PaymentRecord) -> tuple[str, str]:
    asset, got = of.sale.credits.asset, taken.credits + taken.bonus
    return Money(got, asset).decimal, Money(due.credits + due.bonus - got, asset).decimal
