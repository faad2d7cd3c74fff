"""Bill what waited: bring each draft up to date at the end of its window, and finalize it.

Found by the index of what is due, each in a unit of its own. Of two workers one locks the
subscription's periods first, and the other finds nothing to do. What fails stays due.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any, NamedTuple

from sqlalchemy import select, tuple_, update

from core import clocks, invoicing, metering, wallets
from core.arrears import following, keeping, lines, tables
from core.arrears.model import Kind, Usage, read
from core.db.work import Database, Work
from core.invoicing import Bill, Invoice, Line, Note, State, Wanted
from core.jobs import JobContext, LeaseLost, job
from core.kernel.caller import SYSTEM
from core.kernel.errors import EngineError
from core.kernel.rounding import whole_units

PAGE = 200
LATE_MAX = metering.AGE_MAX + timedelta(hours=1)
"""So long after a period usage of it may still be recorded, and somewhat more."""

AGAIN = timedelta(hours=1)
"""So long it waits for somebody who issues invoices."""

logger = logging.getLogger(__name__)


class Place(NamedTuple):
    """Where a look at what is due goes on: what fails stays due, and is not looked at again."""

    due_at: datetime
    project_id: str
    subscription_id: str
    start_at: datetime


@job("bill_usage", outside=True)
async def bill_usage(context: JobContext) -> None:
    """Finalize what has waited long enough, and look for the last time at what was billed."""
    place: Place | None = None
    while page := await due_after(context.database, place):
        for each in page:
            await _alone(context, each)
        place = page[-1] if len(page) == PAGE else None
        if place is None:
            return


async def due_after(database: Database, place: Place | None, limit: int = PAGE) -> list[Place]:
    """Return the periods that are due, of every project, the longest due first."""
    async with database.read(SYSTEM) as work:
        return await _due_after(work, place, limit)


async def _due_after(work: Work, place: Place | None, limit: int) -> list[Place]:
    p = tables.periods.c
    order: list[Any] = [p.due_at, p.project_id, p.subscription_id, p.start_at]
    is_due = p.due_at <= work.now, *work.swept(p.project_id)
    query = select(*order).where(*is_due).order_by(*order).limit(limit)
    if place is not None:
        query = query.where(tuple_(*order) > tuple_(*place))
    return [
        Place(row.due_at, row.project_id, row.subscription_id, row.start_at)
        for row in await work.execute(query)
    ]


async def _step_each(work: Work) -> None:
    """Do what is due of the unit's project."""
    for place in await _due_after(work, None, PAGE):
        await step(work, place.subscription_id, place.start_at)


async def _alone(context: JobContext, place: Place) -> None:
    """Do what is due of one, so that one that fails is no reason to leave the others."""
    try:
        async with context.begin() as work:
            here = work.within(place.project_id)
            await step(here, place.subscription_id, place.start_at)
    except LeaseLost:
        raise
    except Exception:
        what = place.subscription_id, place.project_id
        logger.exception("usage of subscription %s, project %s, is not billed", *what)


async def step(work: Work, subscription_id: str, start_at: datetime) -> None:
    """Do what is due of one period of the unit's project, if anything still is."""
    rows = await keeping.lock_periods(work, subscription_id)
    row = next((each for each in rows if each.start_at == start_at), None)
    if row is None or row.due_at is None or row.due_at > work.now:
        return
    usage = read(subscription_id, row.asset, row.written)
    if row.state == keeping.WAITING:
        await _finalize(work, row, usage)
    else:
        await _look_once_more(work, row, usage)


async def _finalize(work: Work, row: Any, usage: Usage) -> None:
    """Issue the invoice of a period with what is known of its usage now.

    One that somebody has issued before is billed as it was issued; what has come since is late.
    One that somebody has put away is billed to nobody.
    """
    if row.invoice_id is None:
        drawn = await following.draw_up(work, usage)
        if drawn is None:
            await _keep(work, row, due_at=work.now + AGAIN)
            return
        row = await _keep(work, row, invoice_id=drawn.id)
    invoice = await invoicing.find(work, row.invoice_id, lock=True)
    if invoice.state is State.DRAFT:
        invoice = await _up_to_date(work, invoice, usage)
        invoice = await invoicing.finalize(work, invoice.id)
    if invoice.number is None:
        await _keep(work, row, state=keeping.CLOSED, due_at=None)
        return
    if not await keeping.is_noted(work, invoice.id):
        await note_issued(work, invoice, usage.start_at)
    look_at = max(work.now, row.end_at + LATE_MAX)
    await _keep(work, row, state=keeping.BILLED, due_at=look_at, billed_at=work.now)


async def _up_to_date(work: Work, invoice: Invoice, usage: Usage) -> Invoice:
    """Draw up a draft anew: with the usage there is now, and the discounts that still stand.

    What somebody has added by hand stays.
    """
    fresh = await lines.usage_lines(work, usage)
    added = [each for each in invoice.lines if not lines.is_ours(each)]
    discounts = tuple(await following.discounts_for(work, usage))
    drawn = replace(invoice, lines=[*added, *fresh], discounts=discounts)
    told = await lines.held_at_zero(work, drawn)
    return await invoicing.revise(
        work, invoice.id, version=invoice.version, lines=told, discounts=discounts
    )


async def note_issued(work: Work, invoice: Invoice, period_start_at: datetime) -> None:
    """Write down what an invoice has billed of usage, from the lines it was issued with."""
    ours = [each for each in invoice.lines if lines.is_ours(each)]
    for each in ours:
        own = each.explanation["kind"] in {str(Kind.USAGE), str(Kind.TAKEN)}
        start_at = period_start_at if own else None
        await keeping.note(work, [each], invoice.id, period_start_at=start_at)


# -- Late usage that no invoice follows ------------------------------------------------------------


async def _look_once_more(work: Work, row: Any, usage: Usage) -> None:
    """Bill or credit what is late of a period, once no more of it may come.

    Where the subscription goes on, its next invoice has it; otherwise none would.
    """
    late = await lines.adjustments(work, usage)
    if late and await keeping.run_of(work, usage.subscription_id) is not None:
        await _keep(work, row, due_at=None)
        return
    more = [each for each in late if each.amount.amount > 0]
    if more:
        await _bill(work, row, usage, more)
    for each in late:
        if each.amount.amount < 0:
            await _credit(work, usage, each)
    await _keep(work, row, state=keeping.CLOSED, due_at=None)


async def _bill(work: Work, row: Any, usage: Usage, late: Sequence[Line]) -> None:
    original = await invoicing.find(work, row.invoice_id)
    bill = Bill(
        reference=following.reference_of(usage, "late"),
        asset=usage.asset,
        lines=late,
        entity_key=original.entity_key,
        subscription_id=usage.subscription_id,
    )
    drawn = await invoicing.draft(work, bill)
    issued = await invoicing.finalize(work, drawn.id)
    await note_issued(work, issued, usage.start_at)


async def _credit(work: Work, usage: Usage, late: Line) -> None:
    """Credit what was billed too much, of the lines it was billed with, the last first."""
    told, left = late.explanation, -late.amount.amount
    key = datetime.fromisoformat(told["start_at"]), told["item"]
    for invoice_id, line_id, amount in await keeping.issued_with(work, usage, key):
        part = min(left, amount)
        if part and await _note(work, (invoice_id, line_id), part, late):
            left -= part
    if left:
        logger.warning("usage of %s: %s are left to credit", usage.subscription_id, left)


async def _note(work: Work, of: tuple[str, str], part: int, late: Line) -> bool:
    """Issue a credit note of so much of a line, as it was discounted and taxed."""
    invoice_id, line_id = of
    issued = {each.line_id: each for each in await invoicing.document_lines(work, invoice_id)}
    line = issued[line_id]
    net = whole_units(Fraction(part * line.net, line.amount))
    if net <= 0:
        return False
    note = Note(
        reason=late.description[:200],
        wanted=[Wanted(line_id, net)],
        wallet_id=await _wallet(work, late),
    )
    try:
        await invoicing.credit_invoice(work, invoice_id, note)
    except EngineError:
        logger.exception("invoice %s, line %s, is not credited", invoice_id, line_id)
        return False
    amount = replace(late.amount, amount=-part)
    credited = replace(late, id=line_id, amount=amount, explanation=_as_note(late))
    await keeping.note(work, [credited], invoice_id)
    return True


def _as_note(late: Line) -> Mapping[str, Any]:
    return {**late.explanation, "kind": str(Kind.NOTE)}


async def _wallet(work: Work, late: Line) -> str | None:
    """Return the wallet that gets what was paid already; None where there is none."""
    try:
        return (await wallets.default_wallet(work, late.amount.asset)).id
    except EngineError:
        return None


async def _keep(work: Work, row: Any, **values: Any) -> Any:
    p = tables.periods.c
    this = update(tables.periods).where(
        p.project_id == work.project_id,
        p.subscription_id == row.subscription_id,
        p.start_at == row.start_at,
        p.state == row.state,
    )
    kept = await work.execute(this.values(values).returning(tables.periods))
    return kept.one()


FALLS_DUE = clocks.FallsDue("usage", clocks.first_of(tables.periods.c.due_at), _step_each)
