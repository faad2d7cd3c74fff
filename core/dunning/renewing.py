"""Tell of a renewal before it comes, once, while there is time to change or to end it.

The due date is a row, written when a period begins. When its time comes the subscription is looked
at again: of what will not renew, or renews at another time by now, nothing is told.
"""

import logging
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, select, tuple_, update

from core import catalog, clocks, lifecycles, subscriptions
from core.campaigns import days_after
from core.db.upsert import insert_if_absent
from core.db.work import Database, Work
from core.dunning import campaigns, events, letters, tables
from core.jobs import JobContext, LeaseLost, Schedule, job
from core.kernel.caller import SYSTEM
from core.messaging import Event
from core.messaging import Subscription as Listening
from core.subscriptions import State, Subscription

EVERY_SECONDS = 300.0
PAGE = 200

logger = logging.getLogger(__name__)


class Place(NamedTuple):
    """Where a look at what is due goes on: what fails stays due, and is not looked at again."""

    due_at: datetime
    project_id: str
    subscription_id: str
    renews_at: datetime


async def period_begun(work: Work, event: Event) -> None:
    """Note when it is to be told of the end of a period that has begun."""
    held = await subscriptions.find(work, event.object_id)
    if not _renews(held):
        return
    campaign = await campaigns.for_product(work, held.product_key)
    shortest = timedelta(days=campaign.renewal_interval_days_min)
    is_long = held.period_end_at - held.period_start_at >= shortest
    if campaign.renewal_notice_days is None or not is_long:
        return
    at = days_after(held.period_end_at, -campaign.renewal_notice_days, held.zone)
    if at <= event.occurred_at:
        # Whoever comes back so late in a period has just seen when it ends.
        return
    row = {
        "project_id": work.project_id,
        "subscription_id": held.id,
        "renews_at": held.period_end_at,
        "due_at": at,
    }
    await insert_if_absent(work, tables.renewals, row)


def _renews(held: Subscription) -> bool:
    return held.state is State.ACTIVE and held.cancel_at is None


@job("tell_of_renewals", outside=True)
async def tell_of_renewals(context: JobContext) -> None:
    """Tell of every renewal whose time has come, each in a unit of its own."""
    place: Place | None = None
    while page := await due_after(context.database, place):
        for each in page:
            await _tell(context, each)
        if len(page) < PAGE:
            return
        place = page[-1]


async def due_after(database: Database, place: Place | None, limit: int = PAGE) -> list[Place]:
    """Return what is to be told, of every project, the longest due first."""
    async with database.read(SYSTEM) as work:
        return await _due_after(work, place, limit)


async def _due_after(work: Work, place: Place | None, limit: int) -> list[Place]:
    n = tables.renewals.c
    order: list[ColumnElement[Any]] = [n.due_at, n.project_id, n.subscription_id, n.renews_at]
    is_due = n.done_at.is_(None), n.due_at <= work.now, *work.swept(n.project_id)
    query = select(*order).where(*is_due).order_by(*order).limit(limit)
    if place is not None:
        query = query.where(tuple_(*order) > tuple(place))
    found = await work.execute(query)
    return [Place(row.due_at, row.project_id, row.subscription_id, row.renews_at) for row in found]


async def _tell(context: JobContext, place: Place) -> None:
    try:
        async with context.begin() as work:
            await tell(work.within(place.project_id), place.subscription_id, place.renews_at)
    except LeaseLost:
        raise
    except Exception:
        one = place.subscription_id
        logger.exception("renewal notice of %s, project %s, failed", one, place.project_id)


async def tell(work: Work, subscription_id: str, renews_at: datetime) -> bool:
    """Tell of a renewal of the unit's project, if nobody has and it still comes."""
    n = tables.renewals.c
    this = (
        n.project_id == work.project_id,
        n.subscription_id == subscription_id,
        n.renews_at == renews_at,
        n.done_at.is_(None),
    )
    # Taken first: whoever comes second waits here, and then has nothing to tell.
    taken = update(tables.renewals).where(*this).values(done_at=work.now, result="done")
    if (await work.execute(taken)).rowcount != 1:
        return False
    held = await subscriptions.find(work, subscription_id)
    comes = held.period_end_at == renews_at and work.now < renews_at
    bill = await _foreseen(work, held) if comes and _renews(held) else None
    if bill is None or not bill.is_owed:
        change = update(tables.renewals).where(*this[:3]).values(result="nothing_to_tell")
        await work.execute(change)
        return False
    choice = held.next or held.choice
    plan = await catalog.find_plan(work, choice.plan_key)
    await letters.send_renewal(work, plan.name, renews_at, bill.total)
    told = {"renews_at": renews_at.isoformat(), "amount": bill.total.decimal}
    await events.tell(work, events.WILL_RENEW, held.id, currency=str(bill.asset), **told)
    return True


async def _foreseen(work: Work, held: Subscription) -> lifecycles.Bill | None:
    """Return what the renewal will bill, as far as it is known by now."""
    facts = await subscriptions.facts_of(work, held, lifecycles.Due.RENEW, None)
    return lifecycles.fall_due(held, facts).bill


SUBSCRIPTION = Listening(
    "dunning.renewals",
    tuple(
        f"subscription.{each}"
        for each in (
            *("created", "activated", "trial_converted", "renewed", "changed", "scheduled"),
            *("recovered", "resumed", "reactivated"),
        )
    ),
    period_begun,
)


async def _tell_each(work: Work) -> None:
    """Tell of each renewal of the unit's project whose time has come."""
    for each in await _due_after(work, None, PAGE):
        await tell(work, each.subscription_id, each.renews_at)


FALLS_DUE = clocks.FallsDue(
    "renewal notices",
    clocks.first_of(tables.renewals.c.due_at, tables.renewals.c.done_at.is_(None)),
    _tell_each,
)
SCHEDULE = Schedule(tell_of_renewals, every_seconds=EVERY_SECONDS)
