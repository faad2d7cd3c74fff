"""Settling: what goes back of payments, and what the processor keeps. See README.md."""

from core.settling.errors import (
    AlreadyRefunded,
    DisputeNotFound,
    PaymentDisputed,
    PaymentNotRefundable,
    RefundNotFound,
    RefundTooLarge,
)
from core.settling.finding import (
    dispute_called,
    disputes_made_in,
    find_dispute,
    find_refund,
    refund_called,
    refunds_made_in,
)
from core.settling.following import (
    Begin,
    Looked,
    apply,
    look_at_dispute,
    look_at_payment,
    look_at_refund,
    named_in,
)
from core.settling.handing_over import FAILED, follow_payout, list_parts
from core.settling.hearing import HANDLERS
from core.settling.model import Dispute, Refund, RefundState, refund_state_after
from core.settling.moving import Cause, amounts_of, book_movement, movements_in
from core.settling.proof import prove
from core.settling.refunding import refund_payment

JOBS = (refund_payment,)

__all__ = [
    "FAILED",
    "HANDLERS",
    "JOBS",
    "AlreadyRefunded",
    "Begin",
    "Cause",
    "Dispute",
    "DisputeNotFound",
    "Looked",
    "PaymentDisputed",
    "PaymentNotRefundable",
    "Refund",
    "RefundNotFound",
    "RefundState",
    "RefundTooLarge",
    "amounts_of",
    "apply",
    "book_movement",
    "dispute_called",
    "disputes_made_in",
    "find_dispute",
    "find_refund",
    "follow_payout",
    "list_parts",
    "look_at_dispute",
    "look_at_payment",
    "look_at_refund",
    "movements_in",
    "named_in",
    "prove",
    "refund_called",
    "refund_payment",
    "refund_state_after",
    "refunds_made_in",
]
