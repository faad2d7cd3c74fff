"""Bills that were kept while nobody issued invoices, and are still owed."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, select, tuple_, update

from core.db.work import Work
from core.dues import billing, invoicing_bills, tables
from core.lifecycles import Subscription


class Waiting(NamedTuple):
    """A bill that waits: in this order they are looked at."""

    project_id: str
    id: str
    subscription_id: str


async def waiting_after(work: Work, place: Waiting | None, limit: int) -> Sequence[Waiting]:
    """Return bills of every project that wait, from after this one on."""
    b = tables.bills.c
    order: list[Any] = [b.project_id, b.id]
    query = select(*order, b.subscription_id).where(*_waits()).order_by(*order).limit(limit)
    if place is not None:
        query = query.where(tuple_(*order) > tuple_(*place[:2]))
    return [
        Waiting(row.project_id, row.id, row.subscription_id) for row in await work.execute(query)
    ]


async def invoice_waiting(work: Work, of: Subscription, bill_id: str) -> None:
    """Invoice a bill of the unit's project, unless somebody has, or it is owed no more."""
    b = tables.bills.c
    billed, invoice_id = await billing.find(work, bill_id), work.ids.new("invc")
    this = b.project_id == work.project_id, b.id == bill_id, *_waits()
    named = {"invoice_id": invoice_id, "without_invoice": None}
    if (await work.execute(update(tables.bills).where(*this).values(named))).rowcount == 1:
        owed = invoicing_bills.Owed(of, bill_id, invoice_id)
        await invoicing_bills.invoice_later(work, owed, billed.total.asset, billed.lines)


def _waits() -> tuple[ColumnElement[bool], ...]:
    b = tables.bills.c
    return b.without_invoice == billing.NO_ENTITY, b.paid_at.is_(None), b.written_off_at.is_(None)
