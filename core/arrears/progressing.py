"""Bill usage before its period is over, once what is not billed of it passes a threshold."""

import logging
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import select, tuple_

from core import clocks, invoicing
from core.arrears import finalizing, following, keeping, lines, settings, tables
from core.db.work import Database, Work
from core.invoicing import Bill
from core.jobs import JobContext, LeaseLost, Schedule, job
from core.kernel.caller import SYSTEM

EVERY = timedelta(minutes=5)
"""So often what runs is compared with its thresholds."""
EVERY_OF_A_CLOCK = timedelta(days=1)
"""So often where a test clock stops at every instant at which something is due."""
PAGE = 200

logger = logging.getLogger(__name__)


class Place(NamedTuple):
    look_at: datetime
    project_id: str
    subscription_id: str


@job("watch_usage", outside=True)
async def watch_usage(context: JobContext) -> None:
    """Compare what runs with its thresholds."""
    place: Place | None = None
    while page := await due_after(context.database, place):
        for each in page:
            await _alone(context, each)
        place = page[-1] if len(page) == PAGE else None
        if place is None:
            return


async def due_after(database: Database, place: Place | None, limit: int = PAGE) -> list[Place]:
    """Return what is to be looked at, of every project."""
    async with database.read(SYSTEM) as work:
        return await _due_after(work, place, limit)


async def _due_after(work: Work, place: Place | None, limit: int) -> list[Place]:
    r = tables.runs.c
    order: list[Any] = [r.next_look_at, r.project_id, r.subscription_id]
    is_due = r.next_look_at <= work.now, *work.swept(r.project_id)
    query = select(*order).where(*is_due).order_by(*order).limit(limit)
    if place is not None:
        query = query.where(tuple_(*order) > tuple_(*place))
    return [
        Place(row.next_look_at, row.project_id, row.subscription_id)
        for row in await work.execute(query)
    ]


async def _alone(context: JobContext, place: Place) -> None:
    try:
        async with context.begin() as work:
            await look(work.within(place.project_id), place.subscription_id)
    except LeaseLost:
        raise
    except Exception:
        what = place.subscription_id, place.project_id
        logger.exception("usage of subscription %s, project %s, is not watched", *what)


async def look(work: Work, subscription_id: str) -> invoicing.Invoice | None:
    """Bill what a subscription of the unit's project used so far, if that passes a threshold."""
    run = await keeping.run_of(work, subscription_id, lock=True)
    if run is None or run.next_look_at is None or run.next_look_at > work.now:
        return None
    usage = run.usage
    said = await settings.of_plan(work, usage.parts[-1].held.plan_key, following.ENTITY)
    threshold = said.threshold(usage.asset)
    if threshold is None:
        await keeping.keep_run(work, keeping.Run(usage, run.invoices, None))
        return None
    invoice = None
    drawn, used, billed = await lines.progress_lines(work, usage, work.now)
    if drawn and threshold.passes(used, billed):
        # What is claimed is counted as it stays: no wallet is charged for it any more.
        await following.claim(work, usage, work.now)
        drawn, _, _ = await lines.progress_lines(work, usage, work.now)
        invoice = await _bill(work, run, drawn)
    number = run.invoices + (invoice is not None)
    pause = EVERY if work.own_time is None else EVERY_OF_A_CLOCK
    await keeping.keep_run(work, keeping.Run(usage, number, work.now + pause))
    return invoice


async def _look_at_each(work: Work) -> None:
    """Compare what runs in the unit's project with its thresholds."""
    for place in await _due_after(work, None, PAGE):
        await look(work, place.subscription_id)


async def _bill(work: Work, run: keeping.Run, drawn: list[invoicing.Line]) -> invoicing.Invoice:
    usage = run.usage
    bill = Bill(
        reference=following.reference_of(usage, str(run.invoices + 1)),
        asset=usage.asset,
        lines=drawn,
        subscription_id=usage.subscription_id,
    )
    made = await invoicing.draft(work, bill)
    issued = await invoicing.finalize(work, made.id)
    await finalizing.note_issued(work, issued, usage.start_at)
    return issued


SCHEDULES = (
    Schedule(finalizing.bill_usage, every_seconds=15),
    Schedule(watch_usage, every_seconds=60),
)
FALLING_DUE = (
    finalizing.FALLS_DUE,
    clocks.FallsDue("thresholds", clocks.first_of(tables.runs.c.next_look_at), _look_at_each),
)
