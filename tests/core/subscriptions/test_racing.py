"""Of those who do the same at once, one does it; and who dies half-way has done nothing."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError

from core import dues, subscriptions
from core.jobs import Runtime, run_due
from core.kernel.caller import SYSTEM
from core.kernel.errors import EngineError
from core.kernel.ids import compose
from core.subscriptions import renewing, tables
from tests.core.subscriptions.counter import Counter, credits, day
from tests.world import PROJECT, World

pytestmark = pytest.mark.anyio


async def rows(world: World, table_name: str) -> int:
    async with world.database.read(SYSTEM) as work:
        return len(list(await work.execute(text(f"select 1 from {table_name}"))))


async def test_of_ten_who_subscribe_at_once_exactly_one_does(world: World) -> None:
    counter = await Counter.open(world)
    await counter.plan("small")
    await counter.plan("large", "20")

    async def try_it(n: int) -> str:
        try:
            return (await counter.subscribe(("small", "large")[n % 2])).state
        except EngineError as error:
            return error.code

    told = await asyncio.gather(*map(try_it, range(10)))

    assert sorted(told) == ["active", *["already_subscribed"] * 9]
    assert await rows(world, "subscriptions_subscriptions") == 1
    assert await rows(world, "dues_bills") == 1


async def test_the_database_itself_refuses_a_second_one_that_goes_on(world: World) -> None:
    counter = await Counter.open(world)
    await counter.plan("small")
    one = await counter.subscribe("small")
    async with world.database.read(SYSTEM) as work:
        row = dict((await work.execute(select(tables.subscriptions))).mappings().one())
        other = row | {"id": work.ids.new("sub")}

    with pytest.raises(IntegrityError):
        async with world.database.begin(SYSTEM) as work:
            await work.execute(insert(tables.subscriptions), other)

    assert (await counter.now(one)).revision == 1


async def test_where_the_database_can_it_refuses_two_whose_times_overlap(world: World) -> None:
    if world.url.startswith("sqlite"):
        # There the unique index of those that go on is all there is: see the test above.
        assert "never_overlap" not in await _definition(world)
        return
    counter = await Counter.open(world)
    await counter.plan("small")
    await counter.subscribe("small")
    world.clock.advance(days=3)
    async with world.database.read(SYSTEM) as work:
        row = dict((await work.execute(select(tables.subscriptions))).mappings().one())
        over = {"id": work.ids.new("sub"), "state": "canceled", "ended_at": work.now}

    with pytest.raises(IntegrityError, match="subscriptions_never_overlap"):
        async with world.database.begin(SYSTEM) as work:
            await work.execute(insert(tables.subscriptions), row | over)


async def _definition(world: World) -> str:
    query = text("select sql from sqlite_master where name = 'subscriptions_subscriptions'")
    async with world.database.read(SYSTEM) as work:
        return str((await work.execute(query)).scalar_one())


async def test_two_workers_at_once_renew_each_subscription_once(world: World) -> None:
    counter = await Counter.open(world, at=day("2026-01-15"))
    await counter.plan("free", "0", included=credits("50", rollover="0"))
    one = await counter.subscribe("free")
    runtime = await counter.runtime()
    # Each of the two has the job to itself: what is claimed here is the subscription.
    both = [replace(runtime), replace(runtime)]
    world.clock.instant = day("2026-04-16")

    async def look(_: Runtime) -> int:
        done = 0
        for _n in range(6):
            async with world.database.begin(SYSTEM) as work:
                taken = await subscriptions.step(work.within(PROJECT), one.id)
                done += taken is not None
        return done

    assert sum(await asyncio.gather(*map(look, both))) == 3
    assert await counter.told(one) == [
        ("period", f"2026-{month:02d}-15", "0.00") for month in range(1, 5)
    ]
    assert await counter.credits() == "50.000000"


async def test_a_worker_that_dies_half_way_has_renewed_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = await Counter.open(world, at=day("2026-01-15"))
    await counter.plan("small")
    one = await counter.subscribe("small")
    world.clock.instant = day("2026-02-16")
    keep = dues.keep

    async def die(*arguments: object) -> None:
        # Everything but the bill is written by now.
        await keep(*arguments)  # type: ignore[arg-type]  # whatever it was called with
        raise asyncio.CancelledError

    with monkeypatch.context() as dying:
        dying.setattr(dues, "keep", die)
        with pytest.raises(asyncio.CancelledError):
            async with world.database.begin(SYSTEM) as work:
                await subscriptions.step(work.within(PROJECT), one.id)
    assert await counter.now(one) == one
    assert len(await counter.told(one)) == 1

    await counter.run()

    assert [start for _, start, _ in await counter.told(one)] == ["2026-01-15", "2026-02-15"]


async def test_one_that_cannot_be_renewed_keeps_no_other_from_it(world: World) -> None:
    counter = await Counter.open(world, at=day("2026-01-15"))
    other_project = await counter.house.project(compose("prj", 2))
    await counter.plan("small")
    broken = await counter.subscribe("small")
    fine = await counter.subscribe("small", project_id=other_project)
    nowhere = {"version_id": "plv_00000000000000000000000000"}
    s = tables.subscriptions
    async with world.database.begin(SYSTEM) as work:
        row = (await work.execute(select(s.c.choice).where(s.c.id == broken.id))).scalar_one()
        change = s.update().where(s.c.project_id == PROJECT, s.c.id == broken.id)
        await work.execute(change.values(choice=row | nowhere))

    await counter.run(until=day("2026-02-16"))

    assert (await counter.now(broken)).revision == 1
    assert (await counter.now(fine)).revision == 2


async def test_ten_who_tell_of_a_payment_at_once_grant_its_credits_once(world: World) -> None:
    counter = await Counter.open(world)
    await counter.plan("small", included=credits("100"))
    one = await counter.subscribe("small", when_paid=True)
    [bill] = await counter.bills(one)

    async def tell() -> str:
        async with world.database.begin(SYSTEM) as work:
            return (await subscriptions.paid(work.within(PROJECT), bill.id)).state

    assert await asyncio.gather(*(tell() for _ in range(10))) == ["active"] * 10
    assert await counter.credits() == "100.000000"
    assert await counter.times("subscription.paid") == 1
    assert [verb for _, verb, _, _ in await counter.history(one)] == ["create", "activate"]


async def test_run_twice_the_job_finds_nothing_left_to_do(world: World) -> None:
    counter = await Counter.open(world, at=day("2026-01-15"))
    await counter.plan("small")
    one = await counter.subscribe("small")
    runtime = await counter.runtime()
    world.clock.instant = day("2026-02-16")

    await run_due(runtime)
    once = await counter.history(one)
    world.clock.advance(minutes=1)
    await run_due(runtime)

    assert (
        await counter.history(one)
        == once
        == [
            (1, "create", None, "active"),
            (2, "renew", "active", "active"),
        ]
    )


async def test_what_is_due_is_looked_through_page_by_page(world: World) -> None:
    counter = await Counter.open(world, at=day("2026-01-01"))
    await counter.plan("small")
    others = [compose("prj", n) for n in range(2, 6)]
    for each in others:
        await counter.house.project(each)
    made = [await counter.subscribe("small", project_id=each) for each in (PROJECT, *others)]
    world.clock.instant = day("2026-02-01")

    found, place = [], None
    while page := await renewing.due_after(world.database, place, limit=2):
        found += page
        place = page[-1]

    assert [each.id for each in found] == [each.id for each in made]
