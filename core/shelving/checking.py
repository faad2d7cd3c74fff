"""Look once a day at all that stands on the shelf: an event can be lost, and then nobody hears."""

from core import catalog, jobs, payments
from core.catalog import Plan
from core.db.work import Work
from core.jobs import JobContext, Schedule, job
from core.shelving import asking, finding, noting
from core.shelving.model import ShelfState

PAGE = 200
DAY_SECONDS = 86_400
UNAVAILABLE = "provider_unavailable"


@job("check_plan_sync", outside=True)
async def check_plan_sync(context: JobContext, *, plan_id: str) -> None:
    """Compare a plan with what the provider has, and note what differs."""
    async with context.begin() as work:
        shelf = await finding.shelf_of(work, plan_id)
    if shelf is None or shelf.product_id is None or shelf.state is ShelfState.WAITING:
        return
    gateway: payments.PaymentGateway = context.port("gateway")
    try:
        product = await gateway.read_product(shelf.product_id)
    except payments.ProviderObjectMissing:
        product = None
    there = {each.id: each async for each in gateway.prices_of(shelf.product_id)}
    async with context.begin() as work:
        now = await finding.shelf_of(work, plan_id, lock=True)
        if now is None or now.revision != shelf.revision:
            return  # it was told anew meanwhile, and what was read is old
        await noting.note_product(work, plan_id, product)
        for price in await finding.every_price_of(work, plan_id):
            await noting.note_price(work, price, there.get(price.external_id or ""))
        await finding.change_shelf(work, shelf, checked_at=work.now)


@job("check_plan_syncs")
async def check_plan_syncs(work: Work) -> None:
    """Have every plan looked at; and told of, where the provider was never told or was away."""
    after: str | None = None
    while plans := await catalog.plans_after(work, after, PAGE, archived=True):
        for plan in plans:
            await _look(work, plan)
        after = plans[-1].key


async def _look(work: Work, plan: Plan) -> None:
    shelf = await finding.shelf_of(work, plan.id)
    was_away = shelf and shelf.state is ShelfState.REFUSED and shelf.code == UNAVAILABLE
    if shelf is None or was_away:
        if shelf or plan.archived_at is None:
            await asking.ask(work, plan)
        return
    key = f"{plan.id}:{work.now.date()}"
    await jobs.enqueue(work, check_plan_sync, key=key, plan_id=plan.id)


SCHEDULES = (Schedule(check_plan_syncs, every_seconds=DAY_SECONDS),)
