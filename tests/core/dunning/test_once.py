"""Of those who do the same at once one does it; who dies half-way has done nothing."""

import asyncio

import pytest
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from core import dunning
from core.dunning import hearing, renewing, tables, taking
from core.kernel.caller import SYSTEM
from core.messaging import Event, consume
from tests.core.bills.bills import line
from tests.core.dunning.ladder import DECLINED, Ladder, day
from tests.core.invoicing.office import issue
from tests.world import PROJECT, World

pytestmark = pytest.mark.anyio


async def test_of_ten_workers_one_takes_a_step(world: World) -> None:
    ladder = await Ladder.open(world)
    await ladder.keep_card()
    await ladder.fail()
    run = await ladder.run()
    world.clock.instant = day("2026-02-07T10:00")

    taken = await asyncio.gather(*(ladder.take(run["id"]) for _ in range(10)))

    assert sorted(taken) == [0] * 9 + [2]
    assert (await ladder.tried(), len(await ladder.mails())) == (1, 1)
    assert await ladder.found() == []


async def test_of_ten_failures_that_are_heard_at_once_one_begins_a_run(world: World) -> None:
    ladder = await Ladder.open(world)
    invoice = await ladder.invoice()

    async def hear(n: int) -> bool:
        event = Event(
            id=f"evt_{n:026d}",
            project_id=PROJECT,
            type="collection.failed",
            object_id=f"col_{n}",
            occurred_at=world.clock.now(),
            data=DECLINED | {"invoice_id": invoice.id, "attempt_id": f"col_{n}"},
        )
        return await consume(world.database, hearing.SUBSCRIPTIONS[0], event)

    assert await asyncio.gather(*map(hear, range(10))) == [True] * 10
    assert await ladder.runs() == 1
    assert await ladder.log() == ["begun", *["declined"] * 10]
    assert len((await ladder.run())["steps"]) == 9


async def test_the_database_refuses_a_second_open_run_and_a_changed_log(world: World) -> None:
    ladder = await Ladder.open(world)
    await ladder.fail()
    async with ladder.unit() as work:
        row = dict((await work.execute(select(tables.runs))).mappings().one())

    with pytest.raises(IntegrityError):
        async with ladder.unit() as work:
            await work.execute(insert(tables.runs), row | {"id": work.ids.new("dun")})
    for change in (update(tables.log).values(what="nothing"), delete(tables.log)):
        with pytest.raises(DBAPIError, match=r"append-only|permission denied"):
            async with ladder.unit() as work:
                await work.execute(change)


async def test_who_dies_between_a_step_and_its_record_has_sent_and_tried_nothing(
    world: World,
) -> None:
    ladder = await Ladder.open(world)
    await ladder.keep_card()
    await ladder.fail()
    run = await ladder.run()
    world.clock.instant = day("2026-02-07T10:00")

    with pytest.raises(asyncio.CancelledError):
        await _die_after(world, run["id"])
    assert (await ladder.tried(), await ladder.mails()) == (0, [])

    await ladder.work()

    assert (await ladder.tried(), len(await ladder.mails())) == (1, 1)
    assert await ladder.log() == ["begun", "declined", "tried", "notice_sent"]


async def _die_after(world: World, run_id: str) -> None:
    """Take the steps, and die before they are committed."""
    async with world.database.begin(SYSTEM) as work:
        await dunning.take(work.within(PROJECT), run_id)
        raise asyncio.CancelledError


async def test_one_run_that_fails_holds_up_no_other(world: World) -> None:
    ladder = await Ladder.open(world)
    await ladder.fail()
    broken = await ladder.run()
    # Whatever is due of the broken one is due before the other's.
    world.clock.advance(days=2)
    other = await issue(world, "another", line("seat", "5.00"))
    await ladder.fail(other.id)
    r = tables.runs
    async with ladder.unit() as work:
        change = r.update().where(r.c.project_id == PROJECT, r.c.id == broken["id"])
        await work.execute(change.values(terms={}))
    world.clock.instant = day("2026-02-09T10:00")

    await ladder.work()

    assert await ladder.subjects() == ["02-09 a payment of 6.00 USD did not go through"]


async def test_what_is_due_is_looked_through_page_by_page(world: World) -> None:
    ladder = await Ladder.open(world)
    await ladder.fail()
    await ladder.hear()
    steps = (await ladder.run())["steps"]
    world.clock.instant = day("2026-03-31T10:00")

    found: list[int] = []
    place = None
    while page := await taking.due_after(world.database, place, limit=4):
        found += [each.number for each in page]
        place = page[-1]
    renewals = await renewing.due_after(world.database, None, limit=1)

    assert found == [each["number"] for each in steps]
    assert len(renewals) == 1
    assert await renewing.due_after(world.database, renewals[0], limit=1) == []
