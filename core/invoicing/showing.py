"""Show invoices: a draft as it would be issued now, and what was issued as it was."""

from collections.abc import Sequence
from typing import Any

from core import parties
from core.bills import Invoice, State, Totals, writing
from core.db.work import Work
from core.invoicing import finding
from core.invoicing.finalizing import totals_of
from core.invoicing.shapes import (
    CreditNoteView,
    InvoiceSummary,
    InvoiceView,
    LineView,
    PartyView,
    TaxAmount,
)
from core.kernel.ids import renamed
from core.kernel.money import Asset, Money

SETTLED = ("credited", "paid", "given")
TIMES = ("created_at", "finalized_at", "due_at", "paid_at", "voided_at")


def summary(invoice: Invoice) -> InvoiceSummary:
    return InvoiceSummary.model_validate(_summary(invoice))


async def view(work: Work, invoice: Invoice) -> InvoiceView:
    """Show an invoice of the unit's project, with its lines and its credit notes."""
    if invoice.number is None:
        told = await _of_draft(work, invoice)
    else:
        told = await _of_issued(work, invoice)
    figures, asset = invoice.figures, invoice.asset
    settled = {each: _said(getattr(figures, each), asset) for each in SETTLED}
    settled["credits_applied"] = _said(figures.applied, asset)
    whole = _summary(invoice) | {"memo": invoice.memo} | settled | told
    return InvoiceView.model_validate(whole)


def _summary(invoice: Invoice) -> dict[str, Any]:
    issued, asset = invoice.number is not None, invoice.asset
    owed = 0 if invoice.state is State.VOID else invoice.figures.due
    return {
        "id": invoice.id,
        "project_id": invoice.project_id,
        "number": invoice.number,
        "reference": invoice.reference,
        "subscription_id": invoice.subscription_id,
        "state": invoice.state.value,
        "version": invoice.version,
        "currency": str(asset),
        "total": _said(invoice.figures.total, asset) if issued else None,
        "amount_due": _said(owed, asset) if issued else None,
    } | {each: getattr(invoice, each) for each in TIMES}


async def _of_draft(work: Work, invoice: Invoice) -> dict[str, Any]:
    totals = await totals_of(work, invoice)
    entity, buyer = await parties.entity(work, invoice.entity_key), await parties.details(work)
    asset = invoice.asset
    return {
        "total": _said(totals.total, asset),
        "lines": _draft_lines(totals),
        **{each: _said(getattr(totals, each), asset) for each in _FIGURES},
        "taxes": _taxes(writing.taxes(totals.taxes), asset),
        "tax_treatment": totals.treatment.value,
        "tax_note": totals.tax_note,
        "seller": _party(parties.seller_json(entity)),
        "buyer": _party(parties.details_json(buyer)),
        "credit_notes": [],
    }


async def _of_issued(work: Work, invoice: Invoice) -> dict[str, Any]:
    first, *notes = await finding.documents(work, invoice.id)
    asset = invoice.asset
    return {
        "lines": [_line(each, asset) for each in await finding.lines(work, invoice.id)],
        **{each: _said(getattr(first, each), asset) for each in _FIGURES},
        "taxes": _taxes(first.taxes, asset),
        "tax_treatment": first.treatment,
        "tax_note": first.tax_note,
        "seller": _party(first.seller),
        "buyer": _party(first.buyer),
        "credit_notes": [_note(each, asset) for each in notes],
    }


_FIGURES = ("subtotal", "discount", "net", "tax")


def _draft_lines(totals: Totals) -> list[LineView]:
    return [
        LineView.model_validate(
            {
                "line_id": each.line.id,
                "kind": each.line.kind.value,
                "description": each.line.description,
                "quantity": each.line.quantity,
                "unit_amount": each.line.unit_amount,
                "start_at": each.line.period and each.line.period.start_at,
                "end_at": each.line.period and each.line.period.end_at,
                "amount": each.line.amount.decimal,
                "discount": each.discount.decimal,
                "net": _said(each.net, totals.asset),
                "tax": _said(each.tax, totals.asset),
                "explanation": dict(each.line.explanation),
            }
        )
        for each in totals.lines
    ]


def _line(row: Any, asset: Asset) -> LineView:
    kept = ("line_id", "kind", "description", "quantity", "unit_amount", "start_at", "end_at")
    told = {each: getattr(row, each) for each in kept}
    figures = {each: _said(getattr(row, each), asset) for each in _ON_LINE}
    return LineView.model_validate(told | figures | {"explanation": row.explanation})


_ON_LINE = ("amount", "discount", "net", "tax")


def _note(row: Any, asset: Asset) -> CreditNoteView:
    return CreditNoteView(
        id=renamed(row.id, "crn"),
        number=row.number,
        reason=row.reason,
        net=_said(row.net, asset),
        tax=_said(row.tax, asset),
        total=_said(row.total, asset),
        issued_at=row.issued_at,
    )


def _taxes(written: Sequence[dict[str, Any]], asset: Asset) -> list[TaxAmount]:
    return [TaxAmount(**each | {"amount": _said(each["amount"], asset)}) for each in written]


def _party(written: dict[str, Any]) -> PartyView:
    return PartyView(**{each: written[each] for each in ("name", "vat_id", "address")})


def _said(amount: int, asset: Asset) -> str:
    return Money(amount, asset).decimal
