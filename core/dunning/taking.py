"""Take the steps of runs that are due: one run in a unit, locked, and looked at again.

Several workers may look at once: what another has done is not due any more. A step, the mail that
it writes and the attempt that it asks for are one unit: who dies half-way has done nothing.
"""

import logging
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, select, tuple_

from core import clocks, invoicing, subscriptions
from core.campaigns import (
    Afterwards,
    AtEnd,
    Kind,
    Outcome,
    State,
    Step,
    Tone,
    days_after,
    due_now,
)
from core.db.work import Database, Work
from core.dunning import asking, ending, events, keeping, letters, tables
from core.dunning.keeping import Run
from core.jobs import JobContext, LeaseLost, Schedule, job
from core.kernel.caller import SYSTEM
from core.projects import time_zone_of

EVERY_SECONDS = 30.0
PAGE = 200

logger = logging.getLogger(__name__)


class Place(NamedTuple):
    """Where a look at what is due goes on: what fails stays due, and is not looked at again."""

    due_at: datetime
    project_id: str
    run_id: str
    number: int


@job("take_dunning_steps", outside=True)
async def take_dunning_steps(context: JobContext) -> None:
    """Take every step that is due, of all projects. One run that fails holds up no other."""
    place: Place | None = None
    seen: set[str] = set()
    while page := await due_after(context.database, place):
        for each in page:
            if each.run_id not in seen:
                seen.add(each.run_id)
                await _take(context, each)
        if len(page) < PAGE:
            return
        place = page[-1]


async def due_after(database: Database, place: Place | None, limit: int = PAGE) -> list[Place]:
    """Return the steps that are due, of every project, the longest due first."""
    async with database.read(SYSTEM) as work:
        return await _due_after(work, place, limit)


async def _due_after(work: Work, place: Place | None, limit: int) -> list[Place]:
    s = tables.steps.c
    order: list[ColumnElement[Any]] = [s.due_at, s.project_id, s.run_id, s.number]
    is_due = s.done_at.is_(None), s.due_at <= work.now, *work.swept(s.project_id)
    query = select(*order).where(*is_due).order_by(*order).limit(limit)
    if place is not None:
        query = query.where(tuple_(*order) > tuple(place))
    found = await work.execute(query)
    return [Place(row.due_at, row.project_id, row.run_id, row.number) for row in found]


async def _take(context: JobContext, place: Place) -> None:
    try:
        async with context.begin() as work:
            await take(work.within(place.project_id), place.run_id)
    except LeaseLost:
        raise
    except Exception:
        logger.exception("dunning run %s, project %s, failed", place.run_id, place.project_id)


async def take(work: Work, run_id: str) -> int:
    """Take the steps that are due of a run of the unit's project; return how many.

    Locks the run, then its subscription, then its invoice, as everybody does who takes several.
    """
    run = await keeping.find(work, run_id, lock=True)
    if run.state is State.CLOSED:
        return 0
    steps = (await keeping.steps_of(work, run.id))[run.id]
    now = due_now(steps, work.now, asked_at=run.asked_at)
    if not (now.do or now.overtaken or now.ends_at):
        return 0
    invoice = await _owed(work, run)
    if invoice is None:
        return 0
    if now.overtaken:
        await keeping.finish(work, run, "overtaken", *now.overtaken)
    if now.ends_at:
        run = await _put_off(work, run, steps, now.ends_at)
    for step in now.do:
        result = await _ACTIONS[step.kind](work, run, invoice, step)
        await keeping.finish(work, run, result, step)
    return len(now.do)


async def _owed(work: Work, run: Run) -> invoicing.Invoice | None:
    """Return the invoice, which nobody pays meanwhile; or end the run where nothing is owed."""
    if run.subscription_id:
        await subscriptions.find(work, run.subscription_id, lock=True)
    invoice = await invoicing.find(work, run.invoice_id, lock=True)
    return None if await ending.close_if_settled(work, run, invoice) else invoice


async def _put_off(work: Work, run: Run, steps: list[Step], until: datetime) -> Run:
    end = next(each for each in steps if each.kind is Kind.END)
    await keeping.put_off(work, run, end, until)
    await keeping.change(work, run, ends_at=until)
    await keeping.note(work, run, "put_off", step=end, until=until.isoformat())
    return await keeping.find(work, run.id)


# -- What each kind of step does -------------------------------------------------------------------


async def _attempt(work: Work, run: Run, invoice: invoicing.Invoice, step: Step) -> str:
    return await asking.ask(work, run, step, why="planned")


async def _notice(work: Work, run: Run, invoice: invoicing.Invoice, step: Step) -> str:
    tone = step.tone or Tone.GENTLE
    if run.subscription_id:
        held = await subscriptions.find(work, run.subscription_id)
        if held.state is subscriptions.State.SUSPENDED:
            # Another invoice's run came first. A warning of what has happened helps nobody.
            await keeping.note(work, run, "not_sent", step=step, why="suspended")
            return "suspended"
    count = await letters.send_notice(work, run, invoice, tone)
    until = run.ends_at.isoformat()
    await keeping.note(
        work, run, "notice_sent", step=step, tone=str(tone), until=until, count=count
    )
    facts = {"invoice_id": invoice.id, "tone": str(tone), "until": until}
    await events.tell(work, events.NOTICE_SENT, run.id, **facts)
    return "done"


async def _end(work: Work, run: Run, invoice: invoicing.Invoice, step: Step) -> str:
    campaign = run.campaign
    if campaign.at_end is AtEnd.SUSPEND and await _suspend(work, run, invoice, step):
        run = await keeping.find(work, run.id)
    if campaign.afterwards is Afterwards.NOTHING:
        if run.state is not State.SUSPENDED:
            await ending.close(work, run, Outcome.UNPAID, step=step)
        # What is suspended stays open: it ends when it is paid, at once.
        return "done"
    zone = await time_zone_of(work, work.project_id)
    at = days_after(work.now, campaign.afterwards_days, zone)
    await keeping.write_steps(
        work, run.id, [Step(number=step.number + 1, kind=Kind.CLOSE, due_at=at)]
    )
    return "done"


async def _suspend(work: Work, run: Run, invoice: invoicing.Invoice, step: Step) -> bool:
    """Suspend what was not paid for, where there is something to suspend."""
    if run.subscription_id is None:
        return False
    held = await subscriptions.find(work, run.subscription_id)
    if held.state is not subscriptions.State.PAST_DUE:
        await keeping.note(work, run, "not_suspended", step=step, state=str(held.state))
        if held.state is not subscriptions.State.SUSPENDED:
            return False
    else:
        await subscriptions.suspend(work, held.id)
        await letters.send_suspended(work, invoice)
        await keeping.note(work, run, "suspended", step=step, subscription_id=held.id)
    await keeping.change(work, run, state=str(State.SUSPENDED), suspended_at=work.now)
    facts = {"invoice_id": invoice.id, "subscription_id": held.id}
    await events.tell(work, events.SUSPENDED, run.id, **facts)
    return True


async def _close(work: Work, run: Run, invoice: invoicing.Invoice, step: Step) -> str:
    if run.campaign.afterwards is Afterwards.UNCOLLECTIBLE:
        await invoicing.give_up(work, invoice.id)
        await ending.close(work, run, Outcome.UNCOLLECTIBLE, step=step)
        return "done"
    if run.subscription_id:
        held = await subscriptions.find(work, run.subscription_id)
        if held.state in {subscriptions.State.PAST_DUE, subscriptions.State.SUSPENDED}:
            how = subscriptions.Ending(at_once=True, why="it stayed unpaid")
            await subscriptions.cancel(work, held.id, how)
    await ending.close(work, run, Outcome.CANCELED, step=step)
    return "done"


_ACTIONS = {
    Kind.ATTEMPT: _attempt,
    Kind.NOTICE: _notice,
    Kind.END: _end,
    Kind.CLOSE: _close,
}


async def _take_each(work: Work) -> None:
    """Take what is due of each run of the unit's project."""
    due = await _due_after(work, None, PAGE)
    for run_id in dict.fromkeys(each.run_id for each in due):
        await take(work, run_id)


FALLS_DUE = clocks.FallsDue(
    "dunning",
    clocks.first_of(tables.steps.c.due_at, tables.steps.c.done_at.is_(None)),
    _take_each,
)
SCHEDULE = Schedule(take_dunning_steps, every_seconds=EVERY_SECONDS)
