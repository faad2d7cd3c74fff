"""What is read of subscriptions, of every project: what recurs now, and how it came to be so."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Subquery, and_, func, select

from core.db.work import Work
from core.dues import tables as dues
from core.kernel.money import Asset
from core.lifecycles import PAYING, State
from core.proration import Interval, Unit
from core.subscriptions import tables


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the subscriptions of one currency, state and interval come to together, now."""

    asset: Asset
    state: State
    interval: Interval
    count: int
    recurring: int
    """For each interval, in smallest units; whether it is paid for is a matter of the state."""


async def standing(work: Work) -> Sequence[Standing]:
    """Add up what every project is subscribed to now, by currency, state and interval."""
    s = tables.subscriptions.c
    by = (s.asset, s.state, s.interval_unit, s.interval_count)
    query = select(*by, func.count().label("number"), func.sum(s.recurring).label("recurring"))
    return [
        Standing(
            asset=Asset.parse(row.asset),
            state=State(row.state),
            interval=Interval(Unit(row.interval_unit), row.interval_count),
            count=row.number,
            recurring=int(row.recurring or 0),
        )
        for row in await work.execute(query.where(s.ended_at.is_(None)).group_by(*by).order_by(*by))
    ]


async def stopped(work: Work, since: datetime) -> dict[Asset, int]:
    """Count the subscriptions that were paid for, are not since then, and did not come back.

    Of every project, by currency. Its index makes it cost what stopped, and not what ever was.
    """
    h, s = tables.history.c, tables.subscriptions.c
    one = select(h.project_id, h.subscription_id, s.asset).distinct()
    ended = (
        one.join(
            tables.subscriptions, and_(s.project_id == h.project_id, s.id == h.subscription_id)
        )
        .where(h.recurring == 0, h.effective_at >= since, s.state.not_in(map(str, PAYING)))
        .subquery()
        .c
    )
    query = select(ended.asset, func.count().label("number")).group_by(ended.asset)
    return {Asset.parse(row.asset): row.number for row in await work.execute(query)}


async def failing(work: Work) -> dict[Asset, int]:
    """Count the bills that are owed although somebody tried to pay them, by currency."""
    b = dues.bills.c
    query = (
        select(b.asset, func.count().label("number"))
        .where(b.failed_at.is_not(None), b.paid_at.is_(None), b.written_off_at.is_(None))
        .group_by(b.asset)
    )
    return {Asset.parse(row.asset): row.number for row in await work.execute(query)}


def recurred(asset: Asset) -> Subquery:
    """Return, as something to join with, every change of what recurs in a currency.

    For reports, which are of all projects: `project_id, subscription_id, revision, verb, why,
    effective_at, recurring, interval_unit, interval_count`.
    """
    h, s = tables.history.c, tables.subscriptions.c
    return (
        select(
            *(h.project_id, h.subscription_id, h.revision, h.verb, h.why, h.effective_at),
            *(h.recurring, h.interval_unit, h.interval_count),
        )
        .join(
            tables.subscriptions,
            and_(s.project_id == h.project_id, s.id == h.subscription_id),
        )
        .where(h.recurring.is_not(None), s.asset == str(asset))
        .subquery()
    )


def history_lines() -> Subquery:
    """Return, as something to join with, every line of every history, with its currency."""
    h, s = tables.history.c, tables.subscriptions.c
    return (
        select(
            *(h.project_id, h.subscription_id, h.revision, h.verb, h.before, h.after),
            *(h.effective_at, s.asset),
        )
        .join(
            tables.subscriptions,
            and_(s.project_id == h.project_id, s.id == h.subscription_id),
        )
        .subquery()
    )
