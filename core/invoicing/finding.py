"""Find invoices, their lines, and who sells and buys. Another project's is not found."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select

from core.bills import (
    Figures,
    Invoice,
    InvoiceChanged,
    InvoiceNotFound,
    Issued,
    State,
    writing,
)
from core.db.work import Work
from core.invoicing import tables
from core.kernel.ids import renamed
from core.kernel.money import Asset

FIGURES = tuple(Figures.__slots__)


async def find(
    work: Work, invoice_id: str, *, lock: bool = False, version: int | None = None
) -> Invoice:
    """Find an invoice of the unit's project, as it is at this version where one is named.

    Raises InvoiceNotFound, InvoiceChanged.
    """
    i = tables.invoices.c
    query = select(tables.invoices).where(i.project_id == work.project_id, i.id == invoice_id)
    row = (await work.execute(query.with_for_update() if lock else query)).first()
    if row is None:
        raise InvoiceNotFound(invoice_id)
    if version is not None and row.version != version:
        raise InvoiceChanged(invoice_id, row.version)
    return invoice_of(row)


async def by_reference(work: Work, reference: str) -> Invoice | None:
    """Return the project's invoice that bills this and is not void, or None."""
    i = tables.invoices.c
    this = select(tables.invoices).where(
        i.project_id == work.project_id, i.reference == reference, i.state != str(State.VOID)
    )
    row = (await work.execute(this)).first()
    return invoice_of(row) if row else None


async def list_before(
    work: Work,
    before: str | None,
    limit: int,
    *,
    state: State | None,
    drafts: bool,
    subscription_id: str | None = None,
) -> list[Invoice]:
    """Return the project's invoices, newest first, from before this one; or only issued ones."""
    i = tables.invoices.c
    query = (
        select(tables.invoices)
        .where(i.project_id == work.project_id)
        .order_by(i.id.desc())
        .limit(limit)
    )
    if state is not None:
        query = query.where(i.state == str(state))
    if subscription_id is not None:
        query = query.where(i.subscription_id == subscription_id)
    if not drafts:
        query = query.where(i.number.is_not(None))
    if before is not None:
        query = query.where(i.id < before)
    return [invoice_of(row) for row in await work.execute(query)]


def invoice_of(row: Any) -> Invoice:
    asset = Asset.parse(row.asset)
    return Invoice(
        project_id=row.project_id,
        id=row.id,
        reference=row.reference,
        entity_key=row.entity_key,
        asset=asset,
        state=State(row.state),
        version=row.version,
        lines=writing.lines_of(row.content, asset),
        discounts=writing.discounts_of(row.content),
        memo=row.memo,
        subscription_id=row.subscription_id,
        figures=Figures(**{each: getattr(row, each) for each in FIGURES}),
        number=row.number,
        created_at=row.created_at,
        finalized_at=row.finalized_at,
        due_at=row.due_at,
        paid_at=row.paid_at,
        voided_at=row.voided_at,
        given_up_at=row.given_up_at,
    )


# -- What was issued -------------------------------------------------------------------------------


async def find_document(work: Work, document_id: str) -> Any | None:
    """Return an invoice or a credit note of the unit's project as it was issued, or None."""
    d = tables.documents.c
    this = (d.project_id == work.project_id, d.id == renamed(document_id, "doc"))
    kind = {"invc": "invoice", "crn": "credit_note"}.get(document_id.partition("_")[0])
    row = (await work.execute(select(tables.documents).where(*this))).first()
    return row if row is not None and kind in {None, row.kind} else None


async def documents(work: Work, invoice_id: str) -> Sequence[Any]:
    """Return the invoice as it was issued, and its credit notes after it."""
    d = tables.documents.c
    query = (
        select(tables.documents)
        .where(d.project_id == work.project_id, d.invoice_id == invoice_id)
        .order_by(d.kind.desc(), d.id)
    )
    return (await work.execute(query)).all()


async def lines(work: Work, document_id: str) -> Sequence[Any]:
    """Return the lines of an invoice or a credit note that was issued, in their order."""
    line = tables.lines.c
    query = (
        select(tables.lines)
        .where(line.project_id == work.project_id, line.document_id == renamed(document_id, "doc"))
        .order_by(line.position)
    )
    return (await work.execute(query)).all()


async def issued(work: Work, invoice: Invoice) -> list[Issued]:
    """Return the lines of an invoice with what was credited of each, for who has locked it."""
    line = tables.lines.c
    own = renamed(invoice.id, "doc")
    taken = (
        select(line.line_id, func.sum(line.net).label("net"))
        .where(
            line.project_id == work.project_id,
            line.invoice_id == invoice.id,
            line.document_id != own,
        )
        .group_by(line.line_id)
    )
    credited = {row.line_id: int(row.net) for row in await work.execute(taken)}
    return [
        Issued(
            line_id=row.line_id,
            net=row.net,
            taxes=writing.taxes_of(row.taxes, invoice.asset),
            credited=credited.get(row.line_id, 0),
        )
        for row in await lines(work, invoice.id)
    ]
