"""What is sent to the operations on invoices, and what they answer."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from core.operations.fields import (
    Amount,
    AssetCode,
    Code,
    Identifier,
    Line,
    Memo,
    SignedAmount,
    WalletId,
    When,
)
from core.operations.operation import ProjectPageRequest, ProjectRequest, Request, Result

LINES_MAX = 500
WALLETS_MAX = 20

InvoiceId = Annotated[str, Identifier("invc")]
LineId = Annotated[str, Identifier("lin")]
StateWord = Literal["draft", "open", "paid", "void", "uncollectible"]
LineWord = Literal[
    "recurring",
    "usage",
    "one_time",
    "proration_credit",
    "proration_charge",
    "adjustment",
    "progressive",
    "rounding",
]
ByHand = Literal["recurring", "usage", "one_time", "adjustment"]
Figure = Annotated[str, Line(33, r"^-?[0-9]{1,19}(\.[0-9]{1,12})?$")]
Reference = Annotated[str, Line(120)]
Version = Annotated[int, Field(ge=1, le=1_000_000_000)]

EXPECTED = "Refused if the invoice has another version now."


class LineForm(Request):
    description: Annotated[str, Line(200)]
    amount: SignedAmount = Field(description="Before discounts; below zero gives back.")
    kind: ByHand = "one_time"
    quantity: Figure | None = None
    unit_amount: Figure | None = None
    start_at: When | None = Field(None, description="What is paid in advance is earned from here")
    end_at: When | None = Field(None, description="to here.")
    product_key: Code | None = None
    tax_category: Code | None = None


Lines = Annotated[list[LineForm], Field(min_length=1, max_length=LINES_MAX)]


class CreateInvoice(ProjectRequest):
    reference: Reference = Field(description="What it bills. Sent again: the same invoice.")
    currency: AssetCode
    lines: Lines
    memo: Memo | None = None
    entity_key: Code = "default"
    use_discounts: bool = Field(default=False, description="Take off what was redeemed.")


class NamedInvoice(ProjectRequest):
    invoice_id: InvoiceId


class UpdateInvoice(NamedInvoice):
    lines: Lines = Field(description="All of them, instead of those before.")
    memo: Memo | None = Field(None, description="Left out: as it was.")
    use_discounts: bool | None = Field(None, description="Left out: as they were.")
    version: Version | None = Field(None, description=EXPECTED)


class ListInvoices(ProjectPageRequest):
    state: StateWord | None = None
    subscription_id: Annotated[str, Identifier("sub")] | None = Field(
        None, description="Only of this subscription."
    )


class FinalizeInvoice(NamedInvoice):
    wallet_ids: list[WalletId] = Field(
        default_factory=list, max_length=WALLETS_MAX, description="These pay first, in order."
    )
    version: Version | None = Field(None, description=EXPECTED)


class VoidInvoice(NamedInvoice):
    reason: Memo | None = None
    version: Version | None = Field(None, description=EXPECTED)


class CreditLineForm(Request):
    line_id: LineId
    amount: SignedAmount | None = Field(None, description="Without taxes; left out: all of it.")


class CreateCreditNote(NamedInvoice):
    reason: Memo
    lines: list[CreditLineForm] | None = Field(
        None, min_length=1, max_length=LINES_MAX, description="Left out: all that is left."
    )
    wallet_id: WalletId | None = Field(None, description="Where what was paid already goes.")
    refund: bool = Field(default=False, description="Give back as money what was paid by card.")
    version: Version | None = Field(None, description=EXPECTED)


class PayInvoice(NamedInvoice):
    amount: Amount = Field(description="In the invoice's currency, and no more than is due.")
    payment_reference: Reference = Field(description="The bank's name for it. Booked once.")
    version: Version | None = Field(None, description=EXPECTED)


# -- Answers ---------------------------------------------------------------------------------------


class TaxAmount(Result):
    name: str
    percent: str
    amount: str


class LineView(Result):
    line_id: str
    kind: LineWord
    description: str
    quantity: str | None
    unit_amount: str | None
    start_at: datetime | None
    end_at: datetime | None
    amount: str
    discount: str
    net: str
    tax: str
    explanation: dict[str, Any]
    """How it came about: the price, the usage, the window."""


class InvoiceSummary(Result):
    id: str
    project_id: str
    number: str | None
    """Null of a draft."""
    reference: str
    subscription_id: str | None
    """Whose it is, where a subscription is billed."""
    state: StateWord
    version: int
    currency: str
    total: str | None
    """Null of a draft in a list: get_invoice says what it would come to."""
    amount_due: str | None
    created_at: datetime
    finalized_at: datetime | None
    due_at: datetime | None
    paid_at: datetime | None
    voided_at: datetime | None


class InvoiceList(Result):
    items: list[InvoiceSummary]
    next_cursor: str | None


class CreditNoteView(Result):
    id: str
    number: str
    reason: str | None
    net: str
    tax: str
    total: str
    issued_at: datetime


class PartyView(Result):
    name: str | None
    vat_id: str | None
    address: dict[str, Any]


class InvoiceView(InvoiceSummary):
    memo: str | None
    lines: list[LineView]
    subtotal: str
    """Before discounts."""
    discount: str
    net: str
    tax: str
    taxes: list[TaxAmount]
    tax_treatment: Literal["taxed", "reverse_charge", "not_taxed", "exempt"]
    tax_note: str | None
    credited: str
    credits_applied: str
    """Paid by wallets."""
    paid: str
    given: str
    """Put into wallets by credit notes."""
    seller: PartyView
    buyer: PartyView
    credit_notes: list[CreditNoteView]


class CreditNoteResult(Result):
    credit_note_id: str
    number: str
    invoice: InvoiceView
