"""Whatever is killed under load, nothing that was acknowledged is lost or doubled."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from tests import servers
from tests.processes import Child
from tests.soak.books import Journal
from tests.soak.ground import on_postgres, on_sqlite
from tests.soak.load import Load
from tests.soak.script import CALLS, ROUND, script
from tests.soak.sizes import KILLS, OPERATIONS, SECONDS

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(SECONDS)]

CLIENTS = 24
WITHOUT_REDIS = 10
"""Calls that are answered while it is away."""
FAULT_SECONDS = 120.0
"""Within this a fault is over: everybody saw it, what was gone is back, and is used again."""
log = logging.getLogger("soak")
Fault = Callable[[], Awaitable[None]]


@pytest.fixture
def postgres() -> Iterator[Child]:
    with servers.own_postgres(servers.DURABLE) as server:
        yield server


@pytest.fixture
def redis() -> Iterator[Child]:
    with servers.redis_server() as server:
        yield server


async def test_nothing_acknowledged_is_lost_when_server_database_and_redis_are_killed(
    postgres: Child, redis: Child, tmp_path: Path
) -> None:
    ground = await on_postgres(postgres, tmp_path)
    async with ground.serving(redis_url=redis.url) as server:
        journal = Journal(ground)
        await journal.begin(server.url)
        load = Load(ground, server.url, script(ground, OPERATIONS), journal)

        async def database_killed() -> None:
            await _away(load, postgres, postgres.kill)

        async def database_restarted() -> None:
            await _away(load, postgres, postgres.stop)

        faults: list[Fault] = []
        for n in range(KILLS):
            of_database = database_restarted if n % 4 == 3 else database_killed
            faults.append(of_database if n % 2 else lambda: _kill_server(load, server))
        faults.insert(len(faults) // 2, lambda: _without_redis(load, redis))
        await _under_load(load, OPERATIONS, faults)

        assert load.acknowledged.count == OPERATIONS
        await journal.compare(server.url)


async def test_nothing_acknowledged_is_lost_when_a_server_on_a_file_is_killed(
    tmp_path: Path,
) -> None:
    operations = max(OPERATIONS // 25 // ROUND, 1) * ROUND
    ground = await on_sqlite(tmp_path)
    async with ground.serving() as server:
        journal = Journal(ground)
        await journal.begin(server.url)
        load = Load(ground, server.url, script(ground, operations), journal)
        kills = max(KILLS // 4, 1)
        await _under_load(load, operations, [lambda: _kill_server(load, server)] * kills)

        assert load.acknowledged.count == operations
        await journal.compare(server.url)


async def _under_load(load: Load, operations: int, faults: list[Fault]) -> None:
    """Let the clients work, with the faults spread evenly over what they do."""
    calls = operations // ROUND * CALLS
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(load.run(CLIENTS))
        for n, fault in enumerate(faults, 1):
            await load.answered.reaches(calls * n // (len(faults) + 1))
            async with asyncio.timeout(FAULT_SECONDS):
                await fault()
            log.info(
                "%d operations acknowledged, fault %d of %d is over; Busy so far: %d",
                load.acknowledged.count, n, len(faults), load.busy.count,
            )  # fmt: skip
    log.info("%d operations acknowledged in %d calls", load.acknowledged.count, calls)


async def _kill_server(load: Load, server: Child) -> None:
    """Kill it while clients wait for an answer; they ask on when there is one again."""
    before = load.gone.count
    load.served.clear()
    server.kill()
    await load.gone.reaches(before + 1)
    await server.come_back()
    load.served.set()


async def _away(load: Load, database: Child, end: Callable[[], None]) -> None:
    """Take the database away until every client could be told Busy, and let it come back.

    The server is not touched: it must find its way back by itself, and nobody may be cut off.
    """
    busy, gone = load.busy.count, load.gone.count
    load.stored.clear()
    end()
    await load.busy.reaches(busy + CLIENTS)
    await database.come_back()
    load.stored.set()
    await load.answered.reaches(load.answered.count + 1)
    assert load.gone.count == gone, "a server answers, whatever becomes of its database"


async def _without_redis(load: Load, redis: Child) -> None:
    """Nobody notices: what is shared through it is kept in the process until it is back."""
    busy = load.busy.count
    redis.kill()
    await load.answered.reaches(load.answered.count + WITHOUT_REDIS)
    await redis.come_back()
    await load.answered.reaches(load.answered.count + WITHOUT_REDIS)
    assert load.busy.count == busy, "a call without Redis is answered like any other"
