"""Tell the provider of a plan: a product for it, a price for each price, archived when we do.

One job for each revision, which leaves one that was overtaken to the next. An object is made under
a key of our row, the same until the call under it is known to have failed; and before one is made
for a product that is there already, what is there is looked at. So whoever dies between the
provider's answer and our record leaves nothing that is made a second time.
"""

import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from core import payments
from core.db.schema import PLATFORM
from core.db.work import Work
from core.jobs import Errand, Failure, JobContext, job
from core.kernel.errors import EngineError, Kind
from core.shelving import events, finding, laying
from core.shelving.expressing import FORMULAS
from core.shelving.finding import short, write_cost
from core.shelving.laying import Task
from core.shelving.model import Shelf, ShelfPrice, ShelfState

KEYS_LIVE = timedelta(hours=20)
"""The provider forgets a key after a day at the earliest; until then it makes nothing twice."""
EVENT_NAMES = "event_names"
"""The port that says under which names usage is exported: `async (work, meter_keys) -> by key`."""
EventNames = Callable[[Work, list[str]], Awaitable[Mapping[str, str]]]


async def _failed(work: Work, failure: Failure, *, plan_id: str, revision: int) -> None:
    shelf = await finding.shelf_of(work, plan_id, lock=True)
    if failure.is_last and shelf and shelf.revision == revision:
        await _refuse(work, shelf, "provider_unavailable", failure.error)


@job("sync_plan", outside=True, failed=_failed)
async def sync_plan(context: JobContext, *, plan_id: str, revision: int) -> None:
    """Have the provider sell the plan as it is sold in this revision, unless there is a later."""
    gateway: payments.PaymentGateway = context.port("gateway")
    names: EventNames = context.port(EVENT_NAMES)
    async with context.begin() as work:
        task = await laying.lay_out(work, plan_id, revision, gateway.limits)
        named = await names(work, sorted(task.meters)) if task else {}
    if task is None:
        return
    try:
        await _Telling(context, gateway, task, named).tell()
    except payments.ProviderObjectMissing as missing:
        if missing.object_id != task.shelf.product_id:
            raise
        # Somebody deleted it there. Forgotten here, it is made again by the next attempt.
        async with context.begin() as work:
            await finding.forget(work, plan_id)
        raise
    except EngineError as error:
        if error.kind is Kind.BUSY:
            raise
        async with context.begin() as work:
            await _refuse(work, task.shelf, error.code, _reason(error))


@dataclass(slots=True)
class _Telling:
    """One attempt at one revision."""

    context: JobContext
    gateway: payments.PaymentGateway
    task: Task
    event_names: Mapping[str, str]

    async def tell(self) -> None:
        was_there = self.task.shelf.product_id
        product_id = await self._product()
        there: list[payments.Price] = []
        if was_there:
            there = [each async for each in self.gateway.prices_of(was_there)]
        refused = []
        for price in self.task.sold:
            if reason := await self._put_up(price, product_id or "", there):
                refused += [f"{price.path} (version {price.version}): {reason}"]
        if not refused:
            # What is sold has its price there: only now may what was sold before go.
            await self._take_down(product_id)
        await self._finish(refused)

    # -- The product ------------------------------------------------------------------------------

    async def _product(self) -> str | None:
        shelf, plan = self.task.shelf, self.task.plan
        if plan.archived_at:
            return shelf.product_id
        draft = payments.ProductDraft(
            id=shelf.product_id,
            name=plan.name,
            description=plan.description,
            metadata={
                "plan_id": plan.id,
                "plan_key": plan.key,
                "product_key": plan.product_key,
            },
        )
        if shelf.product_id:
            await self.gateway.save_product(draft, key=self._key(f"{plan.id}:product"))
            return shelf.product_id
        made = await self._lost_product() or await self._made_product(draft)
        async with self.context.begin() as work:
            await finding.keep_product(work, shelf.plan_id, made)
        self.task = replace(self.task, shelf=replace(shelf, product_id=made))
        return made

    async def _made_product(self, draft: payments.ProductDraft) -> str:
        shelf = self.task.shelf
        key = f"{shelf.plan_id}:product:{shelf.attempt}"
        try:
            return (await self.gateway.save_product(draft, key=key)).id
        except (payments.ProviderFailed, payments.ProviderKeyReused):
            async with self.context.begin() as work:
                await finding.change_shelf(work, shelf, attempt=shelf.attempt + 1)
            raise

    async def _lost_product(self) -> str | None:
        """Find a product that was made under a key that is over, and never written down."""
        shelf, now = self.task.shelf, self.task.now
        if not shelf.attempt and now - shelf.created_at < KEYS_LIVE:
            return None
        since = payments.Window(start=shelf.created_at - timedelta(seconds=1), end=now)
        async for each in self.gateway.products_in(since):
            if each.metadata.get("plan_id") == shelf.plan_id:
                return each.id
        return None

    # -- Prices -----------------------------------------------------------------------------------

    async def _put_up(
        self, price: ShelfPrice, product_id: str, there: list[payments.Price]
    ) -> str | None:
        """Have the price be for sale there. Return why the provider refuses it, if it does."""
        try:
            cost = await self._cost(price)
            found = _found(price, cost, there)
            # One that was there and is not any more was made under a key that is used up.
            attempt = price.attempt + bool(price.external_id and found is None)
            if found is None:
                found = await self._made_price(price, cost, product_id, attempt)
            elif not found.active:
                key = self._key(f"{price.id}:restore")
                await self.gateway.restore_price(found.id, key=key)
            await self._take_down_others(price, found.id, there)
        except payments.ProviderRefused as error:
            async with self.context.begin() as work:
                await finding.change_price(work, price.id, refused=short(_reason(error)))
            return _reason(error)
        async with self.context.begin() as work:
            kept = {"external_id": found.id, "cost": write_cost(cost), "attempt": attempt}
            await finding.change_price(work, price.id, **kept, refused=None, drift=None)
        return None

    async def _cost(self, price: ShelfPrice) -> payments.Cost:
        """Return what it costs with the provider's own meter, which is made if it is not there."""
        assert price.cost is not None, "what the provider cannot express is not put up"
        if price.meter_key is None:
            return price.cost
        meter = self.task.meters[price.meter_key]
        draft = payments.MeterDraft(
            name=meter.name,
            event_name=self.event_names.get(meter.key, meter.key),
            formula=FORMULAS[meter.aggregation],
        )
        made = await self.gateway.save_meter(draft, key=self._key(f"{meter.id}:meter"))
        return replace(price.cost, meter_id=made.id)

    async def _made_price(
        self, price: ShelfPrice, cost: payments.Cost, product_id: str, attempt: int
    ) -> payments.Price:
        draft = payments.ItemPriceDraft(
            product_id=product_id,
            cost=cost,
            name=f"{price.item_key}, version {price.version}, {price.book_key}",
            metadata={
                "price_id": price.id,
                "plan_key": self.task.plan.key,
                "version": str(price.version),
                "item_key": price.item_key,
                "book_key": price.book_key,
            },
        )
        try:
            key = f"{price.id}:{product_id}:{attempt}"
            return await self.gateway.save_item_price(draft, key=key)
        except (payments.ProviderFailed, payments.ProviderKeyReused):
            # It may be there all the same: the next attempt looks before it asks under a new key.
            async with self.context.begin() as work:
                await finding.change_price(work, price.id, attempt=attempt + 1)
            raise

    async def _take_down_others(
        self, price: ShelfPrice, kept: str, there: list[payments.Price]
    ) -> None:
        """Archive what else is sold as this price there: it was made for a meter that is gone."""
        for each in there:
            if each.active and each.id != kept and _is_of(price, each):
                key = self._key(f"{price.id}:{each.id}:archive")
                await self.gateway.archive_price(each.id, key=key)

    async def _take_down(self, product_id: str | None) -> None:
        for each in self.task.unsold:
            key = self._key(f"{each.id}:archive")
            # One that is gone is bought by nobody, which is what was wanted.
            with contextlib.suppress(payments.ProviderObjectMissing):
                await self.gateway.archive_price(each.external_id or "", key=key)
            async with self.context.begin() as work:
                await finding.change_price(work, each.id, archived_at=work.now, drift=None)
        if self.task.plan.archived_at and product_id:
            key = self._key(f"{self.task.plan.id}:archive")
            await self.gateway.archive_product(product_id, key=key)

    async def _finish(self, refused: list[str]) -> None:
        shelf = self.task.shelf
        async with self.context.begin() as work:
            if refused:
                await _refuse(work, shelf, "provider_refused", "; ".join(refused))
                return
            clean = {"code": None, "reason": None, "drift": None}
            await finding.change_shelf(
                work,
                shelf,
                **clean,
                state=str(ShelfState.SYNCED),
                synced_revision=shelf.revision,
                synced_at=work.now,
                checked_at=work.now,
                archived_at=self.task.plan.archived_at,
            )

    def _key(self, root: str) -> str:
        """Name a call that changes what is there to what this revision wants."""
        named = f"{root}:{self.task.shelf.revision}"
        return payments.key_of_attempt(named, self.context.attempt)


def _found(
    price: ShelfPrice, cost: payments.Cost, there: list[payments.Price]
) -> payments.Price | None:
    """Find the price among those of the product: by its id, or made and never written down."""
    for each in there:
        if each.cost == cost and _is_of(price, each):
            return each
    return None


def _is_of(price: ShelfPrice, there: payments.Price) -> bool:
    return price.external_id == there.id or there.metadata.get("price_id") == price.id


def _reason(error: EngineError) -> str:
    return error.reason if isinstance(error, payments.ProviderRefused) else str(error)


async def _refuse(work: Work, shelf: Shelf, code: str, reason: str) -> None:
    why = {"state": str(ShelfState.REFUSED), "code": code, "reason": short(reason)}
    if await finding.change_shelf(work, shelf, **why):
        await events.tell(work, events.PLAN_REFUSED, shelf, short(reason))


def errand_of(plan_id: str, revision: int) -> Errand:
    """Name the job that tells the provider of this revision."""
    return Errand(
        job=sync_plan,
        key=f"{plan_id}:{revision}",
        project_id=PLATFORM,
        arguments={"plan_id": plan_id, "revision": revision},
    )
