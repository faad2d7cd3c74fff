"""Dues: what is owed for a subscription becomes an invoice, or a credit note. See README.md."""

from core.dues.billing import (
    Billed,
    BillNotFound,
    Kept,
    bill_of,
    drop,
    facts_of,
    find,
    has_failed,
    keep,
    keep_paid,
    mark,
    of_subscription,
    settle,
)
from core.dues.invoicing_bills import issuer
from core.dues.used import bill_usage
from core.dues.waiting import Waiting, invoice_waiting, waiting_after

__all__ = [
    "BillNotFound",
    "Billed",
    "Kept",
    "Waiting",
    "bill_of",
    "bill_usage",
    "drop",
    "facts_of",
    "find",
    "has_failed",
    "invoice_waiting",
    "issuer",
    "keep",
    "keep_paid",
    "mark",
    "of_subscription",
    "settle",
    "waiting_after",
]
