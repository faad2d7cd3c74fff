"""The proof finds what was changed behind the engine's back; and a plan that moves is followed."""

from typing import Any

import pytest
from sqlalchemy import Table, delete, update
from sqlalchemy.exc import DBAPIError

from core import entitlements, messaging, subscriptions
from core.dues import tables as dues
from core.kernel.caller import SYSTEM
from core.subscriptions import tables
from tests.core.subscriptions.counter import Counter, credits, day, fee
from tests.world import OPERATOR, PROJECT, World

pytestmark = pytest.mark.anyio


async def opened(world: World) -> Counter:
    counter = await Counter.open(world, at=day("2026-01-15"))
    await counter.plan("free", "0", included=credits("50", rollover="20"))
    await counter.plan("large", "20")
    await counter.subscribe("free")
    await counter.run(until=day("2026-02-15"))
    return counter


CHANGES: list[tuple[Table, dict[str, Any], str]] = [
    (tables.subscriptions, {"revision": 7}, "2 lines tell how it got to 7"),
    (tables.subscriptions, {"state": "past_due"}, "it is past_due; its history ends with active"),
    (dues.bills, {"total": 5}, "its lines add up to 0, and it says 5"),
    (tables.credits, {"amount": 5}, "it does not book 5 of"),
]


@pytest.mark.parametrize(("table", "values", "problem"), CHANGES, ids=[e[2] for e in CHANGES])
async def test_what_was_changed_by_nobody_is_found(
    world: World, table: Table, values: dict[str, Any], problem: str
) -> None:
    counter = await opened(world)
    clean = await counter.proven()
    assert clean.clean
    assert clean.looked_at["subscriptions"] == 1
    assert clean.looked_at["subscription bills"] == 2
    assert clean.looked_at["credits of plans"] == 3

    async with world.database.begin(SYSTEM) as work:
        await work.execute(update(table).values(values))

    found = [each.problem for each in (await counter.proven()).differences]
    assert found
    assert any(each.startswith(problem) for each in found), found


async def test_the_history_is_changed_and_deleted_by_nobody(world: World) -> None:
    await opened(world)
    for change in (update(tables.history).values(why="nothing"), delete(tables.history)):
        with pytest.raises(DBAPIError):
            async with world.database.begin(SYSTEM) as work:
                await work.execute(change)


async def test_whoever_was_moved_to_another_version_pays_its_price_from_the_next_period_on(
    world: World,
) -> None:
    counter = await Counter.open(world, at=day("2026-01-15"))
    old = await counter.plan("small", items=[fee("10")])
    one = await counter.subscribe("small")
    new = await counter.house.next_version("small", fee="12")
    async with world.database.begin(OPERATOR) as work:
        world.clock.advance(seconds=1)
        move = entitlements.Move(
            migration_id=work.ids.new("plm"),
            from_version_id=old.id,
            to_version_id=new.id,
            before_id=work.ids.new("asg"),
            moved_by="key:operator",
        )
        assert await entitlements.move_all(work, move, [PROJECT]) == 1
    told = messaging.Event(
        project_id=PROJECT,
        id="evt_00000000000000000000000001",
        type="plan.moved",
        object_id="asg_00000000000000000000000001",
        occurred_at=world.clock.now(),
        invocation_id=None,
        data={
            "source": one.source,
            "from": {"plan_key": "small", "plan_version": 1},
            "to": {"plan_key": "small", "plan_version": 2},
        },
    )
    for _ in range(2):
        await messaging.consume(world.database, subscriptions.SUBSCRIPTIONS[0], told)

    await counter.run(until=day("2026-03-16"))

    assert [total for _, _, total in await counter.told(one)] == ["10.00", "12.00", "12.00"]
    assert (await counter.now(one)).choice.plan_version == 2
    assert await counter.holds(one) == "small"
