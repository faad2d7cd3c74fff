"""A project, plans on the provider's shelf, and a provider that bills them by itself."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from core import (
    catalog,
    exporting,
    inbox,
    jobs,
    payments,
    reconciling,
    shelving,
    stepping,
    subscriptions,
    surface,
)
from core.entitlements import tables as entitlement_tables
from core.jobs import Runtime
from core.kernel.caller import SYSTEM
from core.ledger import tables as ledger_tables
from core.messaging import Relay
from core.messaging.tables import outbox
from core.payers import tables as payer_tables
from core.reconciling import reports
from core.shelving import tables as shelf_tables
from core.stepping import ProviderSubscription, tables
from core.subscriptions import Subscription
from core.subscriptions import tables as subscription_tables
from mcp_server.adapters.local_broker import LocalBroker
from tests.core.checkouts.shop import delivery_of
from tests.core.subscriptions.counter import Counter, credits, day
from tests.fakes.billing import FakeBilling
from tests.fakes.gateway import FakeGateway
from tests.world import PROJECT, World

BEGIN = "2026-03-01"


@dataclass
class Agency:
    world: World
    counter: Counter
    gateway: FakeGateway
    billing: FakeBilling
    customer_id: str = ""
    prices: dict[str, str] = field(default_factory=dict)
    """The provider's name of each plan's fee."""
    heard: set[str] = field(default_factory=set)

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
        """Hear what was told inside, and do what was asked for."""
        broker = LocalBroker(self.world.database, surface.SUBSCRIPTIONS)
        for _ in range(3):
            while await Relay(self.world.database, broker).relay_batch():
                pass
            await jobs.run_due(self.runtime)

    async def publish(self, key: str, amount: str, **more: Any) -> None:
        await self.counter.plan(key, amount, **more)
        await self.work()
        p, s = shelf_tables.prices.c, shelf_tables.shelves.c
        query = (
            select(p.external_id)
            .join(shelf_tables.shelves, s.plan_id == p.plan_id)
            .where(s.plan_key == key, p.book_key == "usd")
        )
        async with self.world.database.read(SYSTEM) as work:
            self.prices[key] = (await work.execute(query)).scalars().first() or ""

    async def hear(self, events: Iterable[payments.ProviderEvent] | None = None) -> None:
        """Deliver what the provider tells that was not delivered yet, or just these, and work."""
        told = self.gateway.provider.events if events is None else events
        for event in list(told):
            if events is None and event.id in self.heard:
                continue
            self.heard.add(event.id)
            async with self.world.database.begin(SYSTEM) as work:
                await inbox.store(work, [delivery_of(event)])
        await self.work()

    async def do(self, wanted: jobs.Job, **arguments: Any) -> None:
        """Have a job done once, and what comes of it."""
        async with self.world.database.begin(SYSTEM) as work:
            await jobs.enqueue(work, wanted, key=work.ids.new("evt"), **arguments)
        await jobs.run_due(self.runtime)
        await self.work()

    async def look(self) -> None:
        """Have the scheduled look at the provider's lists taken."""
        await self.do(stepping.look_at_provider_subscriptions)

    async def reconcile(self) -> reconciling.Reconciliation:
        """Have the provider's lists compared with our books, and return what came of it."""
        now = self.world.clock.now()
        window = payments.Window(start=now - timedelta(days=1), end=now + timedelta(hours=1))
        async with self.world.database.begin(SYSTEM) as work:
            begun = await reconciling.begin(work, window)
        await self.work()
        async with self.world.database.read(SYSTEM) as work:
            return await reports.find_report(work, begun.id)

    async def mirrored(self) -> list[Subscription]:
        """Return the project's subscriptions, the oldest first."""
        s = subscription_tables.subscriptions.c
        query = select(s.id).where(s.project_id == PROJECT).order_by(s.created_at, s.id)
        async with self.world.database.read(SYSTEM) as work:
            here = work.within(PROJECT)
            ids = (await work.execute(query)).scalars().all()
            return [await subscriptions.find(here, each) for each in ids]

    async def one(self) -> Subscription:
        [found] = await self.mirrored()
        return found

    async def holds(self) -> set[str]:
        """Return the plans that the project holds."""
        a = entitlement_tables.assignments.c
        query = select(a.version_id).where(a.project_id == PROJECT, a.closed_at.is_(None))
        async with self.world.database.read(SYSTEM) as work:
            held = (await work.execute(query)).scalars().all()
            return {(await catalog.version_by_id(work, each)).plan_key for each in held}

    async def kept(self) -> list[Any]:
        """Return what is known of the provider's subscriptions."""
        async with self.world.database.read(SYSTEM) as work:
            return list(await work.execute(select(tables.subscriptions)))

    @property
    def provider_id(self) -> str:
        """Return the provider's name of the one subscription there is."""
        [found] = self.gateway.provider.all(ProviderSubscription)
        return found.id

    async def unmatched(self) -> list[tuple[str, str]]:
        """Return what staff were told that nobody here has."""
        query = select(outbox.c.data).where(outbox.c.type == "provider_subscription.unmatched")
        async with self.world.database.read(SYSTEM) as work:
            told = (await work.execute(query)).scalars().all()
        return [(each["provider_id"], each["problem"]) for each in told]

    async def accounts(self) -> dict[str, int]:
        """Return what the project's accounts hold, by role and asset, but for empty ones."""
        a = ledger_tables.accounts.c
        async with self.world.database.read(SYSTEM) as work:
            query = select(a.role, a.asset, a.posted, a.side).where(a.project_id == PROJECT)
            rows = (await work.execute(query)).all()
        return {f"{row.role} {row.asset}": row.posted * row.side for row in rows if row.posted}

    async def must_agree(self) -> None:
        proof = await surface.prove(self.world.database)
        assert proof.clean, [*map(str, proof.differences)]


async def open_agency(world: World) -> Agency:
    counter = await Counter.open(world, at=day(BEGIN))
    gateway = FakeGateway(world.clock)
    agency = Agency(world, counter, gateway, FakeBilling(gateway.provider))
    await agency.publish("pro", "20", included=credits("5000"))
    agency.customer_id = await become_customer(agency)
    return agency


async def there(agency: Agency, key: str) -> str:
    """Have a customer at the provider whom nobody here knows."""
    made = await agency.gateway.save_customer(payments.CustomerDraft(name="Acme"), key=key)
    return made.id


async def become_customer(
    agency: Agency, customer_id: str | None = None, *, generation: int = 1
) -> str:
    """Have the project be a customer there: this one, or a new one."""
    customer_id = customer_id or await there(agency, "cus")
    async with agency.world.database.begin(SYSTEM) as work:
        row = {
            "project_id": PROJECT,
            "generation": generation,
            "external_id": customer_id,
            "created_at": work.now,
            "seen_at": work.now,
        }
        await work.execute(payer_tables.customers.insert(), row)
    return customer_id
