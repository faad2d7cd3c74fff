"""Create a subscription, or show what creating it would do: the same steps, without the writing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from core import catalog, coupons, lifecycles, payers, projects, selling
from core.db.work import Work
from core.kernel.money import Money
from core.lifecycles import AtTrialEnd, Decided, Sold, State, Subscription, Trial
from core.operations.fields import money
from core.subscriptions import keeping
from core.subscriptions.carrying_out import carry_out
from core.subscriptions.errors import AlreadySubscribed, MethodRequired


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What somebody wants to subscribe to."""

    plan_key: str
    version: int | None = None
    currency: str | None = None
    quantities: Mapping[str, int] = field(default_factory=dict)
    wallet_id: str | None = None
    trial_days: int | None = None
    """None: as many as the plan has, once for each project and product."""
    trial_price: str | None = None
    at_trial_end: AtTrialEnd = AtTrialEnd.EXPIRE
    needs_method: bool = False
    when_paid: bool = False


@dataclass(frozen=True, slots=True)
class Proposed:
    decided: Decided
    longer: Sequence[coupons.Redemption]
    """What makes its trial longer, and is used up by it."""


async def propose(work: Work, wanted: Wanted) -> Proposed:
    """Decide what the subscription would be. Writes nothing."""
    version = await catalog.find_version(work, wanted.plan_key, wanted.version)
    asset = await selling.currency(work, version, wanted.currency)
    priced = await selling.choose(work, version, asset, wanted.quantities)
    wallet_id = await selling.wallet_for(work, version, wanted.wallet_id)
    project = await projects.get_project(work)
    subscription_id = work.ids.new("sub")
    priced = replace(priced, discounts=await selling.discounts(work, asset, subscription_id))
    trial, longer = await _trial(work, wanted, priced.sold)
    new = Subscription(
        project_id=work.project_id,
        id=subscription_id,
        product_key=version.product_key,
        state=State.ACTIVE,
        revision=1,
        choice=priced.choice,
        asset=asset,
        wallet_id=wallet_id,
        time_zone=project.time_zone,
        interval=priced.sold.interval,
        anchor_at=work.now,
        period_start_at=work.now,
        period_end_at=work.now,
        starts_at=work.now,
        created_at=work.now,
        updated_at=work.now,
    )
    decided = lifecycles.begin(new, priced, trial=trial, when_paid=wanted.when_paid)
    return Proposed(decided, longer)


async def create(work: Work, wanted: Wanted) -> Subscription:
    """Create it. A draft that nobody paid gives way; anything else that goes on does not."""
    # First, and for the whole unit: of two who create at once the second sees the first.
    await projects.lock_project(work)
    proposed = await propose(work, wanted)
    new = proposed.decided.after
    other = await keeping.live(work, new.product_key)
    if other is not None:
        if other.state is not State.DRAFT:
            raise AlreadySubscribed(new.product_key, other.id)
        instead = lifecycles.expire(other, work.now, "another one was created instead")
        await carry_out(work, other, instead)
    for each in proposed.longer:
        await coupons.consume(work, each.id, period=f"{new.id}:trial")
    return await carry_out(work, None, proposed.decided)


async def _trial(
    work: Work, wanted: Wanted, sold: Sold
) -> tuple[Trial | None, Sequence[coupons.Redemption]]:
    """Decide whether it begins with a trial, and how long that is made by coupons."""
    product, days = sold.version.product_key, wanted.trial_days
    longer: Sequence[coupons.Redemption] = ()
    if days is None:
        if await keeping.had_trial(work, product):
            return None, ()
        longer = await coupons.trials(work, work.project_id, product)
        days = sold.version.trial_days + sum(each.coupon.trial_days or 0 for each in longer)
    if not days:
        return None, ()
    if wanted.needs_method and not await payers.kept_methods(work):
        raise MethodRequired(sold.version.plan_key)
    told = wanted.trial_price
    price: Money | None = money(told, sold.asset, "trial_price") if told else None
    return Trial(days=days, price=price, at_end=wanted.at_trial_end), longer
