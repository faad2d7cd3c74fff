"""Rows of subscriptions, and their history: read, locked, and written over no one else's change."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import select

from core.db.sets import change_rows, insert_rows, lock_rows
from core.db.together import Collided, Order, Step
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
from core.subscriptions.errors import (
    AlreadySubscribed,
    BilledByProvider,
    SubscriptionChanged,
    SubscriptionNotFound,
)

BY_MAX = 160
_PLAIN = (
    *("project_id", "id", "product_key", "revision", "wallet_id", "time_zone", "anchor_at"),
    *("anchor_day", "period_start_at", "period_end_at", "trial_ends_at", "trial_told_at"),
    "recurring",
    *("cancel_at", "paused_at", "resumes_at", "starts_at", "ended_at", "created_at", "updated_at"),
    "provider_id",
)


async def find(
    work: Work, subscription_id: str, *, lock: bool = False, revision: int | None = None
) -> Subscription:
    """Find a subscription of the unit's project; locked, nobody else changes it meanwhile.

    Raises SubscriptionNotFound, and SubscriptionChanged where it is at another revision.
    """
    if lock:
        found = await work.together(LOCK, subscription_id)
    else:
        s = tables.subscriptions.c
        this = s.project_id == work.project_id, s.id == subscription_id
        row = (await work.execute(select(tables.subscriptions).where(*this))).mappings().first()
        if row is None:
            raise SubscriptionNotFound(subscription_id)
        found = subscription_of(row)
    if revision is not None and revision != found.revision:
        raise SubscriptionChanged(found.id, found.revision)
    return found


async def _lock(
    items: Sequence[tuple[Work, str]],
) -> list[Subscription | SubscriptionNotFound]:
    """Lock subscriptions of any projects, in the one order of their keys."""
    wanted = [(own.project_id, subscription_id) for own, subscription_id in items]
    keys = ("project_id", "id")
    rows = await lock_rows(items[0][0], tables.subscriptions, keys, sorted(set(wanted)), NAMES)
    told = (dict(zip(NAMES, row, strict=True)) for row in rows)
    found = {(row["project_id"], row["id"]): subscription_of(row) for row in told}
    return [found.get(key) or SubscriptionNotFound(key[1]) for key in wanted]


NAMES = tuple(column.name for column in tables.subscriptions.columns)
LOCK: Step[str, Subscription] = Step(Order.KEY + 5, _lock)


async def ours(work: Work, subscription_id: str, *, revision: int | None = None) -> Subscription:
    """Lock a subscription to change it here. Raises BilledByProvider where it is not ours to."""
    found = await find(work, subscription_id, lock=True, revision=revision)
    require_ours(found)
    return found


def require_ours(found: Subscription) -> None:
    if found.provider_id is not None:
        raise BilledByProvider(found.id, found.provider_id)


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
        assert after.revision == before.revision + 1, "every change is a revision further"
        await work.together(CHANGE, after)
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
    await work.leave(TELL, line)


async def _change(items: Sequence[tuple[Work, Subscription]]) -> list[SubscriptionChanged | None]:
    """Write what became of subscriptions, each only over the revision that it came of."""
    rows = [tuple(row_of(after)[name] for name in (*_KEYS, *_REST)) for _, after in items]
    changed = await change_rows(
        items[0][0],
        tables.subscriptions,
        _KEYS,
        _REST,
        rows,
        only="t.revision = k.revision - 1",
    )
    if changed == len(items):
        return [None] * len(items)
    if len(items) > 1:
        raise Collided
    return [SubscriptionChanged(after.id, after.revision - 1) for _, after in items]


async def _tell(items: Sequence[tuple[Work, dict[str, Any]]]) -> list[None]:
    names = tuple(column.name for column in tables.history.columns)
    rows = [tuple(line[name] for name in names) for _, line in items]
    await insert_rows(items[0][0], tables.history, names, rows)
    return [None] * len(items)


_KEYS = ("project_id", "id")
_REST = tuple(name for name in NAMES if name not in _KEYS)
CHANGE: Step[Subscription, None] = Step(Order.LOOK + 7, _change)
TELL: Step[dict[str, Any], None] = Step(Order.TELL - 6, _tell)


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
