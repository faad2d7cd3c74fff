"""Rows of subscriptions, and their history: read, locked, and written over no one else's change."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import insert, select, update

from core.db.upsert import insert_if_absent
from core.db.work import Work
from core.kernel.money import Asset
from core.lifecycles import (
    AtTrialEnd,
    Choice,
    Decided,
    State,
    Subscription,
    read_discounts,
    write_discounts,
)
from core.proration import Interval, Unit
from core.subscriptions import tables
from core.subscriptions.errors import AlreadySubscribed, SubscriptionChanged, SubscriptionNotFound

BY_MAX = 160
_PLAIN = (
    *("project_id", "id", "product_key", "revision", "wallet_id", "time_zone", "anchor_at"),
    *("anchor_day", "period_start_at", "period_end_at", "trial_ends_at", "trial_told_at"),
    "recurring",
    *("cancel_at", "paused_at", "resumes_at", "starts_at", "ended_at", "created_at", "updated_at"),
)


async def find(
    work: Work, subscription_id: str, *, lock: bool = False, revision: int | None = None
) -> Subscription:
    """Find a subscription of the unit's project; locked, nobody else changes it meanwhile.

    Raises SubscriptionNotFound, and SubscriptionChanged where it is at another revision.
    """
    s = tables.subscriptions.c
    query = select(tables.subscriptions).where(
        s.project_id == work.project_id, s.id == subscription_id
    )
    row = (await work.execute(query.with_for_update() if lock else query)).mappings().first()
    if row is None:
        raise SubscriptionNotFound(subscription_id)
    found = subscription_of(row)
    if revision is not None and revision != found.revision:
        raise SubscriptionChanged(found.id, found.revision)
    return found


async def live(work: Work, product_key: str) -> Subscription | None:
    """Return the project's one subscription of a product that has not ended, locked."""
    s = tables.subscriptions.c
    query = select(tables.subscriptions).where(
        s.project_id == work.project_id, s.product_key == product_key, s.ended_at.is_(None)
    )
    row = (await work.execute(query.with_for_update())).mappings().first()
    return subscription_of(row) if row else None


async def had_trial(work: Work, product_key: str) -> bool:
    """Tell whether a trial of this product ever began for the project."""
    s, h = tables.subscriptions.c, tables.history.c
    query = (
        select(h.revision)
        .join(tables.subscriptions, (s.project_id == h.project_id) & (s.id == h.subscription_id))
        .where(
            s.project_id == work.project_id,
            s.product_key == product_key,
            h.after == str(State.TRIALING),
        )
    )
    return (await work.execute(query.limit(1))).first() is not None


async def write(work: Work, before: Subscription | None, decided: Decided) -> None:
    """Write what was decided, and the line of the history that says who did it and why.

    Raises AlreadySubscribed where the database knows another that goes on, and SubscriptionChanged
    where somebody was faster.
    """
    after = decided.after
    if before is None:
        if not await insert_if_absent(work, tables.subscriptions, row_of(after)):
            raise AlreadySubscribed(after.product_key, None)
    else:
        s = tables.subscriptions.c
        this = (
            s.project_id == work.project_id,
            s.id == after.id,
            s.state == str(before.state),
            s.revision == before.revision,
        )
        changed = update(tables.subscriptions).where(*this).values(row_of(after))
        if (await work.execute(changed)).rowcount != 1:
            raise SubscriptionChanged(after.id, before.revision)
    line = {
        "project_id": after.project_id,
        "subscription_id": after.id,
        "revision": after.revision,
        "verb": str(decided.verb),
        "before": str(before.state) if before else None,
        "after": str(after.state),
        "effective_at": after.updated_at,
        "done_at": work.now,
        "done_by": work.caller.subject[:BY_MAX],
        "why": decided.why,
        "told": dict(decided.told),
        **_recurs(before, after),
    }
    await work.execute(insert(tables.history), line)


def _recurs(before: Subscription | None, after: Subscription) -> dict[str, Any]:
    """Say what recurs from then on, or nothing where it is what it was."""
    had = (before.paid_for, before.interval) if before else (0, after.interval)
    has = (after.paid_for, after.interval)
    changed = has != had and (has[0] or had[0])
    return {
        "recurring": after.paid_for if changed else None,
        "interval_unit": str(after.interval.unit) if changed else None,
        "interval_count": after.interval.count if changed else None,
    }


def row_of(subscription: Subscription) -> dict[str, Any]:
    following = subscription.next
    return {name: getattr(subscription, name) for name in _PLAIN} | {
        "state": str(subscription.state),
        "choice": asdict(subscription.choice),
        "next": asdict(following) if following else None,
        "asset": str(subscription.asset),
        "interval_unit": str(subscription.interval.unit),
        "interval_count": subscription.interval.count,
        "discounts": write_discounts(subscription.discounts),
        "at_trial_end": str(subscription.at_trial_end),
        "next_due_at": subscription.next_due_at,
    }


def subscription_of(row: Any) -> Subscription:
    return Subscription(
        state=State(row["state"]),
        choice=Choice(**row["choice"]),
        next=Choice(**row["next"]) if row["next"] else None,
        asset=Asset.parse(row["asset"]),
        interval=Interval(Unit(row["interval_unit"]), row["interval_count"]),
        discounts=read_discounts(row["discounts"]),
        at_trial_end=AtTrialEnd(row["at_trial_end"]),
        **{name: row[name] for name in _PLAIN},
    )
