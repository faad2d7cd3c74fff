"""Look what is due, and do it, step by step: some subscriptions in a unit, each locked in turn.

Several workers may look at once. Each locks the row and looks again: what another has done is not
due any more. What dies half-way has done nothing, and is due still. A period that was missed is
caught up with, in order, each as a step of its own.
"""

import logging
from collections.abc import Sequence
from contextvars import copy_context
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, select, tuple_

from core import clocks, payers, selling
from core.db.together import run_together
from core.db.work import Database, Work
from core.jobs import JobContext, LeaseLost, Schedule, job
from core.kernel.caller import SYSTEM
from core.lifecycles import AtTrialEnd, Due, Facts, Subscription, fall_due
from core.subscriptions import keeping, tables, waiting
from core.subscriptions.carrying_out import carry_out

EVERY_SECONDS = 15.0
PAGE = 200
GROUP = 100
"""Subscriptions in one unit, which holds the locks of all of them until it is committed.

They are locked at once and in the order of their keys, accounts after them, and the counter of
invoices last: so no two units wait for each other."""
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
    known: selling.Known = {}
    while page := await due_after(context.database, place):
        for n in range(0, len(page), GROUP):
            await _catch_up(context, page[n : n + GROUP], known)
        place = page[-1] if len(page) == PAGE else None
        if place is None:
            return


async def due_after(database: Database, place: Place | None, limit: int = PAGE) -> list[Place]:
    """Return what is due, of every project, the longest due first."""
    async with database.read(SYSTEM) as work:
        return await _due_after(work, place, limit)


async def _due_after(work: Work, place: Place | None, limit: int) -> list[Place]:
    s = tables.subscriptions.c
    order: list[ColumnElement[Any]] = [s.next_due_at, s.project_id, s.id]
    # What the provider bills is due there: no clock of ours moves it.
    is_due = s.next_due_at <= work.now, s.provider_id.is_(None), *work.swept(s.project_id)
    query = select(*order).where(*is_due).order_by(*order).limit(limit)
    if place is not None:
        query = query.where(tuple_(*order) > tuple(place))
    return [Place(row.next_due_at, row.project_id, row.id) for row in await work.execute(query)]


async def _step_each(work: Work) -> None:
    """Take one step of each that is due in the unit's project."""
    for place in await _due_after(work, None, PAGE):
        await step(work, place.id)


async def _catch_up(context: JobContext, due: Sequence[Place], known: selling.Known) -> None:
    """Take their steps, one of each in a unit that they share, until none is due.

    Where the unit fails its halves are done apart, and theirs, until what cannot be done is alone:
    one that fails is no reason to leave the others.
    """
    for _ in range(STEPS_MAX):
        try:
            async with context.begin() as work:
                due = await step_together(work, due, known)
        except LeaseLost:
            raise
        except Exception:
            if len(due) == 1:
                [one] = due
                logger.exception("subscription %s, project %s, failed", one.id, one.project_id)
                return
            middle = len(due) // 2
            await _catch_up(context, due[:middle], known)
            await _catch_up(context, due[middle:], known)
            return
        if not due:
            return


async def step_together(work: Work, due: Sequence[Place], known: selling.Known) -> list[Place]:
    """Take a step of each in this unit, and return those of which another is due already.

    Each runs as if it were alone, and whatever all of them ask of the database is asked once.
    """
    calls = [(copy_context(), _goes_on(work.part_of(each.project_id), each, known)) for each in due]
    further = await run_together(calls)
    return [each for each, goes_on in zip(due, further, strict=True) if goes_on]


async def _goes_on(work: Work, place: Place, known: selling.Known) -> bool:
    """Take a step, and tell whether another is due already."""
    after = await step(work, place.id, known)
    return after is not None and _is_due(work, after)


def _is_due(work: Work, one: Subscription) -> bool:
    return one.next_due_at is not None and one.next_due_at <= work.now


async def step(
    work: Work, subscription_id: str, known: selling.Known | None = None
) -> Subscription | None:
    """Do the one thing that is due first of a subscription of the unit's project.

    None when nothing is due: another worker was faster, or somebody changed it meanwhile.
    """
    before = await keeping.find(work, subscription_id, lock=True)
    due = before.due()
    if due is None or due[0] > work.now:
        return None
    facts = await facts_of(work, before, due[1], known)
    return await carry_out(work, before, fall_due(before, facts), known)


async def facts_of(work: Work, one: Subscription, what: Due, known: selling.Known | None) -> Facts:
    following = await selling.priced(work, one, one.next or one.choice, known)
    held = following.sold
    if one.next is not None:
        held = await selling.sold(work, one.choice, one.asset, known)
    asks = what is Due.CONVERT and one.at_trial_end is AtTrialEnd.EXPIRE
    has_method = bool(await payers.kept_methods(work)) if asks else False
    return Facts(held=held, following=following, has_method=has_method)


SCHEDULES = (Schedule(renew_subscriptions, every_seconds=EVERY_SECONDS), *waiting.SCHEDULES)
_OURS = tables.subscriptions.c.provider_id.is_(None)
FALLS_DUE = clocks.FallsDue(
    "subscriptions", clocks.first_of(tables.subscriptions.c.next_due_at, _OURS), _step_each
)
