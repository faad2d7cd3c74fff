"""Look what is due, and do it: one subscription, one step and one unit at a time.

Several workers may look at once. Each locks the row and looks again: what another has done is not
due any more. What dies half-way has done nothing, and is due still. A period that was missed is
caught up with, in order, each as a step of its own.
"""

import logging
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, select, tuple_

from core import payers
from core.db.work import Database, Work
from core.jobs import JobContext, LeaseLost, Schedule, job
from core.kernel.caller import SYSTEM
from core.lifecycles import AtTrialEnd, Due, Facts, Subscription, fall_due
from core.subscriptions import keeping, selling, tables
from core.subscriptions.carrying_out import carry_out

EVERY_SECONDS = 15.0
PAGE = 200
STEPS_MAX = 1_000
"""So many steps of one subscription in one run: a daily one that was forgotten for years."""

logger = logging.getLogger(__name__)


class Place(NamedTuple):
    """Where a look at what is due goes on: what fails stays due, and is not looked at again."""

    due_at: datetime
    project_id: str
    id: str


@job("renew_subscriptions", outside=True)
async def renew_subscriptions(context: JobContext) -> None:
    """Do everything that is due."""
    place: Place | None = None
    while page := await due_after(context.database, place):
        for each in page:
            await _catch_up(context, each)
        place = page[-1] if len(page) == PAGE else None
        if place is None:
            return


async def due_after(database: Database, place: Place | None, limit: int = PAGE) -> list[Place]:
    """Return what is due, of every project, the longest due first."""
    s = tables.subscriptions.c
    order: list[ColumnElement[Any]] = [s.next_due_at, s.project_id, s.id]
    async with database.read(SYSTEM) as work:
        query = select(*order).where(s.next_due_at <= work.now).order_by(*order).limit(limit)
        if place is not None:
            query = query.where(tuple_(*order) > tuple_(*place))
        return [Place(row.next_due_at, row.project_id, row.id) for row in await work.execute(query)]


async def _catch_up(context: JobContext, due: Place) -> None:
    """Take its steps until none is due. One that fails is no reason to leave the others."""
    try:
        for _ in range(STEPS_MAX):
            async with context.begin() as work:
                if not await step(work.within(due.project_id), due.id):
                    return
    except LeaseLost:
        raise
    except Exception:
        logger.exception("subscription %s, project %s, was not renewed", due.id, due.project_id)


async def step(work: Work, subscription_id: str) -> bool:
    """Do the one thing that is due first of a subscription of the unit's project.

    False when nothing is due: another worker was faster, or somebody changed it meanwhile.
    """
    before = await keeping.find(work, subscription_id, lock=True)
    due = before.due()
    if due is None or due[0] > work.now:
        return False
    await carry_out(work, before, fall_due(before, await _facts(work, before, due[1])))
    return True


async def _facts(work: Work, before: Subscription, what: Due) -> Facts:
    following = await selling.priced(work, before, before.next or before.choice)
    held = following.sold
    if before.next is not None:
        held = await selling.sold(work, before.choice, before.asset)
    asks = what is Due.CONVERT and before.at_trial_end is AtTrialEnd.EXPIRE
    has_method = bool(await payers.kept_methods(work)) if asks else False
    return Facts(held=held, following=following, has_method=has_method)


SCHEDULES = (Schedule(renew_subscriptions, every_seconds=EVERY_SECONDS),)
