"""A unit of work that is cut off half-way leaves nothing behind: no row, no lock, no connection."""

import asyncio

import pytest
from sqlalchemy import text

from core import ledger
from tests.core.ledger.books import ADA, balances, charge, open_wallet, unit
from tests.world import World

pytestmark = pytest.mark.anyio

SLOW = {
    "sqlite": "with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000000) "
    "select count(*) from n",
    "postgresql": "select pg_sleep(0.6)",
}


async def test_whoever_comes_after_a_cancelled_unit_does_not_wait_for_it(world: World) -> None:
    await open_wallet(world, ADA, "10")
    slow = text(SLOW[world.engines.writer.dialect.name])

    async def cut_off(n: int) -> None:
        async with unit(world) as work:
            await ledger.post(work, charge(work, "1", f"c:{n}"))
            await work.execute(slow)

    for n in range(3):
        task = asyncio.create_task(cut_off(n))
        await asyncio.sleep(0.2)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        async with asyncio.timeout(4):
            await open_wallet(world, ADA)

    assert await balances(world) == {"ada": "10.00", "promotions": "10.00"}


async def test_a_unit_that_is_still_open_when_the_pools_are_closed_ends_first(world: World) -> None:
    begun, ended = asyncio.Event(), False

    async def late() -> None:
        nonlocal ended
        async with unit(world) as work:
            begun.set()
            await work.execute(text("select 1"))
            await asyncio.sleep(0.1)
            await work.execute(text("select 1"))
        ended = True

    task = asyncio.create_task(late())
    await begun.wait()
    await world.engines.dispose()

    assert ended
    await task
