"""A catalog with a payment provider beside it, which hears what is published."""

from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from core import catalog, exporting, inbox, jobs, payments, shelving, surface
from core.jobs import Runtime, run_now
from core.kernel.caller import SYSTEM
from core.messaging import Relay
from core.operations.perform import Call, Outcome
from mcp_server.adapters.local_broker import LocalBroker
from tests.core.catalog.shop import Shop
from tests.core.checkouts.shop import delivery_of
from tests.core.shelving.moody import MoodyGateway
from tests.core.wallets.bank import BY_NAME
from tests.fakes.provider import FakeProvider
from tests.world import OPERATOR, World

FEE = {"key": "fee", "name": "Fee", "kind": "recurring"}
CALLS = {"key": "calls", "name": "Calls", "kind": "usage", "meter_key": "calls"}
EACH = {"model": "per_unit", "unit": "0.005"}
TIERS = {
    "model": "graduated",
    "tiers": [{"up_to": "10", "unit": "0.50", "flat": "2"}, {"unit": "0.30"}],
}


def fee(amount: str, **books: str) -> dict[str, Any]:
    prices = {"usd": amount, **books}
    told = {key: {"model": "flat", "amount": each} for key, each in prices.items()}
    return FEE | {"prices": told}


def calls(price: dict[str, Any] = EACH) -> dict[str, Any]:
    return CALLS | {"prices": {"usd": price}}


@dataclass
class Market:
    """Whoever publishes plans, the provider, and the processes between them."""

    world: World
    shop: Shop
    gateway: MoodyGateway
    heard: set[str] = field(default_factory=set)

    @property
    def provider(self) -> FakeProvider:
        return self.gateway.provider

    @property
    def runtime(self) -> Runtime:
        known = {each.name: each for each in surface.JOBS}
        ports = {
            "gateway": self.gateway,
            inbox.HANDLERS: surface.HANDLERS,
            shelving.EVENT_NAMES: exporting.event_names,
        }
        return Runtime(self.world.database, known, ports)

    async def work(self) -> None:
        """Hear what was told, and do what is due."""
        broker = LocalBroker(self.world.database, surface.SUBSCRIPTIONS)
        while await Relay(self.world.database, broker).relay_batch():
            pass
        await jobs.run_due(self.runtime)

    async def daily(self, *, hear: bool = True) -> None:
        """Have the daily look taken, by a process that hears what was told, or not."""
        async with self.world.database.begin(SYSTEM) as work:
            await shelving.SCHEDULES[0].job(work)
        if hear:
            await self.work()
        await jobs.run_due(self.runtime)

    async def try_later(self) -> None:
        """Let an hour go by, in which what failed is tried again until it is given up."""
        for _ in range(8):
            self.world.clock.advance(hours=1)
            await self.work()

    async def publish(self, *items: dict[str, Any], key: str = "pro", **how: Any) -> None:
        """Publish a plan of these items, or its next version, and have it heard."""
        async with self.world.database.read(OPERATOR) as work:
            known = {each.key for each in await catalog.plans_after(work, None, 100)}
        if key in known:
            await self.shop.change(key, items=items)
        else:
            await self.shop.plan(key, items)
        await self.shop.publish(key, **how)
        await self.work()

    async def archive(self, key: str = "pro") -> None:
        async with self.world.database.begin(OPERATOR) as work:
            await catalog.archive_plan(work, key)
        await self.work()

    async def rename(self, name: str, key: str = "pro") -> None:
        async with self.world.database.begin(OPERATOR) as work:
            await catalog.change_plan(work, key, named={"name": name}, terms={})
        await self.work()

    async def hear(self) -> None:
        """Deliver what the provider tells, and handle it."""
        for event in self.provider.events:
            if event.id not in self.heard:
                self.heard.add(event.id)
                async with self.world.database.begin(SYSTEM) as work:
                    await inbox.store(work, [delivery_of(event)])
        await self.work()

    async def ask(self, name: str, **sent: Any) -> Outcome:
        gate = replace(self.world.gate, hasten=partial(run_now, self.runtime))
        return await gate.perform(BY_NAME[name], Call(caller=OPERATOR, arguments=sent, door="test"))

    async def must(self, name: str, **sent: Any) -> dict[str, Any]:
        return (await self.ask(name, **sent)).unwrap()

    async def sync(self, key: str = "pro", **sent: Any) -> dict[str, Any]:
        return await self.must("get_plan_sync", plan_key=key, **sent)

    async def states(self, key: str = "pro", **sent: Any) -> dict[str, str]:
        """Return how each price stands, as `fee usd 1`."""
        told = (await self.sync(key, **sent))["prices"]
        return {
            f"{each['item_key']} {each['book_key']} {each['version']}": each["state"]
            for each in told
        }

    def there(self) -> list[tuple[str, str, bool]]:
        """Return what the provider asks, the oldest first: of what, how much, if for sale."""
        return [
            (
                f"{each.metadata['item_key']} {each.metadata['book_key']}",
                (each.cost.unit or "tiers") if each.cost else "",
                each.active,
            )
            for each in reversed([*self.provider.all(payments.Price)])
        ]

    def products(self) -> list[tuple[str, bool]]:
        found = reversed([*self.provider.all(payments.Product)])
        return [(each.name, each.active) for each in found]


async def open_market(world: World) -> Market:
    return Market(world, await Shop.open(world), MoodyGateway(world.clock))
