"""Bills: what an invoice says and comes to. See README.md."""

from core.bills.crediting import Credited, Issued, Wanted, by_rate, credit
from core.bills.earning import Earning, Moved, begun, changed, earned
from core.bills.errors import (
    CreditTooLarge,
    CreditWalletMissing,
    InvoiceBelowZero,
    InvoiceChanged,
    InvoiceCurrencyDiffers,
    InvoiceEmpty,
    InvoiceLineNotFound,
    InvoiceNotFound,
    InvoiceNotInState,
    InvoicePaidInPart,
    InvoiceReferenceTaken,
    LegalEntityNotFound,
    NothingToCredit,
    PaymentNotDue,
)
from core.bills.model import TRANSITIONS, Figures, Invoice, Line, LineKind, State, Step, stepped
from core.bills.parties import Address, BillingDetails, LegalEntity
from core.bills.totalling import LineTotal, Totals, paid_from, total
from core.bills.writing import rate, rate_of

__all__ = [
    "TRANSITIONS",
    "Address",
    "BillingDetails",
    "CreditTooLarge",
    "CreditWalletMissing",
    "Credited",
    "Earning",
    "Figures",
    "Invoice",
    "InvoiceBelowZero",
    "InvoiceChanged",
    "InvoiceCurrencyDiffers",
    "InvoiceEmpty",
    "InvoiceLineNotFound",
    "InvoiceNotFound",
    "InvoiceNotInState",
    "InvoicePaidInPart",
    "InvoiceReferenceTaken",
    "Issued",
    "LegalEntity",
    "LegalEntityNotFound",
    "Line",
    "LineKind",
    "LineTotal",
    "Moved",
    "NothingToCredit",
    "PaymentNotDue",
    "State",
    "Step",
    "Totals",
    "Wanted",
    "begun",
    "by_rate",
    "changed",
    "credit",
    "earned",
    "paid_from",
    "rate",
    "rate_of",
    "stepped",
    "total",
]
