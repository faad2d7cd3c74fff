"""What a shared unit writes is kept back, seen by whoever reads in it, and sent at once."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from sqlalchemy import Column, Integer, MetaData, PrimaryKeyConstraint, String, Table, select

from core.db.later import COPIED_MIN
from core.db.schema import Key
from core.db.sets import claim_rows, find_rows, insert_rows, update_rows, upsert_rows
from core.db.together import Collided
from core.db.work import Work
from core.kernel.caller import SYSTEM
from tests.core.ledger.books import unit
from tests.world import PROJECT, World

pytestmark = pytest.mark.anyio

METADATA = MetaData()


def table(name: str) -> Table:
    return Table(
        name,
        METADATA,
        Column("project_id", Key("prj"), nullable=False),
        Column("name", String(12), nullable=False),
        Column("n", Integer, nullable=False),
        PrimaryKeyConstraint("project_id", "name"),
        prefixes=["TEMPORARY"],
    )


RED, BLUE, GREEN = table("later_red"), table("later_blue"), table("later_green")
NAMES = ("project_id", "name", "n")


async def shared(work: Work) -> Work:
    """Make the tables, and say that others share the unit."""
    connection = work.connection
    await connection.run_sync(METADATA.create_all)
    return replace(work, is_shared=True)


def row(name: str, n: int = 0) -> tuple[str, str, int]:
    return PROJECT, name, n


async def rows(work: Work, of: Table) -> Sequence[tuple[str, int]]:
    found = await work.execute(select(of.c.name, of.c.n).order_by(of.c.name))
    return [(each.name, each.n) for each in found]


async def test_nothing_is_sent_until_somebody_reads_and_then_everything_is(world: World) -> None:
    async with unit(world) as work:
        own = await shared(work)
        await insert_rows(own, RED, NAMES, [row("a", 1)])
        await claim_rows(own, BLUE, NAMES, [row("b", 2)])
        assert [each.table for each in own.later.writes] == ["later_red", "later_blue"]
        assert await find_rows(own, BLUE, NAMES[:2], [row("b")[:2]], ("n",)) == [(2,)]
        assert own.later.writes == []
        assert await rows(own, RED) == [("a", 1)]


async def test_the_end_of_the_unit_sends_what_is_left(world: World) -> None:
    async with world.database.begin(SYSTEM) as work:
        own = await shared(work)
        left = own.later
        await insert_rows(own, RED, NAMES, [row("a")])
        assert left.writes
    assert left.writes == []


async def test_two_inserts_into_one_table_travel_as_one(world: World) -> None:
    async with unit(world) as work:
        own = await shared(work)
        await insert_rows(own, RED, NAMES, [row("a")])
        await insert_rows(own, BLUE, NAMES, [row("b")])
        await insert_rows(own, RED, NAMES, [row("c")])
        assert [len(each.rows) for each in own.later.writes] == [2, 1]
        assert await rows(own, RED) == [("a", 0), ("c", 0)]


async def test_a_row_that_is_changed_twice_is_changed_in_two_statements(world: World) -> None:
    async with unit(world) as work:
        own = await shared(work)
        await insert_rows(own, RED, NAMES, [row("a", 1)])
        await update_rows(own, RED, NAMES[:2], ("n",), [row("a", 2)])
        for _ in range(2):
            await upsert_rows(
                own, RED, NAMES, [row("a", 5)], keys=NAMES[:2], changes={"n": "t.n + excluded.n"}
            )
        assert await rows(own, RED) == [("a", 12)]


async def test_what_must_be_new_and_is_not_collides(world: World) -> None:
    async with unit(world) as work:
        own = await shared(work)
        await insert_rows(own, BLUE, NAMES, [row("taken")])
        await own.send_written()
        await insert_rows(own, RED, NAMES, [row("a")])
        await claim_rows(own, BLUE, NAMES, [row("free"), row("taken")])
        await claim_rows(own, GREEN, NAMES, [row("x")])
        with pytest.raises(Collided):
            await own.send_written()


async def test_many_rows_and_few_come_out_alike(world: World) -> None:
    many = [row(f"n{n:04}", n) for n in range(COPIED_MIN + 5)]
    async with unit(world) as work:
        own = await shared(work)
        await insert_rows(own, RED, NAMES, many)
        await insert_rows(own, BLUE, NAMES, many[:3])
        await claim_rows(own, GREEN, NAMES, many)
        everything = [(name, n) for _, name, n in many]
        assert await rows(own, RED) == everything
        assert await rows(own, BLUE) == everything[:3]
        assert await rows(own, GREEN) == everything
