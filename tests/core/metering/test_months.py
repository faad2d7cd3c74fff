"""Usage is kept by the month in which it occurred; months come by themselves and go when told."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from core import metering, surface
from core.jobs import Runtime, run_due
from core.jobs.schedule import install
from core.kernel.caller import SYSTEM
from core.metering import jobs
from core.projects import find_project
from core.reporting import operations as reporting
from tests import servers
from tests.core.metering.shop import Shop, use
from tests.world import OPERATOR, START, World

pytestmark = pytest.mark.anyio

LONG_AGO = datetime(2020, 3, 20, 9, tzinfo=UTC)
"""Long enough for the database's own clock, which no test can move, to agree that it is old."""


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    """Only a database that keeps months apart has any."""
    async with servers.postgres_url() as url:
        world = World.open(url, find_project, owner_url=servers.postgres_owner_url(url))
        yield await Shop.open(world)
        await world.close()


async def ask(shop: Shop, sql: str) -> list[tuple[object, ...]]:
    async with shop.world.owner() as owner:
        result = await owner.execute(text(sql))
        return [tuple(row) for row in result] if result.returns_rows else []


async def detach(shop: Shop, month: str) -> None:
    await ask(shop, f"alter table metering_events detach partition metering_events_{month}")


async def lying(shop: Shop) -> dict[object, object]:
    """Say of each event in which table it lies."""
    found = await ask(shop, "select event_id, tableoid::regclass::text from metering_events")
    return {each[0]: each[1] for each in found}


async def do_what_is_due(shop: Shop) -> None:
    async with shop.world.database.begin(SYSTEM) as work:
        await install(work, jobs.SCHEDULES)
    names = {each.job.name: each.job for each in jobs.SCHEDULES}
    assert await run_due(Runtime(shop.world.database, names)) == len(jobs.SCHEDULES)


async def make_months_and_die(shop: Shop) -> None:
    async with shop.world.database.begin(SYSTEM) as work:
        await jobs.make_usage_months(work)
        raise InterruptedError


async def differences(shop: Shop) -> list[str]:
    return [str(each) for each in (await surface.prove(shop.world.database)).differences]


async def test_an_event_lies_in_the_month_in_which_it_occurred(shop: Shop) -> None:
    tick = timedelta(microseconds=1)
    november = datetime(2026, 11, 1, tzinfo=UTC)
    told = {"first": november, "before": november - tick, "oldest": START - timedelta(days=35)}

    replies = await shop.record(
        *(use(name, occurred_at=at.isoformat()) for name, at in told.items()),
        use("east", occurred_at="2026-11-01T01:30:00+02:00"),
    )

    assert replies == [("accepted", None)] * 4
    assert await lying(shop) == {
        "first": "metering_events_2026_11",
        "before": "metering_events_2026_10",
        "oldest": "metering_events_2026_10",
        "east": "metering_events_2026_10",
    }


async def test_a_month_that_no_job_has_made_is_made_by_the_first_event(shop: Shop) -> None:
    shop.world.clock.instant = datetime(2031, 12, 31, 23, 59, tzinfo=UTC)

    assert await shop.record(
        use("old"), use("new", occurred_at="2032-01-01T00:00:00Z"), use("old")
    ) == [("accepted", None), ("accepted", None), ("duplicate", None)]

    assert set((await lying(shop)).values()) == {
        "metering_events_2031_12",
        "metering_events_2032_01",
    }
    assert await differences(shop) == []


async def test_a_month_whose_unit_was_rolled_back_is_made_again(shop: Shop) -> None:
    shop.world.clock.instant = datetime(2031, 5, 1, tzinfo=UTC)
    with pytest.raises(InterruptedError):
        await make_months_and_die(shop)
    assert await ask(shop, "select to_regclass('metering_events_2031_05')") == [(None,)]

    assert await shop.record(use("a")) == [("accepted", None)]


async def test_ten_recorders_that_lack_the_same_month_make_it_once(shop: Shop) -> None:
    shop.world.clock.instant = datetime(2033, 7, 31, 23, 58, tzinfo=UTC)
    events = [use(f"e{n}", occurred_at=f"2033-08-01T00:0{n % 3}:00Z") for n in range(10)]

    replies = await asyncio.gather(
        *(shop.record(each, use(f"x{n}")) for n, each in enumerate(events))
    )

    assert {reply for batch in replies for reply in batch} == {("accepted", None)}
    assert set((await lying(shop)).values()) == {
        "metering_events_2033_07",
        "metering_events_2033_08",
    }
    assert await differences(shop) == []


async def test_ten_units_that_make_the_same_months_at_once_wait_for_one_another(
    shop: Shop,
) -> None:
    shop.world.clock.instant = datetime(2034, 7, 31, tzinfo=UTC)

    async def make() -> None:
        async with shop.world.database.begin(SYSTEM) as work:
            await jobs.make_usage_months(work)

    await asyncio.gather(*(make() for _ in range(10)))

    made = "select count(*) from pg_class where relispartition and relname like '%2034\\___'"
    assert await ask(shop, f"{made} and relkind = 'r'") == [(5,)]


async def test_the_job_makes_months_three_ahead_and_each_is_guarded(shop: Shop) -> None:
    shop.world.clock.instant = datetime(2040, 11, 30, 12, tzinfo=UTC)
    await do_what_is_due(shop)

    made = await ask(
        shop,
        "select c.relname, count(t.*) filter (where t.tgparentid = 0) from pg_class c "
        "join pg_trigger t on t.tgrelid = c.oid "
        "where c.relispartition and c.relname like '%\\_204%' group by 1 order by 1",
    )
    assert made == [
        (f"metering_events_{month}", 2)
        for month in ("2040_10", "2040_11", "2040_12", "2041_01", "2041_02")
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "select metering_events_make_month('2026-11-02')",
        "select metering_events_make_month(null)",
        "select metering_events_make_month('1999-12-01')",
        "select metering_events_make_month('infinity')",
        "delete from metering_event_ids",
        "update metering_event_ids set content = digest",
        "truncate metering_events",
        "delete from metering_events_2026_11",
        "insert into metering_events_2026_11 select * from metering_events",
        "alter table metering_events detach partition metering_events_2026_10",
        "create table metering_events_2026_13 (like metering_events)",
        "select refuse_change()",
    ],
)
async def test_the_role_that_serves_can_make_a_month_and_nothing_else(
    shop: Shop, statement: str
) -> None:
    await shop.record(use("a"))

    with pytest.raises(DBAPIError):
        async with shop.world.database.begin(OPERATOR) as work:
            await work.execute(text(statement))

    assert await differences(shop) == []
    assert await shop.counts() == (1, 0)


async def test_no_event_can_be_changed_in_its_month_even_by_who_owns_it(shop: Shop) -> None:
    await shop.record(use("a"))
    for change in (
        "update metering_events_2026_11 set quantity = 0",
        "delete from metering_events",
        "truncate metering_events_2026_11",
        "truncate metering_events",
        "delete from metering_event_ids",
    ):
        with pytest.raises(DBAPIError, match="append-only"):
            await ask(shop, change)

    await detach(shop, "2026_11")
    with pytest.raises(DBAPIError, match="append-only"):
        await ask(shop, "delete from metering_events_2026_11")


async def test_a_month_without_its_guards_is_named_by_the_proof(shop: Shop) -> None:
    await ask(shop, "alter table metering_events_2026_11 disable trigger all")

    assert await differences(shop) == [
        f"metering_events_2026_11: the trigger that refuses {kind} is missing or disabled"
        for kind in ("change", "truncate")
    ]


async def test_a_detached_month_leaves_everything_else_as_it_was(shop: Shop) -> None:
    shop.world.clock.instant = LONG_AGO
    wallet = await shop.wallet("10")
    await shop.record(
        use("a"), use("b", "hours", quantity="2"), use("c", occurred_at="2020-03-01T00:07:00Z")
    )
    first = await shop.charge("charged", "calls")
    shop.world.clock.advance(days=60)
    await shop.record(use("d"))

    await detach(shop, "2020_03")

    march = {"start_at": "2020-03-01T00:00:00Z", "end_at": "2020-04-01T00:00:00Z"}
    assert await shop.record(use("a"), use("a", "free")) == [
        ("duplicate", None),
        ("refused", "event_conflict"),
    ]
    assert (await shop.summary("calls", **march))[0][2] == "3"
    assert await shop.summary("calls", **march, group_by="model") == []
    assert await shop.charge("charged", "calls") == first | {"duplicate": True}
    assert (await shop.charge("b", "hours", quantity="2"))["amount"] == "3.00"
    assert await shop.available(wallet) == "6.90"
    assert await differences(shop) == []


async def test_a_level_is_not_told_of_months_that_are_gone_nor_without_them(shop: Shop) -> None:
    shop.world.clock.instant = LONG_AGO
    for amount, at in ("10", "2020-03-02"), ("-10", "2020-03-19"):
        await shop.record(use(at, "disk", quantity=amount, occurred_at=f"{at}T00:00:00Z"))
    shop.world.clock.advance(days=60)
    await shop.record(use("late", "disk", quantity="4", occurred_at="2020-05-01T00:00:00Z"))
    april: dict[str, Any] = {"start_at": "2020-04-01T00:00:00Z", "end_at": "2020-06-01T00:00:00Z"}

    await detach(shop, "2020_03")

    # What was raised and lowered came to nothing in the end, and yet it lasted.
    spring = april | {"start_at": "2020-03-01T00:00:00Z", "window": "month"}
    outcome = await shop.perform(reporting.summarize_usage, meter_key="disk", **spring)
    assert isinstance(outcome.error, metering.LevelForgotten)
    assert await shop.summary("disk", window="month", **april) == [
        ("2020-05-01T00:00:00Z", None, "4")
    ]


async def test_a_month_in_which_usage_may_still_arrive_is_missed_when_it_is_gone(
    shop: Shop,
) -> None:
    await shop.record(use("a"), use("b", "hours"))

    await detach(shop, "2026_11")

    found = await differences(shop)
    assert len(found) == 4
    assert "usage:a: its id is there, and the event is gone" in found


async def test_only_ids_of_detached_months_that_nothing_stands_on_are_forgotten(
    shop: Shop,
) -> None:
    shop.world.clock.instant = LONG_AGO
    await shop.wallet("10")
    await shop.record(use("a"), use("b"), use("late", occurred_at="2020-02-20T00:00:00Z"))
    await shop.charge("charged", "calls")
    shop.world.clock.instant = START
    await shop.record(use("young"))

    await do_what_is_due(shop)
    assert len(await ask(shop, "select event_id from metering_event_ids")) == 5
    await detach(shop, "2020_03")
    shop.world.clock.advance(days=1)
    await do_what_is_due(shop)

    left = await ask(shop, "select event_id from metering_event_ids order by 1")
    assert left == [("charged",), ("late",), ("young",)]
    assert await differences(shop) == []
    assert (await shop.charge("charged", "calls"))["duplicate"]
