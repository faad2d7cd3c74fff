"""Why a payment is not given back, and what is not found here."""

from dataclasses import dataclass

from core.kernel.errors import EngineError, Kind
from core.kernel.money import Money


@dataclass(eq=False)
class PaymentNotRefundable(EngineError):
    """{payment_id} is {payment_status}: only a payment that has succeeded can be refunded."""

    code = "payment_not_refundable"
    kind = Kind.CONFLICT
    payment_id: str
    payment_status: str


@dataclass(eq=False)
class RefundTooLarge(EngineError):
    """{amount} is more than what is left of {payment_id} to refund, {refundable}."""

    code = "refund_too_large"
    kind = Kind.REFUSED
    payment_id: str
    amount: Money
    refundable: Money
    """What was paid, less what went back and what is about to."""


@dataclass(eq=False)
class AlreadyRefunded(EngineError):
    """All of {payment_id} was refunded already, or is about to be. See list_refunds."""

    code = "already_refunded"
    kind = Kind.CONFLICT
    payment_id: str


@dataclass(eq=False)
class PaymentDisputed(EngineError):
    """The bank decides about {payment_id} now, or has: see dispute {dispute_id}.

    What is disputed cannot be refunded as well; the customer would get it twice.
    """

    code = "payment_disputed"
    kind = Kind.CONFLICT
    payment_id: str
    dispute_id: str


@dataclass(eq=False)
class RefundAnswered(EngineError):
    """{refund_id} is {refund_state}: only what the provider has not answered yet is asked again.

    What was refused, has failed or was canceled can be refunded anew with refund_payment.
    """

    code = "refund_answered"
    kind = Kind.CONFLICT
    refund_id: str
    refund_state: str


@dataclass(eq=False)
class RefundNotFound(EngineError):
    """There is no refund {refund_id} in this project."""

    code = "refund_not_found"
    kind = Kind.NOT_FOUND
    refund_id: str


@dataclass(eq=False)
class DisputeNotFound(EngineError):
    """There is no dispute {dispute_id} in this project."""

    code = "dispute_not_found"
    kind = Kind.NOT_FOUND
    dispute_id: str
