"""Mirror a subscription that the provider bills: a row like any other, which our clock never moves.

So at most one of a product goes on in a project, whoever bills it.
"""

from dataclasses import dataclass
from datetime import datetime

from core import catalog, lifecycles, projects, subscriptions
from core.db.work import Work
from core.kernel.money import Asset
from core.lifecycles import Decided, Seen, State, Subscription, Verb


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """What there is at the provider, and what we call it."""

    id: str
    provider_id: str
    product_key: str
    asset: Asset
    starts_at: datetime
    seen: Seen


async def mirror(work: Work, original: Original) -> Subscription:
    """Bring our row up to the provider's; what nobody has paid of ours gives way to a new one.

    Raises AlreadySubscribed where another one of the product goes on: it is not replaced.
    """
    # As whoever creates one does: so that of two at once the second sees the first.
    await projects.lock_project(work)
    try:
        now = await subscriptions.find(work, original.id, lock=True)
    except subscriptions.SubscriptionNotFound:
        now = await _begin(work, original)
    while decided := lifecycles.follow(now, original.seen, work.now):
        now = await subscriptions.carry_out(work, now, decided)
    return now


async def _begin(work: Work, original: Original) -> Subscription:
    seen = original.seen
    other = await subscriptions.live(work, original.product_key)
    if other is not None and seen.state not in lifecycles.ENDED:
        if other.state is not State.DRAFT or other.provider_id is not None:
            raise subscriptions.AlreadySubscribed(original.product_key, other.id)
        instead = lifecycles.expire(other, work.now, "another one was begun at the provider")
        await subscriptions.carry_out(work, other, instead)
    starts_at = await _after_others(work, original)
    version = await catalog.version_by_id(work, seen.choice.version_id)
    over = seen.state in lifecycles.ENDED
    new = Subscription(
        project_id=work.project_id,
        id=original.id,
        product_key=original.product_key,
        state=seen.state,
        revision=1,
        choice=seen.choice,
        asset=original.asset,
        wallet_id=await subscriptions.wallet_for(work, version, None),
        time_zone=(await projects.get_project(work)).time_zone,
        interval=seen.interval,
        anchor_at=seen.anchor_at,
        period_start_at=seen.period_start_at,
        period_end_at=seen.period_end_at,
        trial_ends_at=seen.trial_ends_at,
        cancel_at=None if over else seen.cancel_at,
        paused_at=work.now if seen.state is State.PAUSED else None,
        starts_at=starts_at,
        ended_at=max(starts_at, seen.ended_at or work.now) if over else None,
        provider_id=original.provider_id,
        created_at=work.now,
        updated_at=work.now,
    )
    told = {"billed_by": "provider"}
    return await subscriptions.carry_out(
        work, None, Decided(after=new, verb=Verb.CREATE, told=told)
    )


async def _after_others(work: Work, original: Original) -> datetime:
    """Return when it began here: not before the one before it of its product was over."""
    last: datetime | None = await subscriptions.last_end(work, original.product_key)
    return max(last, original.starts_at) if last else original.starts_at
