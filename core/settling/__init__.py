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
from core.settling.model import Dispute, Refund, RefundState, named_after, refund_state_after
from core.settling.moving import Cause, amounts_of, book_movement, movements_in
from core.settling.proof import prove
from core.settling.refunding import begin as begin_refund
from core.settling.refunding import refund_payment
from core.settling.standing import Standing
from core.settling.standing import lock as lock_payment

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
    "Standing",
    "amounts_of",
    "apply",
    "begin_refund",
    "book_movement",
    "dispute_called",
    "disputes_made_in",
    "find_dispute",
    "find_refund",
    "follow_payout",
    "list_parts",
    "lock_payment",
    "look_at_dispute",
    "look_at_payment",
    "look_at_refund",
    "movements_in",
    "named_after",
    "named_in",
    "prove",
    "refund_called",
    "refund_payment",
    "refund_state_after",
    "refunds_made_in",
]
