"""A counter at which plans are subscribed to: what the tests of subscriptions begin with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from core import catalog, ledger, subscriptions, subscriptions_proof, wallets
from core.jobs import Runtime, install, run_due
from core.kernel.caller import SYSTEM, Caller
from core.kernel.money import Asset, Money
from core.kernel.proving import Proof
from core.ledger_proof import prove
from core.messaging.tables import outbox
from core.subscriptions import Billed, Ending, Other, Subscription, Wanted, tables
from tests.core.catalog.shop import FEE, written
from tests.core.catalog.shop import plan as named_plan
from tests.core.entitlements.house import House
from tests.world import OPERATOR, PROJECT, World

CREDIT = Asset.parse("CREDIT/6")
MONTH = catalog.Interval(catalog.IntervalUnit.MONTH)
YEAR = catalog.Interval(catalog.IntervalUnit.YEAR)


def day(text: str) -> datetime:
    """Read a day, or a time, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def credits(amount: str, *, rollover: str | None = None, days: int | None = None) -> Any:
    return catalog.IncludedCredits(
        amount=Money.of(amount, CREDIT),
        rollover_max=None if rollover is None else Money.of(rollover, CREDIT),
        expires_after_days=days,
    )


def fee(amount: str) -> dict[str, Any]:
    return FEE | {"prices": {"usd": {"model": "flat", "amount": amount}}}


SEATS = {
    "key": "seats",
    "name": "Seats",
    "kind": "recurring",
    "prices": {"usd": {"model": "per_unit", "unit": "5"}},
}
SETUP = {
    "key": "setup",
    "name": "Set-up",
    "kind": "one_time",
    "prices": {"usd": {"model": "flat", "amount": "50"}},
}


@dataclass
class Counter:
    """Plans of the product `app`, and a project that subscribes to them."""

    world: World
    house: House
    wallet_id: str = ""

    @classmethod
    async def open(
        cls, world: World, *, at: datetime | None = None, time_zone: str = "UTC"
    ) -> "Counter":
        if at is not None:
            world.clock.instant = at
        counter = cls(world, await House.open(world, time_zone=time_zone))
        told = await counter.house.staff("create_wallet", name="Credits", asset="CREDIT/6")
        counter.wallet_id = told["id"]
        return counter

    async def plan(
        self,
        key: str,
        amount: str = "10",
        *,
        items: Sequence[Mapping[str, Any]] | None = None,
        product: str = "app",
        **terms: Any,
    ) -> catalog.PlanVersion:
        """Publish a plan with a flat fee, or with these items."""
        async with self.world.database.begin(OPERATOR) as work:
            named = named_plan(work, key)
            fields = {name: getattr(named, name) for name in named.__slots__}
            told = await written(work, items or [fee(amount)], (), **terms)
            plan = catalog.Plan(**fields | {"product_key": product})
            await catalog.create_plan(work, plan, told)
            return await catalog.publish(work, key)

    async def subscribe(
        self, plan_key: str, *, project_id: str = PROJECT, caller: Caller = OPERATOR, **more: Any
    ) -> Subscription:
        async with self.world.database.begin(caller) as work:
            wanted = Wanted(plan_key=plan_key, **more)
            return await subscriptions.create(work.within(project_id), wanted)

    async def change(
        self, one: Subscription, plan_key: str | None = None, **more: Any
    ) -> Subscription:
        revision = more.pop("revision", None)
        async with self.world.database.begin(OPERATOR) as work:
            other = Other(plan_key=plan_key, **more)
            here = work.within(one.project_id)
            return await subscriptions.change(here, one.id, other, revision=revision)

    async def cancel(self, one: Subscription, **how: Any) -> Subscription:
        async with self.world.database.begin(OPERATOR) as work:
            return await subscriptions.cancel(work.within(one.project_id), one.id, Ending(**how))

    async def do(self, verb: Any, one: Subscription, /, **more: Any) -> Subscription:
        async with self.world.database.begin(OPERATOR) as work:
            done: Subscription = await verb(work.within(one.project_id), one.id, **more)
            return done

    async def now(self, one: Subscription) -> Subscription:
        async with self.world.database.read(SYSTEM) as work:
            return await subscriptions.find(work.within(one.project_id), one.id)

    async def bills(self, one: Subscription) -> list[Billed]:
        async with self.world.database.read(SYSTEM) as work:
            return await subscriptions.of_subscription(work.within(one.project_id), one.id)

    async def told(self, one: Subscription) -> list[tuple[str, str, str]]:
        """Say of each bill why, for the days from when, and how much."""
        return [
            (each.reason, f"{each.period_start_at:%Y-%m-%d}", each.total.decimal)
            for each in await self.bills(one)
        ]

    async def pay(self, one: Subscription) -> Subscription:
        """Pay what is owed."""
        for each in await self.bills(one):
            if each.paid_at is None:
                async with self.world.database.begin(SYSTEM) as work:
                    await subscriptions.paid(work.within(one.project_id), each.id)
        return await self.now(one)

    async def history(self, one: Subscription) -> list[tuple[int, str, str | None, str]]:
        h = tables.history.c
        query = select(tables.history).where(h.subscription_id == one.id).order_by(h.revision)
        async with self.world.database.read(SYSTEM) as work:
            rows = list(await work.execute(query))
        return [(row.revision, row.verb, row.before, row.after) for row in rows]

    async def times(self, happened: str) -> int:
        """Say how often this was told."""
        query = select(outbox.c.id).where(outbox.c.type == happened)
        async with self.world.database.read(SYSTEM) as work:
            return len(list(await work.execute(query)))

    async def run(self, *, until: datetime | None = None) -> None:
        """Let the worker run, now or at that time."""
        if until is not None:
            self.world.clock.instant = until
        await run_due(await self.runtime())

    async def runtime(self) -> Runtime:
        async with self.world.database.begin(SYSTEM) as work:
            await install(work, subscriptions.SCHEDULES)
        known = [each.job for each in subscriptions.SCHEDULES]
        return Runtime(self.world.database, {each.name: each for each in known})

    async def credits(self) -> str:
        """Say how many credits can be spent."""
        async with self.world.database.read(SYSTEM) as work:
            here = work.within(PROJECT)
            held = await wallets.balances(here, [self.wallet_id])
        return held[self.wallet_id].available.decimal

    async def spend(self, amount: str) -> None:
        async with self.world.database.begin(SYSTEM) as work:
            here = work.within(PROJECT)
            spent = ledger.flows.CHARGE.draw(
                here,
                Money.of(amount, CREDIT),
                reference=f"test:{work.ids.new('tst')}",
                source=self.wallet_id,
            )
            await ledger.post(here, spent)

    async def holds(self, one: Subscription) -> str | None:
        """Say which plan the project holds."""
        told = await self.house.staff("list_plan_assignments")
        held = [each for each in told["items"] if each["active"]]
        assert all(each["source"] == one.source for each in held)
        return held[0]["plan_key"] if held else None

    async def proven(self) -> Proof:
        """Recompute the books."""
        proof = Proof()
        async with self.world.database.read(SYSTEM) as work:
            await prove(work, proof)
            await subscriptions_proof.prove(work, proof)
        return proof
