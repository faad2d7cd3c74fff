"""Invoicing: what is owed, how it came about, and what became of it. See README.md."""

from core.bills import (
    TRANSITIONS,
    Address,
    BillingDetails,
    Figures,
    Invoice,
    InvoiceBelowZero,
    InvoiceEmpty,
    InvoiceNotFound,
    InvoiceNotInState,
    InvoiceReferenceTaken,
    LegalEntity,
    Line,
    LineKind,
    PaymentNotDue,
    State,
    Step,
    Wanted,
)
from core.invoicing.changing import Bill, draft, revise
from core.invoicing.finalizing import Taxes, finalize, issue, totals_of
from core.invoicing.finding import by_reference, find, find_document, issued
from core.invoicing.finding import lines as document_lines
from core.invoicing.noting import Note, Noted, credit_invoice
from core.invoicing.recognizing import FALLS_DUE, SCHEDULES, recognize_revenue
from core.invoicing.returning import take_back
from core.invoicing.settling import Received, Settled, settle, settlements, stands_for
from core.invoicing.voiding import give_up, void

__all__ = [
    "FALLS_DUE",
    "SCHEDULES",
    "TRANSITIONS",
    "Address",
    "Bill",
    "BillingDetails",
    "Figures",
    "Invoice",
    "InvoiceBelowZero",
    "InvoiceEmpty",
    "InvoiceNotFound",
    "InvoiceNotInState",
    "InvoiceReferenceTaken",
    "LegalEntity",
    "Line",
    "LineKind",
    "Note",
    "Noted",
    "PaymentNotDue",
    "Received",
    "Settled",
    "State",
    "Step",
    "Taxes",
    "Wanted",
    "by_reference",
    "credit_invoice",
    "document_lines",
    "draft",
    "finalize",
    "find",
    "find_document",
    "give_up",
    "issue",
    "issued",
    "recognize_revenue",
    "revise",
    "settle",
    "settlements",
    "stands_for",
    "take_back",
    "totals_of",
    "void",
]
