"""Settling: what goes back of payments, and what the processor keeps. See README.md."""

from core.settling.finding import find_dispute, find_refund
from core.settling.hearing import HANDLERS
from core.settling.model import Dispute, Refund, RefundState
from core.settling.refunding import refund_payment

JOBS = (refund_payment,)

__all__ = [
    "HANDLERS",
    "JOBS",
    "Dispute",
    "Refund",
    "RefundState",
    "find_dispute",
    "find_refund",
    "refund_payment",
]
