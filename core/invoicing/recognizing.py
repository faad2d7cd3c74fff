"""Earn what was invoiced in advance, as its period passes: a job, a day at a time."""

from sqlalchemy import select

from core import clocks, ledger
from core.bills import changed
from core.db.work import Work
from core.invoicing import booking, finding, tables
from core.jobs import JobContext, Schedule, job
from core.ledger import AccountRole

AT_ONCE = 50
"""Invoices in a unit: their locks are held until it ends."""


@job("recognize_revenue", outside=True)
async def recognize_revenue(context: JobContext) -> None:
    """Book what has been earned since it was last looked at, unit by unit until nothing is due."""
    found = AT_ONCE
    while found == AT_ONCE:
        async with context.begin() as work:
            found = await recognize_due(work, AT_ONCE)


async def recognize_due(work: Work, limit: int) -> int:
    """Earn what is due of so many invoices, and return how many there were.

    Of the unit's project or, unbound, of all, because one worker does it for all.
    """
    e = tables.earnings.c
    query = (
        select(e.project_id, e.invoice_id)
        .where(e.next_at <= work.now, *work.swept(e.project_id))
        .distinct()
        .order_by(e.project_id, e.invoice_id)
        .limit(limit)
    )
    due = [(row.project_id, row.invoice_id) for row in await work.execute(query)]
    for project_id, invoice_id in due:
        await recognize(work.within(project_id), invoice_id)
    return len(due)


async def recognize(work: Work, invoice_id: str) -> None:
    """Move what is earned by now of an invoice's lines from what is deferred to revenue."""
    invoice = await finding.find(work, invoice_id, lock=True)
    asset, earned = invoice.asset, 0
    for before in await booking.earnings(work, invoice_id):
        if not before.deferred:
            continue
        after, moved = changed(before, before.net, work.now)
        await booking.keep_earning(work, invoice, after)
        earned += moved.revenue
    transaction = booking.drawn(
        work,
        booking.EARNED,
        f"invoice:{invoice_id}:earned:{work.now.isoformat()}",
        asset,
        moves=[
            (booking.operator(work, AccountRole.DEFERRED, asset), earned),
            (booking.operator(work, AccountRole.REVENUE, asset), -earned),
        ],
        memo=f"Earned of {invoice.number}",
    )
    if transaction:
        await ledger.post(work, transaction)


SCHEDULES = (Schedule(recognize_revenue, every_seconds=3600),)


async def _recognize(work: Work) -> None:
    await recognize_due(work, AT_ONCE)


FALLS_DUE = clocks.FallsDue("revenue", clocks.first_of(tables.earnings.c.next_at), _recognize)
