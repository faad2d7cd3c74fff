"""Hear what became of a bill: for whoever collects. Each may be told again, and changes nothing."""

from core import dues, lifecycles, messaging, selling
from core.db.work import Work
from core.lifecycles import State, Subscription
from core.subscriptions import events, granting, keeping
from core.subscriptions.carrying_out import carry_out


async def paid(work: Work, bill_id: str) -> Subscription:
    """Note that a bill of the unit's project is paid, whichever way it came to be known.

    Its credits are granted once, a draft begins, and what was past due or suspended goes on when
    nothing is owed any more.
    """
    billed = await dues.find(work, bill_id)
    before = await keeping.find(work, billed.subscription_id, lock=True)
    if not await dues.mark(work, bill_id, paid_at=work.now):
        return before
    await messaging.publish(work, events.PAID, before.id, dues.facts_of(billed))
    after = await _go_on(work, before, billed)
    await granting.grant(work, after, billed)
    return after


async def _go_on(work: Work, before: Subscription, billed: dues.Billed) -> Subscription:
    if _waits_for(before, billed):
        return await carry_out(work, before, lifecycles.activate(before, work.now))
    if before.state in {State.PAST_DUE, State.SUSPENDED}:
        if await dues.has_failed(work, before.id):
            return before
        priced = await selling.priced(work, before, before.choice)
        return await carry_out(work, before, lifecycles.recover(before, priced, work.now))
    return before


def _waits_for(before: Subscription, billed: dues.Billed) -> bool:
    is_first = billed.period_start_at == before.period_start_at
    return before.state is State.DRAFT and is_first


async def write_off(work: Work, bill_id: str, why: str) -> Subscription:
    """Note that nobody owes a bill any more, though nobody paid it. It brings no credits.

    A draft that waited for it expires; what was past due or suspended for it goes on.
    """
    billed = await dues.find(work, bill_id)
    before = await keeping.find(work, billed.subscription_id, lock=True)
    if not await dues.mark(work, bill_id, written_off_at=work.now):
        return before
    await messaging.publish(work, events.WRITTEN_OFF, before.id, dues.facts_of(billed))
    if _waits_for(before, billed):
        return await carry_out(work, before, lifecycles.expire(before, work.now, why))
    return await _go_on(work, before, billed)


async def failed(work: Work, bill_id: str) -> Subscription:
    """Note that a payment of a bill failed: what is active is past due from then on."""
    billed = await dues.find(work, bill_id)
    before = await keeping.find(work, billed.subscription_id, lock=True)
    if await dues.mark(work, bill_id, failed_at=work.now) and before.state is State.ACTIVE:
        return await carry_out(work, before, lifecycles.fail(before, work.now))
    return before


async def suspend(work: Work, subscription_id: str) -> Subscription:
    """Revoke access where what is owed stayed unpaid. Raises NotInState unless it is past due."""
    before = await keeping.ours(work, subscription_id)
    return await carry_out(work, before, lifecycles.suspend(before, work.now))
