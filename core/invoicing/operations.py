"""What a caller can do with invoices: operators draw up and issue, projects see what they owe."""

from typing import Any

from core import bills, coupons, projects, wallets
from core.bills import Line, LineKind, State, Wanted
from core.db import paging
from core.db.work import Work
from core.invoicing import changing, finalizing, finding, noting, settling, showing, voiding
from core.invoicing.shapes import (
    CreateCreditNote,
    CreateInvoice,
    CreditLineForm,
    CreditNoteResult,
    FinalizeInvoice,
    InvoiceList,
    InvoiceView,
    LineForm,
    ListInvoices,
    NamedInvoice,
    PayInvoice,
    UpdateInvoice,
    VoidInvoice,
)
from core.kernel.caller import PlatformRole, Role
from core.kernel.ids import is_id
from core.kernel.money import Asset
from core.kernel.period import Period
from core.ledger import AccountRole
from core.operations.errors import invalid
from core.operations.fields import money
from core.operations.operation import Effect, Example, operation
from core.operations.scopes import Toolset

ONE = {"invoice_id": "invc_01jd3x8k5vq2m7r9t4w6y0z1ab"}
SETUP = {"description": "Set-up", "amount": "250.00"}
CHANGED = (projects.ProjectNotFound, bills.InvoiceNotFound, bills.InvoiceChanged)


@operation(
    "POST /v1/projects/{project_id}/invoices",
    title="Create invoice",
    toolset=Toolset.PAYMENTS,
    effect=Effect.CREATE,
    platform=PlatformRole.OPERATOR,
    raises=(
        projects.ProjectNotFound,
        bills.LegalEntityNotFound,
        bills.InvoiceReferenceTaken,
    ),
    examples=(
        Example(
            title="A set-up fee",
            arguments={"reference": "setup:acme", "currency": "USD/2", "lines": [SETUP]},
        ),
    ),
)
async def create_invoice(work: Work, request: CreateInvoice) -> InvoiceView:
    """Draw up an invoice. Platform operators only. Nothing is owed until finalize_invoice.

    The answer says what it would come to, with discounts and taxes. The same reference and lines
    again are answered with the first.
    """
    asset = Asset.parse(request.currency)
    discounts = await _discounts(work, asset, request.reference) if request.use_discounts else []
    bill = changing.Bill(
        reference=request.reference,
        asset=asset,
        lines=_lines(request.lines, asset),
        discounts=discounts,
        entity_key=request.entity_key,
        memo=request.memo,
    )
    return await showing.view(work, await changing.draft(work, bill))


@operation(
    "PATCH /v1/projects/{project_id}/invoices/{invoice_id}",
    title="Update invoice",
    toolset=Toolset.PAYMENTS,
    effect=Effect.CHANGE,
    platform=PlatformRole.OPERATOR,
    raises=(*CHANGED, bills.InvoiceNotInState),
    examples=(Example(title="Other lines", arguments=ONE | {"lines": [SETUP]}),),
)
async def update_invoice(work: Work, request: UpdateInvoice) -> InvoiceView:
    """Give a draft other lines. Platform operators only. What was issued is never changed."""
    draft = await finding.find(work, request.invoice_id)
    lines = _lines(request.lines, draft.asset)
    other: dict[str, Any] = {}
    if "memo" in request.model_fields_set:
        other["memo"] = request.memo
    if request.use_discounts is not None:
        found = await _discounts(work, draft.asset, draft.reference)
        other["discounts"] = found if request.use_discounts else ()
    changed = await changing.revise(
        work, request.invoice_id, version=request.version, lines=lines, **other
    )
    return await showing.view(work, changed)


@operation(
    "GET /v1/projects/{project_id}/invoices",
    title="List invoices",
    toolset=Toolset.PAYMENTS,
    effect=Effect.READ,
    project=Role.VIEWER,
    platform=PlatformRole.AUDITOR,
    raises=(projects.ProjectNotFound, paging.InvalidCursor),
    examples=(Example(title="What is owed", arguments={"state": "open"}),),
)
async def list_invoices(work: Work, request: ListInvoices) -> InvoiceList:
    """List a project's invoices, newest first. Drafts are shown to platform staff only."""
    key = paging.after(request.cursor, parts=1)
    if key is not None and not is_id("invc", key[0]):
        raise paging.InvalidCursor
    found = await finding.list_before(
        work,
        key[0] if key else None,
        request.limit + 1,
        state=State(request.state) if request.state else None,
        drafts=work.caller.is_platform,
        subscription_id=request.subscription_id,
    )
    shown = paging.page(found, request.limit, lambda invoice: [invoice.id])
    return InvoiceList(items=[*map(showing.summary, shown.items)], next_cursor=shown.next_cursor)


@operation(
    "GET /v1/projects/{project_id}/invoices/{invoice_id}",
    title="Get invoice",
    toolset=Toolset.PAYMENTS,
    effect=Effect.READ,
    project=Role.VIEWER,
    platform=PlatformRole.AUDITOR,
    raises=(projects.ProjectNotFound, bills.InvoiceNotFound),
    examples=(Example(title="One invoice", arguments=ONE),),
)
async def get_invoice(work: Work, request: NamedInvoice) -> InvoiceView:
    """Look at one invoice: lines with how they came about, taxes, credit notes, what is due.

    A draft shows what it would come to now, to platform staff only.
    """
    invoice = await finding.find(work, request.invoice_id)
    if invoice.number is None and not work.caller.is_platform:
        raise bills.InvoiceNotFound(request.invoice_id)
    return await showing.view(work, invoice)


@operation(
    "POST /v1/projects/{project_id}/invoices/{invoice_id}/finalize",
    title="Finalize invoice",
    toolset=Toolset.PAYMENTS,
    effect=Effect.CHANGE,
    platform=PlatformRole.OPERATOR,
    raises=(
        *CHANGED,
        bills.InvoiceNotInState,
        bills.InvoiceEmpty,
        bills.InvoiceBelowZero,
        bills.InvoiceCurrencyDiffers,
        coupons.DiscountNotActive,
        wallets.WalletNotFound,
    ),
    examples=(Example(title="Issue it", arguments=ONE),),
)
async def finalize_invoice(work: Work, request: FinalizeInvoice) -> InvoiceView:
    """Issue a draft: it gets its number and is owed. Platform operators only; it is final.

    Wallets named in its currency pay what they can at once. A mistake is answered by void_invoice
    or create_credit_note.
    """
    issued = await finalizing.finalize(
        work, request.invoice_id, version=request.version, wallet_ids=request.wallet_ids
    )
    return await showing.view(work, issued)


@operation(
    "POST /v1/projects/{project_id}/invoices/{invoice_id}/void",
    title="Void invoice",
    toolset=Toolset.PAYMENTS,
    effect=Effect.DESTROY,
    platform=PlatformRole.OPERATOR,
    raises=(*CHANGED, bills.InvoiceNotInState, bills.InvoicePaidInPart),
    examples=(Example(title="A mistake", arguments=ONE | {"reason": "Billed twice"}),),
)
async def void_invoice(work: Work, request: VoidInvoice) -> InvoiceView:
    """Say that an invoice was a mistake: nothing is owed. Platform operators only.

    It keeps its number, and wallets get back what they paid. Where money came already, use
    create_credit_note.
    """
    gone = await voiding.void(
        work, request.invoice_id, version=request.version, reason=request.reason
    )
    return await showing.view(work, gone)


@operation(
    "POST /v1/projects/{project_id}/invoices/{invoice_id}/credit-notes",
    title="Create credit note",
    toolset=Toolset.PAYMENTS,
    effect=Effect.CREATE,
    platform=PlatformRole.OPERATOR,
    raises=(
        *CHANGED,
        bills.InvoiceNotInState,
        bills.NothingToCredit,
        bills.CreditTooLarge,
        bills.InvoiceLineNotFound,
        bills.CreditWalletMissing,
        bills.InvoiceCurrencyDiffers,
        wallets.WalletNotFound,
    ),
    examples=(
        Example(title="All of it", arguments=ONE | {"reason": "Goodwill"}),
        Example(title="The money too", arguments=ONE | {"reason": "Outage", "refund": True}),
    ),
)
async def create_credit_note(work: Work, request: CreateCreditNote) -> CreditNoteResult:
    """Take back an invoice, whole or in part of its lines, taxes with it. Platform operators only.

    It lowers what is due. What was paid already goes into wallet_id, which holds its currency; or
    with refund back to where it came from, as money, and only the rest into the wallet.
    """
    asset = (await finding.find(work, request.invoice_id)).asset
    wanted = None if request.lines is None else _wanted(request.lines, asset)
    note = noting.Note(
        reason=request.reason, wanted=wanted, wallet_id=request.wallet_id, refund=request.refund
    )
    made = await noting.credit_invoice(work, request.invoice_id, note, version=request.version)
    return CreditNoteResult(
        credit_note_id=made.note_id,
        number=made.number,
        invoice=await showing.view(work, made.invoice),
    )


@operation(
    "POST /v1/projects/{project_id}/invoices/{invoice_id}/payments",
    title="Pay invoice",
    toolset=Toolset.PAYMENTS,
    effect=Effect.CHANGE,
    platform=PlatformRole.OPERATOR,
    raises=(*CHANGED, bills.InvoiceNotInState, bills.PaymentNotDue),
    examples=(
        Example(
            title="A bank transfer came",
            arguments=ONE | {"amount": "250.00", "payment_reference": "bank 2026-11-20/17"},
        ),
    ),
)
async def pay_invoice(work: Work, request: PayInvoice) -> InvoiceView:
    """Book money that came for an invoice without the payment provider. Platform operators only.

    Once for each payment_reference: again, it changes nothing. No more than is due.
    """
    asset = (await finding.find(work, request.invoice_id)).asset
    received = settling.Received(
        amount=money(request.amount, asset),
        reference=f"bank:{request.payment_reference}",
        on=AccountRole.BANK,
    )
    paid = await settling.settle(work, request.invoice_id, received, version=request.version)
    return await showing.view(work, paid)


async def _discounts(work: Work, asset: Asset, reference: str) -> list[coupons.Discount]:
    """Return what is taken off the project's next bill in this currency, or off this one."""
    return await coupons.active(work, work.project_id, currency=asset, reference=reference)


def _lines(forms: list[LineForm], asset: Asset) -> list[Line]:
    return [_line(n, each, asset) for n, each in enumerate(forms)]


def _line(place: int, form: LineForm, asset: Asset) -> Line:
    if (form.start_at is None) != (form.end_at is None):
        missing = "start_at" if form.start_at is None else "end_at"
        raise invalid(f"lines.{place}.{missing}", "is required: a period has both ends")
    period = None
    if form.start_at and form.end_at:
        if form.start_at >= form.end_at:
            raise invalid(f"lines.{place}.end_at", "must be after start_at")
        period = Period(form.start_at, form.end_at)
    return Line(
        id="",
        kind=LineKind(form.kind),
        description=form.description,
        amount=money(form.amount, asset, f"lines.{place}.amount"),
        quantity=form.quantity,
        unit_amount=form.unit_amount,
        period=period,
        product_key=form.product_key,
        tax_category=form.tax_category,
    )


def _wanted(forms: list[CreditLineForm], asset: Asset) -> list[Wanted]:
    wanted: list[Wanted] = []
    for n, each in enumerate(forms):
        if any(each.line_id == other.line_id for other in wanted):
            raise invalid(f"lines.{n}.line_id", "is named twice")
        net = money(each.amount, asset, f"lines.{n}.amount").amount if each.amount else None
        wanted.append(Wanted(each.line_id, net))
    return wanted


OPERATIONS = (
    create_invoice,
    update_invoice,
    list_invoices,
    get_invoice,
    finalize_invoice,
    void_invoice,
    create_credit_note,
    pay_invoice,
)
