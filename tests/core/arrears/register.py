"""A register that bills usage: metered plans, whoever sells them, and a project that uses them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Executable, Table, select, text

from core import arrears, invoicing, messaging, metering, parties, subscriptions, surface
from core.invoicing import Invoice, tables
from core.jobs import Runtime, install, run_due
from core.kernel.caller import SYSTEM
from core.messaging.tables import outbox
from core.subscriptions import Subscription
from core.usage import Event, Verdict
from tests.core.invoicing.office import ACME
from tests.core.subscriptions.counter import Counter, day
from tests.world import OPERATOR, PROJECT, World

CALLS = {"key": "calls", "name": "Calls", "kind": "usage", "meter_key": "calls"}
TOKENS = {"key": "tokens", "name": "Tokens", "kind": "usage", "meter_key": "tokens"}
JOBS = (subscriptions.renew_subscriptions, arrears.bill_usage, arrears.watch_usage)


def priced(item: dict[str, Any], **price: Any) -> dict[str, Any]:
    return item | {"prices": {"usd": price}}


def each(unit: str, item: dict[str, Any] = CALLS) -> dict[str, Any]:
    return priced(item, model="per_unit", unit=unit)


@dataclass
class Register:
    world: World
    counter: Counter
    sent: int = 0

    @classmethod
    async def open(
        cls, world: World, *, at: str = "2026-01-01", time_zone: str = "UTC", sells: bool = True
    ) -> "Register":
        counter = await Counter.open(world, at=day(at), time_zone=time_zone)
        register = cls(world, counter)
        if sells:
            await register.sell()
        return register

    async def sell(self) -> None:
        async with self.world.database.begin(OPERATOR) as work:
            await parties.set_entity(work, replace(ACME, rules=()))

    async def subscribed(self, *items: dict[str, Any], plan: str = "pro") -> Subscription:
        await self.counter.plan(plan, items=items)
        return await self.counter.subscribe(plan)

    async def use(
        self,
        at: str,
        quantity: str | int = 1,
        *,
        times: int = 1,
        meter: str = "calls",
        event_id: str | None = None,
        project_id: str = PROJECT,
        **properties: Any,
    ) -> list[Verdict]:
        events = []
        # Nothing is recorded before it occurred.
        self.world.clock.instant = max(self.world.clock.instant, day(at))
        for _ in range(times):
            self.sent += 1
            events.append(
                Event(
                    event_id=event_id or f"e{self.sent}",
                    meter_key=meter,
                    occurred_at=day(at),
                    quantity=quantity,
                    properties=properties,
                )
            )
        async with self.world.database.begin(OPERATOR) as work:
            verdicts = await metering.record(work.within(project_id), events)
        assert all(each.error is None for each in verdicts), verdicts
        return verdicts

    async def charge(self, event_id: str, at: str = "2026-01-05") -> None:
        """Charge a call to the project's wallet."""
        named = Event(
            event_id=event_id, meter_key="calls", occurred_at=day(at), quantity=1, properties={}
        )
        async with self.world.database.begin(OPERATOR) as work:
            await metering.charge(work.within(PROJECT), named, None)

    async def run(self, until: str | datetime | None = None) -> None:
        """Let everything run that is due, then or now."""
        if until is not None:
            self.world.clock.instant = day(until) if isinstance(until, str) else until
        async with self.world.database.begin(SYSTEM) as work:
            await install(work, (*subscriptions.SCHEDULES, *arrears.SCHEDULES))
        known = {each.name: each for each in surface.JOBS if each in JOBS}
        for _ in range(2):
            # What is renewed waits for the other job, which may have looked before.
            await run_due(Runtime(self.world.database, known))
            self.world.clock.advance(seconds=61)

    async def invoices(self) -> list[Invoice]:
        """Return invoices of usage, the oldest first."""
        i = tables.invoices.c
        query = select(i.id).where(i.reference.startswith("usage:")).order_by(i.id)
        async with self.world.database.read(SYSTEM) as work:
            ids = [row.id for row in await work.execute(query)]
            here = work.within(PROJECT)
            return [await invoicing.find(here, each) for each in ids]

    async def told(self) -> list[tuple[str, list[str]]]:
        """Say of each invoice of usage its state, and its lines with their amounts."""
        return [
            (str(one.state), [f"{n.description} = {n.amount.decimal}" for n in one.lines])
            for one in await self.invoices()
        ]

    async def found(self) -> Sequence[str]:
        proof = await surface.prove(self.world.database)
        return [str(each) for each in proof.differences]

    async def tell(self) -> None:
        """Have whoever listens in the engine hear what was told, in its order."""
        query = select(outbox).order_by(outbox.c.id)
        async with self.world.database.read(SYSTEM) as work:
            rows = list((await work.execute(query)).mappings())
        for row in rows:
            names = ("id", "project_id", "type", "object_id", "occurred_at", "data")
            event = messaging.Event(invocation_id=None, **{name: row[name] for name in names})
            for listening in subscriptions.SUBSCRIPTIONS:
                if listening.wants(event.type):
                    await messaging.consume(self.world.database, listening, event)


async def tamper(world: World, table: Table, change: Executable) -> None:
    """Change what nobody may, with its guards taken away for a moment."""
    async with world.owner() as connection:
        name = table.name
        if connection.dialect.name == "postgresql":
            await connection.execute(text(f"alter table {name} disable trigger user"))
            await connection.execute(change)
            await connection.execute(text(f"alter table {name} enable trigger user"))
            return
        query = "select name, sql from sqlite_master where type = 'trigger' and tbl_name = :name"
        guards = (await connection.execute(text(query), {"name": name})).all()
        for guard in guards:
            await connection.execute(text(f"drop trigger {guard.name}"))
        await connection.execute(change)
        for guard in guards:
            await connection.exec_driver_sql(guard.sql)
