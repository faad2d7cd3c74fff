"""What is sent to the operations on payments, and what they answer."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from core.operations.fields import Identifier
from core.operations.operation import ProjectPageRequest, ProjectRequest, Result
from core.payments.records import PaymentRecord, Status

PaymentId = Annotated[str, Identifier("pay")]
StatusWord = Literal["expected", "pending", "failed", "succeeded", "underpaid", "canceled"]


class ListPayments(ProjectPageRequest):
    status: StatusWord | None = Field(
        None,
        description="Only those with this status. Without one, all that somebody tried to pay.",
    )


class GetPayment(ProjectRequest):
    payment_id: PaymentId


class PaymentFailure(Result):
    reason: str
    """In the words of the payment provider."""
    provider_code: str
    decline_code: str | None


class PaymentView(Result):
    id: str
    project_id: str
    purpose: Literal["pack", "top_up", "invoice"]
    source_id: str
    """The checkout, top-up or collection attempt that it is of."""
    invoice_id: str | None
    """What it pays. No credits are sold by an invoice."""
    status: StatusWord
    """underpaid: less came than was asked for. It is booked, and no credits were granted for it."""
    amount: str
    """What was asked for."""
    received: str
    refunded: str
    disputed: str
    currency: str
    credits: str
    bonus_credits: str
    asset: str
    wallet_id: str | None
    pack_id: str | None
    quantity: int
    failure: PaymentFailure | None
    """Why the last try failed. Another one may succeed."""
    transaction_id: str | None
    """What booked the money and granted the credits; see list_transactions."""
    bonus_transaction_id: str | None
    provider_payment_id: str | None
    """Its name at the payment provider, for support."""
    created_at: datetime
    succeeded_at: datetime | None


class PaymentList(Result):
    items: list[PaymentView]
    next_cursor: str | None


def payment_view(record: PaymentRecord) -> PaymentView:
    sale, failure = record.sale, record.failure
    return PaymentView(
        id=record.id,
        project_id=record.project_id,
        purpose=sale.purpose.value,
        source_id=sale.source_id,
        invoice_id=sale.invoice_id,
        status=record.status.value,
        amount=sale.price.decimal,
        received=record.received.decimal,
        refunded=record.refunded.decimal,
        disputed=record.disputed.decimal,
        currency=str(sale.price.asset),
        credits=sale.credits.decimal,
        bonus_credits=sale.bonus.decimal,
        asset=str(sale.credits.asset),
        wallet_id=sale.wallet_id,
        pack_id=sale.pack_id,
        quantity=sale.quantity,
        failure=PaymentFailure.model_validate(failure) if failure else None,
        transaction_id=record.transaction_id,
        bonus_transaction_id=record.bonus_transaction_id,
        provider_payment_id=record.external_id,
        created_at=record.created_at,
        succeeded_at=record.succeeded_at,
    )


TRIED = (Status.PENDING, Status.FAILED, Status.SUCCEEDED, Status.UNDERPAID, Status.CANCELED)
