"""Many rows in one statement come out as they went in, on both databases, whatever is in them."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    Table,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError

from core.db.schema import Instant, Key
from core.db.sets import (
    find_rows,
    first_rows,
    insert_new_rows,
    insert_rows,
    lock_rows,
    update_rows,
    upsert_rows,
)
from core.db.work import Work
from core.kernel.ids import compose
from tests.core.ledger.books import unit
from tests.world import PROJECT, START, World

pytestmark = pytest.mark.anyio

THINGS = Table(
    "things",
    MetaData(),
    Column("project_id", Key("prj"), nullable=False),
    Column("name", String(12), nullable=False),
    Column("other_id", Key("thg")),
    Column("small", SmallInteger),
    Column("middle", Integer),
    Column("large", BigInteger),
    Column("is_good", Boolean),
    Column("packed", LargeBinary),
    Column("told", JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")),
    Column("made_at", Instant),
    PrimaryKeyConstraint("project_id", "name"),
    prefixes=["TEMPORARY"],
)
NAMES = tuple(THINGS.columns.keys())
KEYS = NAMES[:2]
LARGE = 2**63 - 1
SIZES = (1, 3, 700)
"""One, a few, and more values than one statement may carry."""


async def opened(work: Work) -> Work:
    """Make the table, for this unit's connection."""
    await work.connection.run_sync(THINGS.metadata.create_all)
    return work


def thing(n: int) -> tuple[Any, ...]:
    if n % 3 == 0:
        return (PROJECT, f"thing {n}", *[None] * 8)
    return (
        PROJECT,
        f"thing {n}",
        compose("thg", n << 90 | n),
        -n,
        2**31 - 1,
        -LARGE if n % 2 else LARGE,
        n % 2 == 0,
        b"\x00\xff" * n,
        {"parts": [["ä\u2028\"'\\", n], []], "none": None, "text": "null"},
        datetime(2026, 2, 28, 23, 59, 59, n, tzinfo=UTC),
    )


def things(count: int) -> list[tuple[Any, ...]]:
    return [thing(n) for n in range(1, count + 1)]


async def stored(work: Work) -> list[tuple[Any, ...]]:
    rows = await work.execute(select(THINGS))
    return sorted((tuple(row) for row in rows), key=lambda row: int(row[1].split()[1]))


@pytest.mark.parametrize("count", SIZES)
async def test_what_is_inserted_is_found_as_it_was(world: World, count: int) -> None:
    async with unit(world) as work:
        await insert_rows(await opened(work), THINGS, NAMES, things(count))
        wanted = [(PROJECT, f"thing {n}") for n in range(count, -1, -1)]

        found = await find_rows(work, THINGS, KEYS, wanted, NAMES)

        assert await stored(work) == things(count)
    assert sorted(found, key=lambda row: int(row[1].split()[1])) == things(count)


@pytest.mark.parametrize("count", SIZES)
async def test_rows_that_are_there_are_not_inserted_anew(world: World, count: int) -> None:
    async with unit(world) as work:
        await insert_rows(await opened(work), THINGS, NAMES, [thing(1)])

        new = await insert_new_rows(
            work, THINGS, NAMES, things(count + 1), returning=("name", "other_id", "told")
        )

        assert len(await stored(work)) == count + 1
    expected = [(row[1], row[2], row[8]) for row in things(count + 1)[1:]]
    assert sorted(new, key=lambda row: int(row[0].split()[1])) == expected


@pytest.mark.parametrize("count", SIZES)
async def test_rows_that_are_there_are_changed_and_the_others_inserted(
    world: World, count: int
) -> None:
    async with unit(world) as work:
        await insert_rows(await opened(work), THINGS, (*KEYS, "large"), [(PROJECT, "thing 1", 40)])

        await upsert_rows(
            work,
            THINGS,
            (*KEYS, "large"),
            [(PROJECT, f"thing {n}", n) for n in range(1, count + 2)],
            keys=KEYS,
            changes={"large": "t.large + excluded.large", "middle": "7"},
        )

        rows = [(row[1], row[5], row[4]) for row in await stored(work)]
    assert rows == [("thing 1", 41, 7), *((f"thing {n}", n, None) for n in range(2, count + 2))]


@pytest.mark.parametrize("count", SIZES)
async def test_every_column_can_be_set(world: World, count: int) -> None:
    async with unit(world) as work:
        blank = [(PROJECT, f"thing {n}") for n in range(1, count + 1)]
        await insert_rows(await opened(work), THINGS, KEYS, blank)

        await update_rows(work, THINGS, KEYS, NAMES[2:], things(count + 1))
        assert await stored(work) == things(count)

        empty = [(*row[:2], *[None] * 8) for row in things(count)]
        await update_rows(work, THINGS, KEYS, NAMES[2:], empty)
        assert await stored(work) == empty


@pytest.mark.parametrize("count", SIZES)
async def test_rows_are_locked_in_the_order_in_which_they_are_sent(
    world: World, count: int
) -> None:
    async with unit(world) as work:
        await insert_rows(await opened(work), THINGS, NAMES, things(count))
        wanted = [(PROJECT, f"thing {n}") for n in range(count, 0, -1)]

        locked = await lock_rows(work, THINGS, KEYS, wanted, ("name", "made_at"))

    assert locked == [(row[1], row[9]) for row in reversed(things(count))]


async def test_of_those_that_count_the_first_is_found_for_each_key(world: World) -> None:
    other = compose("prj", 2)
    rows = [
        (PROJECT, "a", 5, True),
        (PROJECT, "b", 3, False),
        (PROJECT, "c", 4, True),
        (other, "d", 9, True),
        (compose("prj", 3), "e", 1, False),
    ]
    async with unit(world) as work:
        await insert_rows(await opened(work), THINGS, (*KEYS, "large", "is_good"), rows)

        found = await first_rows(
            work,
            THINGS,
            ("project_id",),
            [(each,) for each in (other, PROJECT, compose("prj", 3))],
            ("project_id", "name", "is_good"),
            order="large",
            only="x.is_good",
        )

    assert sorted(found) == [(PROJECT, "c", True), (other, "d", True)]


async def test_no_rows_at_all_ask_the_database_nothing(world: World) -> None:
    async with unit(world) as work:
        await insert_rows(work, THINGS, NAMES, [])
        await upsert_rows(work, THINGS, NAMES, [], keys=KEYS, changes={"large": "1"})

        assert await insert_new_rows(work, THINGS, NAMES, [], returning=KEYS) == []
        assert await find_rows(work, THINGS, KEYS, [], NAMES) == []
        assert await lock_rows(work, THINGS, KEYS, [], NAMES) == []
        await update_rows(work, THINGS, KEYS, ("large",), [])


@pytest.mark.parametrize("count", [2, 9])
async def test_a_row_that_is_there_already_is_an_error_and_nothing_is_inserted(
    world: World, count: int
) -> None:
    async with unit(world) as work:
        await insert_rows(await opened(work), THINGS, NAMES, [thing(count)])
        with pytest.raises(Exception, match=r"(?i)unique"):
            async with work.connection.begin_nested():
                await insert_rows(work, THINGS, NAMES, things(count))

        query = select(func.count()).select_from(THINGS)
        assert (await work.execute(query)).scalar_one() == 1


Send = Callable[[Work, list[tuple[Any, ...]], tuple[str, ...]], Awaitable[object]]
WAYS: dict[str, Send] = {
    "insert": lambda work, rows, names: insert_rows(work, THINGS, names, rows),
    "insert new": lambda work, rows, names: insert_new_rows(
        work, THINGS, names, rows, returning=KEYS
    ),
    "upsert": lambda work, rows, names: upsert_rows(
        work, THINGS, names, rows, keys=KEYS, changes={names[-1]: f"excluded.{names[-1]}"}
    ),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("count", [1, 9])
async def test_text_that_is_too_long_is_never_cut(world: World, way: str, count: int) -> None:
    names = [f"{n} {'x' * 20}" for n in range(count)]
    refused = None
    async with unit(world) as work:
        await opened(work)
        try:
            async with work.connection.begin_nested():
                await WAYS[way](work, [(PROJECT, name, 1) for name in names], (*KEYS, "large"))
        except Exception as error:  # noqa: BLE001 - drivers have errors of their own
            refused = str(error)

        kept = await work.execute(select(THINGS.c.name).order_by(THINGS.c.name))
        assert kept.scalars().all() == ([] if refused else sorted(names))
    assert refused is None or "too long" in refused


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("count", [1, 9])
@pytest.mark.parametrize(
    ("column", "value"), [("other_id", "thg_nothing"), ("made_at", START.replace(tzinfo=None))]
)
async def test_what_is_no_identifier_and_no_instant_is_refused(
    world: World, way: str, count: int, column: str, value: Any
) -> None:
    rows = [(PROJECT, f"thing {n}", value) for n in range(count)]
    async with unit(world) as work:
        await opened(work)
        with pytest.raises((ValueError, DBAPIError)):
            async with work.connection.begin_nested():
                await WAYS[way](work, rows, (*KEYS, column))

        assert await stored(work) == []
