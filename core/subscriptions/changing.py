"""Change, end, pause and take up again: lock the subscription, decide, carry it out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from core import catalog, lifecycles, projects, selling
from core.db.work import Work
from core.lifecycles import Change, Decided, End, Subscription, When
from core.proration import Behaviour
from core.subscriptions import keeping
from core.subscriptions.carrying_out import carry_out
from core.subscriptions.errors import AlreadySubscribed, PlanOfAnotherProduct


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """What a subscription is to become."""

    plan_key: str | None = None
    """None: the version it is on, in other quantities."""
    version: int | None = None
    quantities: Mapping[str, int] | None = None
    """None: as many as there are, of what both plans have."""
    when: When | None = None
    behaviour: Behaviour = Behaviour.PRORATE


async def propose_change(work: Work, before: Subscription, other: Other) -> Decided:
    """Decide what a change comes to. Writes nothing."""
    keeping.require_ours(before)
    old = await selling.sold(work, before.choice, before.asset)
    if other.plan_key is None and other.version is None:
        version = old.version
    else:
        key = other.plan_key or old.version.plan_key
        version = await catalog.find_version(work, key, other.version)
    if version.product_key != before.product_key:
        raise PlanOfAnotherProduct(version.plan_key, version.product_key, before.product_key)
    quantities = other.quantities
    if quantities is None:
        kept = {each.key for each in version.items if each.kind is catalog.ItemKind.RECURRING}
        quantities = {k: n for k, n in before.choice.quantities.items() if k in kept}
    to = await selling.choose_for(work, before, version, quantities)
    await selling.wallet_for(work, version, None)
    how = Change(at=work.now, when=other.when, behaviour=other.behaviour)
    return lifecycles.change(before, old, to, how)


async def change(
    work: Work, subscription_id: str, other: Other, *, revision: int | None = None
) -> Subscription:
    before = await keeping.ours(work, subscription_id, revision=revision)
    return await carry_out(work, before, await propose_change(work, before, other))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    at_once: bool = False
    credit: bool = False
    why: str | None = None


async def cancel(
    work: Work, subscription_id: str, how: Ending, *, revision: int | None = None
) -> Subscription:
    """End it with its period, or at once; what ends with its period is still held until then."""
    before = await keeping.ours(work, subscription_id, revision=revision)
    if how.at_once:
        sold = await selling.sold(work, before.choice, before.asset)
        end = End(at=work.now, credit=how.credit, why=how.why)
        return await carry_out(work, before, lifecycles.cancel(before, sold, end))
    if before.state not in lifecycles.SERVED:
        # Nothing goes on until a period ends: a draft or a pause can only be ended at once.
        lifecycles.after(before.state, lifecycles.Verb.SCHEDULE, before.id)
    return await carry_out(work, before, lifecycles.cancel_at_end(before, work.now, how.why))


async def pause(
    work: Work,
    subscription_id: str,
    *,
    resumes_at: datetime | None = None,
    why: str | None = None,
    revision: int | None = None,
) -> Subscription:
    before = await keeping.ours(work, subscription_id, revision=revision)
    return await carry_out(work, before, lifecycles.pause(before, work.now, resumes_at, why))


async def resume(work: Work, subscription_id: str, *, revision: int | None = None) -> Subscription:
    before = await keeping.ours(work, subscription_id, revision=revision)
    return await carry_out(work, before, lifecycles.resume(before, work.now))


async def reactivate(
    work: Work, subscription_id: str, *, revision: int | None = None
) -> Subscription:
    """Keep what is to end, or begin again what has ended, at the prices it was sold at.

    Raises AlreadySubscribed where another one has taken its place, and PlanArchived where its plan
    is sold no more.
    """
    # Before the row, as whoever creates one does: so that of both only one goes on.
    await projects.lock_project(work)
    before = await keeping.ours(work, subscription_id, revision=revision)
    priced = await selling.priced(work, before, before.choice)
    if before.state in lifecycles.ENDED:
        other = await keeping.live(work, before.product_key)
        if other is not None:
            raise AlreadySubscribed(before.product_key, other.id)
        if priced.sold.version.plan.archived_at:
            raise catalog.PlanArchived(before.choice.plan_key)
    when_paid = not work.caller.is_platform
    decided = lifecycles.reactivate(before, priced, work.now, when_paid=when_paid)
    return await carry_out(work, before, decided)
