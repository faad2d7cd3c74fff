"""When what the provider billed is earned, and what goes back of it when its money does."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from core import clocks, settling
from core.bills import Earning, Moved, begun, changed
from core.db.work import Work
from core.jobs import JobContext, Schedule, job
from core.kernel.money import Asset
from core.kernel.period import Period
from core.ledger import AccountRole
from core.messaging import Event, Subscription
from core.stepping import booking, keeping, model, tables
from core.stepping.provided import ProviderInvoice

EARNED = "provider_earned"
DAY = timedelta(days=1)
AT_ONCE = 50
EVERY_SECONDS = 3600.0


async def begin(work: Work, invoice_id: str, invoice: ProviderInvoice) -> Moved:
    """Write how much of each line is earned on the day it is booked."""
    found = []
    for n, (line, net) in enumerate(zip(invoice.lines, model.nets(invoice), strict=True)):
        lasts = line.end_at > line.start_at
        period = Period(line.start_at, line.end_at) if lasts else None
        found.append(begun(str(n), net, period, work.now))
    rows = [
        _values(work, each) | _key(work, invoice_id, each)
        | {"asset": str(invoice.total.asset), "billed": each.net,
           "start_at": each.period and each.period.start_at,
           "end_at": each.period and each.period.end_at}
        for each in found
    ]  # fmt: skip
    if rows:
        await work.execute(tables.earnings.insert(), rows)
    return Moved(sum(e.recognized for e in found), sum(e.deferred for e in found))


def _key(work: Work, invoice_id: str, each: Earning) -> dict[str, Any]:
    return {"project_id": work.project_id, "invoice_id": invoice_id, "line": int(each.line_id)}


def _values(work: Work, each: Earning) -> dict[str, Any]:
    next_at = None
    if each.deferred and each.period:
        ahead = max(work.now, each.period.start_at) + DAY
        next_at = min(ahead, each.period.end_at)
    return {"net": each.net, "recognized": each.recognized, "next_at": next_at}


async def _keep(work: Work, invoice_id: str, after: Earning) -> None:
    e = tables.earnings.c
    this = update(tables.earnings).where(
        e.project_id == work.project_id,
        e.invoice_id == invoice_id,
        e.line == int(after.line_id),
    )
    await work.execute(this.values(_values(work, after)))


async def _lines(work: Work, invoice_id: str) -> list[tuple[Earning, int, Asset]]:
    """Return the lines of an invoice that the unit holds, each with what was billed."""
    e = tables.earnings.c
    query = select(tables.earnings).where(
        e.project_id == work.project_id, e.invoice_id == invoice_id
    )
    return [
        (
            Earning(
                line_id=str(row.line),
                net=row.net,
                recognized=row.recognized,
                period=Period(row.start_at, row.end_at) if row.start_at else None,
            ),
            row.billed,
            Asset.parse(row.asset),
        )
        for row in await work.execute(query.order_by(e.line))
    ]


# -- As time passes -------------------------------------------------------------------------------


@job("earn_provider_invoices", outside=True)
async def earn_provider_invoices(context: JobContext) -> None:
    """Book what has been earned since it was last looked at, unit by unit until nothing is due."""
    found = AT_ONCE
    while found == AT_ONCE:
        async with context.begin() as work:
            found = await earn_due(work, AT_ONCE)


async def earn_due(work: Work, limit: int) -> int:
    """Earn what is due of so many invoices, of all projects, and return how many there were."""
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
        await earn(work.within(project_id), invoice_id)
    return len(due)


async def earn(work: Work, invoice_id: str) -> None:
    """Move what is earned by now from what is deferred to revenue."""
    row = await keeping.hold_invoice(work, invoice_id)
    earned = 0
    for before, _, _ in await _lines(work, invoice_id):
        if before.deferred:
            after, moved = changed(before, before.net, work.now)
            await _keep(work, invoice_id, after)
            earned += moved.revenue
    moves = [(AccountRole.DEFERRED, earned), (AccountRole.REVENUE, -earned)]
    reference = f"{EARNED}:{invoice_id}:{work.now.isoformat()}"
    await booking.post(work, EARNED, reference, Asset.parse(row.asset), moves)


async def _earn_each(work: Work) -> None:
    await earn_due(work, AT_ONCE)


SCHEDULES = (Schedule(earn_provider_invoices, every_seconds=EVERY_SECONDS),)
FALLS_DUE = clocks.FallsDue("stepping", clocks.first_of(tables.earnings.c.next_at), _earn_each)


# -- When money goes back -------------------------------------------------------------------------


async def money_went(work: Work, event: Event) -> None:
    """Take back what was earned with money that went back, or came back after all.

    Settling has booked where the money is; here is what it was for. All payments of the invoice are
    looked at together, so that it does not matter which event comes first, or twice.
    """
    row = await keeping.invoice_of_payment(work, event.data["payment_id"])
    if row is not None and row.booked_at is not None:
        await weigh(work, row.id)


async def weigh(work: Work, invoice_id: str) -> None:
    """Bring the books of an invoice up to how much of its money went back by now."""
    row = await keeping.hold_invoice(work, invoice_id)
    gone = 0
    for payment_id in await keeping.payments_of(work, invoice_id):
        standing = await settling.lock_payment(work, payment_id)
        lost = sum(each.amount.amount for each in standing.disputes if each.is_lost)
        gone += min(standing.record.received.amount, standing.refunded + lost)
    if gone == row.returned:
        return
    tax = _part(row.tax, gone, row.total) - _part(row.tax, row.returned, row.total)
    revenue, deferred = await _less(work, invoice_id, gone - _part(row.tax, gone, row.total))
    moves = [
        (AccountRole.EXCHANGE, -(gone - row.returned)),
        (AccountRole.REVENUE, revenue),
        (AccountRole.DEFERRED, deferred),
        (AccountRole.TAX, tax),
    ]
    turn = row.turn + 1
    reference = f"{booking.BACK}:{invoice_id}:{turn}"
    await booking.post(work, booking.BACK, reference, Asset.parse(row.asset), moves)
    await keeping.change_invoice(work, row.provider_id, returned=gone, turn=turn)


def _part(tax: int, gone: int, total: int) -> int:
    """Return how much of what went back is tax: its part of the whole, rounded half up."""
    return (2 * tax * gone + total) // (2 * total) if total > 0 else 0


async def _less(work: Work, invoice_id: str, gone: int) -> tuple[int, int]:
    """Take so much, all in all, off the lines; return what that takes off revenue and deferred."""
    lines = await _lines(work, invoice_id)
    revenue = deferred = 0
    off = model.spread(gone, [billed for _, billed, _ in lines])
    for (before, billed, _), less in zip(lines, off, strict=True):
        after, moved = changed(before, billed - less, work.now)
        await _keep(work, invoice_id, replace(after, line_id=before.line_id))
        revenue, deferred = revenue - moved.revenue, deferred - moved.deferred
    return revenue, deferred


SUBSCRIPTION = Subscription(
    "stepping",
    ("refund.pending", "refund.succeeded", "refund.failed", "refund.canceled", "dispute.closed"),
    money_went,
)
