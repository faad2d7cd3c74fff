"""Why an invoice is not made, issued, voided, credited or paid."""

from dataclasses import dataclass

from core.kernel.errors import EngineError, Kind


@dataclass(eq=False)
class InvoiceNotFound(EngineError):
    """There is no invoice {invoice_id}. Call list_invoices to see which there are."""

    code = "invoice_not_found"
    kind = Kind.NOT_FOUND
    invoice_id: str


@dataclass(eq=False)
class InvoiceNotInState(EngineError):
    """The invoice {invoice_id} is {state}. To {step} one, it must be one of: {allowed}."""

    code = "invoice_not_in_state"
    kind = Kind.CONFLICT
    invoice_id: str
    state: str
    step: str
    allowed: str


@dataclass(eq=False)
class InvoiceChanged(EngineError):
    """The invoice {invoice_id} has version {version} now. Read it again, and decide anew."""

    code = "invoice_changed"
    kind = Kind.CONFLICT
    invoice_id: str
    version: int


@dataclass(eq=False)
class InvoiceReferenceTaken(EngineError):
    """The invoice {invoice_id} bills {reference} already, in other words."""

    code = "invoice_reference_taken"
    kind = Kind.CONFLICT
    reference: str
    invoice_id: str


@dataclass(eq=False)
class InvoiceEmpty(EngineError):
    """The invoice {invoice_id} has no lines, and so there is nothing to issue."""

    code = "invoice_empty"
    kind = Kind.REFUSED
    invoice_id: str


@dataclass(eq=False)
class InvoiceBelowZero(EngineError):
    """{invoice_id} would come to {total} {asset}. What is owed to a customer is a credit note."""

    code = "invoice_below_zero"
    kind = Kind.REFUSED
    invoice_id: str
    total: str
    asset: str


@dataclass(eq=False)
class InvoicePaidInPart(EngineError):
    """{paid} {asset} were paid for {invoice_id}, so it cannot be void. Make a credit note."""

    code = "invoice_paid_in_part"
    kind = Kind.REFUSED
    invoice_id: str
    paid: str
    asset: str


@dataclass(eq=False)
class PaymentNotDue(EngineError):
    """{amount} {asset} is more than the {due} that is due for {invoice_id}."""

    code = "payment_not_due"
    kind = Kind.REFUSED
    invoice_id: str
    amount: str
    due: str
    asset: str


@dataclass(eq=False)
class InvoiceCurrencyDiffers(EngineError):
    """{field} is in {asset}, and the invoice in {expected}. Nothing is converted silently."""

    code = "invoice_currency_differs"
    kind = Kind.INVALID
    field: str
    asset: str
    expected: str


@dataclass(eq=False)
class InvoiceLineNotFound(EngineError):
    """{field}: the invoice has no line {line_id}. See its lines with get_invoice."""

    code = "invoice_line_not_found"
    kind = Kind.NOT_FOUND
    field: str
    line_id: str


@dataclass(eq=False)
class CreditTooLarge(EngineError):
    """{field} asks for {amount} of a line of which {left} can still be credited, before taxes."""

    code = "credit_too_large"
    kind = Kind.REFUSED
    field: str
    amount: str
    left: str


@dataclass(eq=False)
class NothingToCredit(EngineError):
    """Everything of the invoice {invoice_id} was credited before."""

    code = "nothing_to_credit"
    kind = Kind.REFUSED
    invoice_id: str


@dataclass(eq=False)
class CreditWalletMissing(EngineError):
    """{amount} {asset} of this credit were paid already. Say into which wallet they go back."""

    code = "credit_wallet_missing"
    kind = Kind.REFUSED
    amount: str
    asset: str


@dataclass(eq=False)
class LegalEntityNotFound(EngineError):
    """There is no legal entity {entity_key} that invoices are issued by. Set it up first."""

    code = "legal_entity_not_found"
    kind = Kind.NOT_FOUND
    entity_key: str
