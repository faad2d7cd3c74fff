"""Carry out what was decided about a subscription: the same few steps, whatever it was.

In this order, in one unit: the row, under its revision; the history; the plan that the project
holds; the bill, once for its period; what a bill brings that nobody has to pay; its invoice.
"""

from dataclasses import replace

from core import catalog, dues, entitlements, lifecycles, selling
from core.db.work import Work
from core.lifecycles import Decided, State, Subscription
from core.subscriptions import events, granting, keeping, metered, recurring


async def carry_out(
    work: Work,
    before: Subscription | None,
    decided: Decided,
    known: selling.Known | None = None,
) -> Subscription:
    """Write all of it, and return what the subscription is now."""
    # Before the bill, which uses up discounts that still come off what it is for.
    after = await recurring.counted(work, before, decided)
    decided = replace(decided, after=after)
    await keeping.write(work, before, decided)
    await _hold(work, before, after)
    await events.tell(work, before, decided)
    kept = await dues.keep(work, after, decided.bill) if decided.bill is not None else None
    is_paid = kept is not None and kept.billed.paid_at is not None
    if kept is not None and is_paid:
        await granting.grant(work, after, kept.billed)
    await granting.roll_over(work, after)
    await metered.follow(work, before, decided, known)
    if kept is not None:
        # Behind everything that locks accounts: from here on others wait for the number.
        await dues.settle(work, after, kept)
    if before is not None and before.state is State.DRAFT and after.state in lifecycles.ENDED:
        await dues.drop(work, before, decided.why)
    if is_paid and after.state is State.DRAFT:
        # What was kept of earlier bills has paid it.
        return await carry_out(work, after, lifecycles.activate(after, work.now))
    return after


async def _hold(work: Work, before: Subscription | None, after: Subscription) -> None:
    """Have the project hold what it is subscribed to, for as long as it is served."""
    served = before is not None and before.state in lifecycles.SERVED
    if after.state in lifecycles.SERVED:
        if served and before is not None and _same(before, after):
            return
        version = await catalog.version_by_id(work, after.choice.version_id)
        await entitlements.assign(
            work, work.project_id, version, source=after.source, anchor_at=after.anchor_at
        )
    elif served:
        await entitlements.withdraw(work, work.project_id, after.product_key, source=after.source)


def _same(before: Subscription, after: Subscription) -> bool:
    return (before.choice.version_id, before.anchor_at) == (
        after.choice.version_id,
        after.anchor_at,
    )
