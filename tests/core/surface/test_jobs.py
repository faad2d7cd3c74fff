"""What the engine does of itself."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from core import audit, jobs, messaging
from core.audit import tables
from core.jobs import Runtime
from core.kernel.caller import SYSTEM
from core.messaging.tables import outbox
from core.surface import SCHEDULES
from core.surface.jobs import SEAL_LEASE
from tests.fakes.gateway import FakeGateway
from tests.world import OPERATOR, World

pytestmark = pytest.mark.anyio

JOBS = {each.job.name: each.job for each in SCHEDULES}


async def note(world: World, times: int = 1) -> None:
    async with world.database.begin(OPERATOR) as work:
        for _ in range(times):
            await audit.record(work, "key.revoked", "key_1")


async def sealed(world: World) -> int:
    async with world.database.read(SYSTEM) as work:
        return (await work.execute(select(func.sum(tables.seals.c.row_count)))).scalar() or 0


async def install(world: World) -> Runtime:
    async with world.database.begin(SYSTEM) as work:
        await jobs.install(work, SCHEDULES)
    return Runtime(world.database, JOBS, {"gateway": FakeGateway(world.clock)})


async def test_every_minute_what_was_noted_is_sealed(world: World) -> None:
    runtime = await install(world)
    await note(world, times=3)
    world.clock.advance(seconds=3)
    assert await jobs.run_due(runtime) == len(SCHEDULES)
    assert await sealed(world) == 3

    await note(world, times=2)
    world.clock.advance(minutes=1)

    assert await jobs.run_due(runtime) == len([e for e in SCHEDULES if e.every_seconds <= 60])
    assert await sealed(world) == 5


async def test_two_sealers_seal_each_row_once(world: World) -> None:
    runtime = await install(world)
    await note(world, times=3)
    world.clock.advance(seconds=3)

    await asyncio.gather(*(jobs.run_due(runtime) for _ in range(4)))

    assert await sealed(world) == 3
    async with world.database.read(SYSTEM) as work:
        assert (await jobs.backlog(work)).buried == 0


async def test_while_another_holds_the_lease_of_sealing_nothing_is_sealed(world: World) -> None:
    runtime = await install(world)
    await note(world)
    world.clock.advance(seconds=3)
    async with world.database.begin(SYSTEM) as work:
        lease = await jobs.acquire(work, SEAL_LEASE, holder="another", seconds=90)
    assert lease
    await jobs.run_due(runtime)
    assert await sealed(world) == 0

    async with world.database.begin(SYSTEM) as work:
        await jobs.release(work, lease)
    world.clock.advance(minutes=1)
    await jobs.run_due(runtime)

    assert await sealed(world) == 1


async def test_what_is_too_old_for_a_repeat_is_forgotten(world: World) -> None:
    runtime = await install(world)
    async with world.database.begin(SYSTEM) as work:
        await messaging.publish(work, "wallet.credited", "wal_1", {})
        await work.execute(update(outbox).values(dispatched_at=work.now))
    world.clock.advance(timedelta(days=36))

    await jobs.run_due(runtime)

    async with world.database.read(SYSTEM) as work:
        assert (await work.execute(select(func.count()).select_from(outbox))).scalar() == 0
