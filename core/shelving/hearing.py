"""Hear what becomes of plans: here, where they are published, and at the provider.

The provider's events leave tiers out and may be old, so that what changed is read anew.
"""

from collections.abc import Awaitable
from datetime import datetime
from typing import TypeVar

from core import catalog, jobs, payments
from core.db.schema import PLATFORM
from core.db.work import Work
from core.inbox import Hearing
from core.jobs import job
from core.messaging import Event, Subscription
from core.shelving import asking, finding, noting

T = TypeVar("T")

# -- Ours ------------------------------------------------------------------------------------------


async def plan_changed(work: Work, event: Event) -> None:
    """Have the provider told of a plan that was published, archived or renamed."""
    told = event.data.get("after") or event.data
    plan = await catalog.find_plan(work, told["plan_key"])
    if event.type == "plan.updated":
        shelf = await finding.shelf_of(work, plan.id)
        if shelf is None or shelf.name == plan.name or plan.archived_at:
            return
    await asking.ask(work, plan)
    since = told.get("effective_at")
    if since and (at := datetime.fromisoformat(since)) > work.now:
        # Until then the version before is sold; what it costs is archived when that ends.
        platform, key = work.within(PLATFORM), told["version_id"]
        await jobs.enqueue(platform, plan_takes_effect, key=key, run_at=at, plan_key=plan.key)


@job("plan_takes_effect")
async def plan_takes_effect(work: Work, *, plan_key: str) -> None:
    """Have the provider told that another version of the plan is sold from now on."""
    await asking.ask(work, await catalog.find_plan(work, plan_key))


SUBSCRIPTION = Subscription(
    "shelving", ("plan.published", "plan.archived", "plan.updated"), plan_changed
)

# -- The provider's --------------------------------------------------------------------------------


async def product_changed(hearing: Hearing) -> bool:
    """Compare a plan with its product that was changed, or deleted. False if it is no plan's."""
    object_id = hearing.event.object_id or ""
    async with hearing.begin() as work:
        shelf = await finding.shelf_of_product(work, object_id)
    if shelf is None:
        return False
    seen = await hearing.standing()
    gateway: payments.PaymentGateway = hearing.port("gateway")
    product = await _read(gateway.read_product(object_id))
    async with hearing.begin() as work:
        await hearing.follow(work, seen)
        await noting.note_product(work, shelf.plan_id, product)
        await hearing.handled(work)
    return True


async def price_changed(hearing: Hearing) -> bool:
    """Compare a price of a plan with what became of it there. False if it is no plan's."""
    object_id = hearing.event.object_id or ""
    async with hearing.begin() as work:
        known = await finding.price_by_external(work, object_id)
    if known is None:
        return False
    seen = await hearing.standing()
    gateway: payments.PaymentGateway = hearing.port("gateway")
    price = await _read(gateway.read_price(object_id))
    async with hearing.begin() as work:
        await hearing.follow(work, seen)
        if ours := await finding.price_by_external(work, object_id):
            await noting.note_price(work, ours, price)
        await hearing.handled(work)
    return True


async def _read(reading: Awaitable[T]) -> T | None:
    """Return the object as it is now, or None if it is there no more."""
    try:
        return await reading
    except payments.ProviderObjectMissing:
        return None
