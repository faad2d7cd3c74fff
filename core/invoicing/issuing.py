"""Write down what is issued, for good: the document with its number, and its lines."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table

from core import parties
from core.bills import (
    BillingDetails,
    Credited,
    Invoice,
    LegalEntity,
    LineTotal,
    Totals,
    by_rate,
    writing,
)
from core.db.sets import insert_rows
from core.db.together import Order, Step
from core.db.work import Work, canonical
from core.invoicing import numbering, tables
from core.kernel.ids import renamed

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Parties:
    entity: LegalEntity
    buyer: BillingDetails


async def issue_invoice(
    work: Work, invoice: Invoice, totals: Totals, sides: Parties, transaction_id: str | None
) -> str:
    """Write the invoice as it is issued now, and return its number."""
    figures = {
        "subtotal": totals.subtotal,
        "discount": totals.discount,
        "net": totals.net,
        "tax": totals.tax,
        "total": totals.total,
        "taxes": writing.taxes(totals.taxes),
        "treatment": str(totals.treatment),
        "tax_note": totals.tax_note,
        "reason": invoice.memo,
    }
    lines = [_line(work, invoice, n, each) for n, each in enumerate(totals.lines)]
    return await _issue(
        work, (invoice, invoice.id, numbering.INVOICES), figures, lines, (sides, transaction_id)
    )


async def issue_note(
    work: Work,
    invoice: Invoice,
    note_id: str,
    parts: Sequence[Credited],
    *,
    original: Any,
    issued: tuple[Parties, str | None, str],
) -> str:
    """Write a credit note. It names the buyer of the invoice that it takes back, and its taxes."""
    sides, transaction_id, reason = issued
    net, tax = sum(each.net for each in parts), sum(each.tax for each in parts)
    figures = {
        "subtotal": net,
        "discount": 0,
        "net": net,
        "tax": tax,
        "total": net + tax,
        "taxes": writing.taxes(by_rate(parts, invoice.asset)),
        "treatment": original.treatment,
        "tax_note": original.tax_note,
        "reason": reason,
        "buyer": original.buyer,
    }
    by_id = {each.id: each for each in invoice.lines}
    lines = [_part(work, invoice, note_id, (n, each, by_id)) for n, each in enumerate(parts)]
    return await _issue(
        work, (invoice, note_id, numbering.NOTES), figures, lines, (sides, transaction_id)
    )


async def _issue(
    work: Work,
    what: tuple[Invoice, str, str],
    figures: Row,
    lines: Sequence[Row],
    how: tuple[Parties, str | None],
) -> str:
    (invoice, own_id, kind), (sides, transaction_id) = what, how
    # The number last: whoever issues another document of this legal entity waits for it.
    number = await numbering.take(work, sides.entity, kind)
    row = {
        "project_id": work.project_id,
        "id": renamed(own_id, "doc"),
        "kind": kind,
        "invoice_id": invoice.id,
        "entity_key": sides.entity.key,
        "series": number.series,
        "year": number.year,
        "sequence": number.sequence,
        "number": number.text,
        "issued_at": work.now,
        "asset": str(invoice.asset),
        "seller": parties.seller_json(sides.entity),
        "buyer": parties.details_json(sides.buyer),
        "transaction_id": transaction_id,
    }
    signed_lines = [signed(work, tables.lines, each) for each in lines]
    await work.leave(LINES, signed_lines)
    await work.leave(DOCUMENTS, [signed(work, tables.documents, row | figures)])
    work.record("issued", own_id, number=number.text)
    return number.text


def _inserting(table: Table, order: int) -> Step[Sequence[Row], None]:
    names = tuple(column.name for column in table.columns)

    async def insert(items: Sequence[tuple[Work, Sequence[Row]]]) -> list[None]:
        rows = [tuple(row[name] for name in names) for _, own in items for row in own]
        await insert_rows(items[0][0], table, names, rows)
        return [None] * len(items)

    return Step(order, insert)


LINES = _inserting(tables.lines, Order.TELL - 3)
DOCUMENTS = _inserting(tables.documents, Order.TELL - 2)


def _line(work: Work, invoice: Invoice, position: int, total: LineTotal) -> Row:
    line, period = total.line, total.line.period
    return {
        "project_id": work.project_id,
        "document_id": renamed(invoice.id, "doc"),
        "position": position,
        "line_id": line.id,
        "invoice_id": invoice.id,
        "kind": str(line.kind),
        "description": line.description,
        "quantity": line.quantity,
        "unit_amount": line.unit_amount,
        "start_at": period and period.start_at,
        "end_at": period and period.end_at,
        "product_key": line.product_key,
        "amount": line.amount.amount,
        "discount": total.discount.amount,
        "net": total.net,
        "tax": total.tax,
        "taxes": writing.taxes(total.taxed.parts),
        "explanation": dict(line.explanation),
    }


def _part(
    work: Work, invoice: Invoice, note_id: str, what: tuple[int, Credited, dict[str, Any]]
) -> Row:
    position, part, by_id = what
    line = by_id[part.line_id]
    period = line.period
    return {
        "project_id": work.project_id,
        "document_id": renamed(note_id, "doc"),
        "position": position,
        "line_id": part.line_id,
        "invoice_id": invoice.id,
        "kind": str(line.kind),
        "description": line.description,
        "quantity": None,
        "unit_amount": None,
        "start_at": period and period.start_at,
        "end_at": period and period.end_at,
        "product_key": line.product_key,
        "amount": part.net,
        "discount": 0,
        "net": part.net,
        "tax": part.tax,
        "taxes": writing.taxes(part.taxes),
        "explanation": {"of": part.line_id},
    }


def signed(work: Work, table: Any, row: Row) -> Row:
    """Return the row with the digest that covers every column before it, in their order."""
    told = [row[column.name] for column in table.columns if column.name != "digest"]
    return row | {"digest": work.digest(*map(canonical, told))}
