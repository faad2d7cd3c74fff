"""One holder at a time, and no write of anyone who held it before."""

import asyncio
from collections import Counter

import pytest

from core import jobs
from core.jobs import Lease, LeaseLost
from core.kernel.caller import SYSTEM
from tests.world import World

pytestmark = pytest.mark.anyio


async def acquire(world: World, holder: str = "ada") -> Lease | None:
    async with world.database.begin(SYSTEM) as work:
        return await jobs.acquire(work, "sealing", holder=holder, seconds=30)


async def held(world: World, holder: str) -> Lease:
    lease = await acquire(world, holder)
    assert lease
    return lease


async def test_of_ten_who_want_a_lease_one_has_it(world: World) -> None:
    leases = await asyncio.gather(*(acquire(world, f"holder {n}") for n in range(10)))

    assert Counter(each is not None for each in leases) == {False: 9, True: 1}


async def test_of_ten_who_want_a_lease_that_ran_out_one_has_it(world: World) -> None:
    await held(world, "ada")
    world.clock.advance(seconds=30)

    leases = await asyncio.gather(*(acquire(world, f"holder {n}") for n in range(10)))

    assert [each.token for each in leases if each] == [2]


async def test_a_lease_is_handed_over_when_it_runs_out_or_is_released(world: World) -> None:
    ada = await held(world, "ada")
    world.clock.advance(seconds=29)
    assert await acquire(world, "bob") is None

    world.clock.advance(seconds=1)
    bob = await held(world, "bob")
    async with world.database.begin(SYSTEM) as work:
        await jobs.release(work, bob)
    cleo = await held(world, "cleo")

    assert [each.token for each in (ada, bob, cleo)] == [1, 2, 3]


async def test_a_renewed_lease_is_kept_longer(world: World) -> None:
    ada = await held(world, "ada")
    world.clock.advance(seconds=20)
    async with world.database.begin(SYSTEM) as work:
        ada = await jobs.renew(work, ada, seconds=30)

    world.clock.advance(seconds=20)

    assert await acquire(world, "bob") is None
    assert ada.until == world.clock.now().replace(second=50)


async def test_a_stalled_holder_s_unit_is_rolled_back_and_it_cannot_renew_or_release(
    world: World,
) -> None:
    stalled = await held(world, "ada")
    world.clock.advance(seconds=30)
    current = await held(world, "bob")

    with pytest.raises(LeaseLost):
        async with world.database.begin(SYSTEM) as work:
            await jobs.require(work, stalled)
    with pytest.raises(LeaseLost):
        async with world.database.begin(SYSTEM) as work:
            await jobs.renew(work, stalled, seconds=30)
    async with world.database.begin(SYSTEM) as work:
        await jobs.release(work, stalled)
        await jobs.require(work, current)
    assert await acquire(world, "cleo") is None


async def test_nobody_takes_a_lease_between_its_check_and_the_commit(world: World) -> None:
    stalled = await held(world, "ada")
    world.clock.advance(seconds=30)
    order = []

    async def take_over() -> None:
        await held(world, "bob")
        order.append("taken over")

    async with world.database.begin(SYSTEM) as work:
        await jobs.require(work, stalled)
        taking = asyncio.create_task(take_over())
        await asyncio.sleep(0.2)
        order.append("committed")
    await taking

    assert order == ["committed", "taken over"]
