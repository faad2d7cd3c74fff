"""A project with a test clock, what it is subscribed to, and another project beside it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select

from auth.operations import OPERATIONS as AUTH_OPERATIONS
from core import clocks, printing, surface
from core.db.schema import metadata
from core.invoicing import booking
from core.jobs import Job, Runtime, install, run_due
from core.kernel.caller import SYSTEM
from core.kernel.ids import compose
from core.messaging import Subscription
from core.operations.perform import Call, Outcome
from tests.core.subscriptions.counter import Counter
from tests.fakes.renderer import FakeRenderer
from tests.world import OPERATOR, PROJECT, World

BY_NAME = {each.name: each for each in (*surface.OPERATIONS, *AUTH_OPERATIONS)}
OTHER = compose("prj", 2)


@dataclass
class Lab:
    counter: Counter
    consumers: Sequence[Subscription] = surface.SUBSCRIPTIONS
    falling_due: Sequence[clocks.FallsDue] = surface.FALLING_DUE
    more_jobs: Sequence[Job] = field(default_factory=list)

    @classmethod
    async def open(cls, world: World, *, at: datetime, time_zone: str = "UTC") -> "Lab":
        lab = cls(await Counter.open(world, at=at, time_zone=time_zone))
        await lab.counter.house.project(OTHER, time_zone=time_zone)
        await lab.must("create_wallet", project_id=OTHER, name="Credits", asset="CREDIT/6")
        await lab.must("create_test_clock", project_id=PROJECT)
        return lab

    @property
    def world(self) -> World:
        return self.counter.world

    async def ask(self, name: str, /, **sent: Any) -> Outcome:
        call = Call(caller=OPERATOR, arguments=sent, door="test")
        return await self.world.gate.perform(BY_NAME[name], call)

    async def must(self, name: str, /, **sent: Any) -> dict[str, Any]:
        return (await self.ask(name, **sent)).unwrap()

    async def advance(self, **said: Any) -> dict[str, Any]:
        """Ask for it, let the worker do it, and tell what the clock shows then."""
        await self.must("advance_test_clock", project_id=PROJECT, **said)
        await self.work()
        return await self.clock()

    async def clock(self) -> dict[str, Any]:
        return await self.must("get_test_clock", project_id=PROJECT)

    async def work(self, *, schedules: bool = False) -> None:
        if schedules:
            async with self.world.database.begin(SYSTEM) as work:
                await install(work, surface.SCHEDULES)
        await run_due(self.runtime)

    @property
    def runtime(self) -> Runtime:
        jobs = {each.name: each for each in (*surface.JOBS, *self.more_jobs)}
        ports = {
            clocks.FALLING_DUE: self.falling_due,
            clocks.CONSUMERS: self.consumers,
            printing.PRINTER: FakeRenderer(),
        }
        quiet = {"export_usage", "reconcile_payments", "watch_wallets"}
        return Runtime(
            self.world.database, {n: each for n, each in jobs.items() if n not in quiet}, ports
        )

    async def recognized(self, invoice_id: str) -> list[datetime]:
        """Say at which instants revenue was earned of this invoice of the project."""
        t = metadata.tables["ledger_transactions"].c
        ours = t.reference.startswith(f"invoice:{invoice_id}:")
        query = select(t.posted_at).where(t.project_id == PROJECT, t.kind == booking.EARNED, ours)
        async with self.world.database.read(SYSTEM) as work:
            return [row.posted_at for row in await work.execute(query.order_by(t.id))]


async def rows_of(world: World, project_id: str) -> list[str]:
    """Return every row of every table that names a project in any column."""
    found = []
    async with world.database.read(SYSTEM) as work:
        for name, table in metadata.tables.items():
            rows = (await work.execute(select(table))).all()
            found += [f"{name} {row!r}" for row in rows if project_id in tuple(row)]
    return sorted(found)
