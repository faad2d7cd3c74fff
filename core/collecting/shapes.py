"""What is sent to the operations on collection, and what they answer."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from core.collecting.model import Attempt
from core.operations.fields import Identifier, Line
from core.operations.operation import ProjectPageRequest, ProjectRequest, Result

InvoiceId = Annotated[str, Identifier("invc")]
MethodId = Annotated[str, Identifier("pmt")]
ReturnUrl = Annotated[str, Line(1000, r"^https?://")]
StateWord = Literal["paying", "processing", "needs_action", "succeeded", "failed", "canceled"]


class CollectInvoice(ProjectRequest):
    invoice_id: InvoiceId
    method_id: MethodId | None = Field(
        None, description="Which kept payment method; left out: the default, or the latest."
    )


class CreateInvoiceCheckout(ProjectRequest):
    invoice_id: InvoiceId
    success_url: ReturnUrl | None = Field(
        None, description="Where people come back to; left out: our own page."
    )
    cancel_url: ReturnUrl | None = Field(None, description="Where those come who do not pay.")
    keep_payment_method: bool = Field(
        default=False, description="Keep it for later invoices. Only admins and owners may."
    )


class ListCollectionAttempts(ProjectPageRequest):
    invoice_id: InvoiceId | None = Field(None, description="Only those of this invoice.")
    state: StateWord | None = Field(None, description="Only those in this state.")


class CollectionFailure(Result):
    reason: str
    """In the words of the payment provider."""
    provider_code: str
    decline_code: str | None


class CollectionAttempt(Result):
    id: str
    project_id: str
    invoice_id: str
    turn: int
    """The first attempt of an invoice is 1."""
    state: StateWord
    """needs_action: a person must pay by the checkout's url; see get_checkout."""
    amount: str
    currency: str
    payment_id: str
    """The payment that comes of it; see get_payment."""
    checkout_id: str | None
    method_id: str | None
    failure: CollectionFailure | None
    began_at: datetime
    closed_at: datetime | None


class CollectionAttemptList(Result):
    items: list[CollectionAttempt]
    next_cursor: str | None


def attempt_view(attempt: Attempt) -> CollectionAttempt:
    return CollectionAttempt(
        id=attempt.id,
        project_id=attempt.project_id,
        invoice_id=attempt.invoice_id,
        turn=attempt.turn,
        state=attempt.state.value,
        amount=attempt.amount.decimal,
        currency=str(attempt.amount.asset),
        payment_id=attempt.paid_by,
        checkout_id=attempt.checkout_id,
        method_id=attempt.method_id,
        failure=CollectionFailure.model_validate(attempt.failure) if attempt.failure else None,
        began_at=attempt.began_at,
        closed_at=attempt.closed_at,
    )
