"""A customer whose usage is copied to the provider's meter, and a worker that copies it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from core import exporting, jobs
from core.db.work import Work
from core.exporting import tables
from core.inbox import STRIPE, Delivery, Endpoint, store
from core.kernel.caller import SYSTEM, Role
from core.payments import ProviderEvent, UsageDraft
from tests.core.checkouts.shop import Shop
from tests.core.wallets.bank import must, open_project, open_wallet
from tests.fakes.gateway import FakeGateway
from tests.world import OPERATOR, World, agent

METER = {
    "key": "tokens",
    "name": "Tokens",
    "aggregation": "sum",
    "unit": "token",
    "property": "tokens",
    "price": "0.01",
    "asset": "CREDIT/6",
}
TERMS: dict[str, Any] = {"meter_key": "tokens", "event_name": "llm_tokens"}
PRICED: dict[str, Any] = TERMS | {
    "currency": "USD/2",
    "tiers": [{"up_to": 1000, "unit_price": "0.002"}, {"unit_price": "0.001", "flat_price": "5"}],
}
REPORTED = "v1.billing.meter.error_report_triggered"
NO_METER = "v1.billing.meter.no_meter_found"


class Counter(Shop):
    """A shop that sells by the meter."""

    async def start(self, **changes: Any) -> dict[str, Any]:
        return await self.must("start_usage_export", OPERATOR, **(TERMS | changes))

    async def stop(self) -> dict[str, Any]:
        return await self.must("stop_usage_export", OPERATOR, meter_key="tokens")

    async def export(self) -> dict[str, Any]:
        """Return how the export of the meter stands."""
        page = await self.must("list_usage_exports", OPERATOR)
        return next(each for each in page["items"] if each["meter_key"] == "tokens")

    async def errors(self, **sent: Any) -> dict[str, str]:
        """Return why events were not counted, by their ids."""
        page = await self.must("list_usage_export_errors", OPERATOR, **sent)
        return {each["event_id"]: each["code"] for each in page["items"]}

    async def become_customer(self, project: str = "") -> None:
        await self.must("create_portal_session", agent(Role.ADMIN, project or self.project))

    async def use(self, *event_ids: str, project: str = "", **more: Any) -> None:
        """Record one use of seven tokens under each id."""
        uses = [
            {"event_id": each, "meter_key": "tokens", "properties": {"tokens": 7}} | more
            for each in event_ids
        ]
        told = await self.must(
            "record_usage", OPERATOR, project_id=project or self.project, events=uses
        )
        assert {each["status"] for each in told["events"]} == {"accepted"}, told

    @asynccontextmanager
    async def earlier(self, **by: float) -> AsyncIterator[None]:
        """Do something as a process whose unit began, or whose clock is, so much earlier."""
        self.world.clock.advance(-timedelta(**by))
        yield
        self.world.clock.advance(timedelta(**by))

    async def tick(self, **by: float) -> None:
        """Let a minute pass, or more, then do what is due."""
        self.world.clock.advance(timedelta(**(by or {"seconds": 60})))
        await jobs.run_due(self.runtime)

    async def states(self) -> dict[str, str]:
        """Return what became of the copies, by their events' ids."""
        c = tables.copies.c
        async with self.world.database.read(SYSTEM) as work:
            return {
                each.event_id: each.state
                for each in await work.execute(select(c.event_id, c.state))
            }

    async def identifier(self, event_id: str) -> str:
        c = tables.copies.c
        async with self.world.database.read(SYSTEM) as work:
            query = select(c.identifier).where(c.event_id == event_id)
            return str((await work.execute(query)).scalar_one())

    @property
    def counted(self) -> list[UsageDraft]:
        """What the provider has counted, each event once."""
        return [*self.gateway.usage.values()]

    def sent(self, how: str) -> int:
        """Return how often an event arrived there in this way."""
        return sum(1 for each, _ in self.gateway.told_usage if each == how)

    async def report(self, *identifiers: str, **more: Any) -> None:
        """Have the provider report that it did not count these, and hear it."""
        code = more.get("code", "meter_event_invalid_value")
        count = more.get("count", len(identifiers))
        meter, event_id = more.get("meter", True), self.provider.new("evt")
        samples = [
            {"error_message": "It is no number.", "request": {"identifier": each}}
            for each in identifiers
        ]
        kinds = [{"code": code, "error_count": count, "sample_errors": samples}]
        told = ProviderEvent(
            id=event_id,
            type=REPORTED if meter else NO_METER,
            occurred_at=self.world.clock.now(),
            live=False,
            api_version=None,
            object_type="billing.meter" if meter else None,
            object_id=(await self.export())["provider_meter_id"] if meter else None,
            payload={
                "id": event_id,
                "object": "v2.core.event",
                "data": {
                    "developer_message_summary": f"There are {count} invalid events.",
                    "reason": {"error_count": count, "error_types": kinds},
                },
            },
        )
        self.provider.events.append(told)
        await self.deliver(told)

    async def deliver(self, told: ProviderEvent) -> None:
        """Deliver a thin event, which names its object and little more, and handle it."""
        async with self.world.database.begin(SYSTEM) as work:
            await store(work, [thin(told)])
        await jobs.run_due(self.runtime)


def thin(told: ProviderEvent) -> Delivery:
    return Delivery(
        source=STRIPE,
        external_id=told.id,
        endpoint=Endpoint.THIN,
        type=told.type,
        object_id=told.object_id,
        api_version=None,
        livemode=False,
        occurred_at=told.occurred_at,
        payload={"id": told.id, "object": "v2.core.event", "type": told.type},
    )


async def schedule(work: Work) -> None:
    await jobs.install(work, exporting.SCHEDULES)


async def open_counter(world: World, gateway: Any = None) -> Counter:
    """Have a customer with a wallet, and a meter that is not exported."""
    counter = Counter(world, gateway or FakeGateway(world.clock))
    counter.project = await open_project(world)
    counter.wallet = await open_wallet(world, counter.project, asset="CREDIT/6")
    await must(world, "create_meter", OPERATOR, **METER)
    await counter.become_customer()
    async with world.database.begin(SYSTEM) as work:
        await schedule(work)
    await counter.tick()
    return counter
