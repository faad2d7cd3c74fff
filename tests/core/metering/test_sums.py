"""Sums are kept as usage arrives, and are at every moment what adding the events up gives."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import event, text

from core import surface
from core.kernel.ids import compose
from core.metering import operations
from tests.core.ledger.test_proof import tamper
from tests.core.metering.shop import Shop, use
from tests.world import OPERATOR, PROJECT, agent

pytestmark = pytest.mark.anyio

MORNING = "2026-11-20T08:{}:00Z"


async def differences(shop: Shop) -> list[str]:
    return [str(each) for each in (await surface.prove(shop.world.database)).differences]


async def some_usage(shop: Shop) -> str:
    """Record and charge in several quarter hours, late and in time, in two projects."""
    wallet = await shop.wallet("10")
    other = await shop.project(compose("prj", 2))
    for n in (1, 14, 15, 29):
        await shop.record(
            use(f"h{n}", "hours", quantity=str(n), occurred_at=MORNING.format(f"{n:02}")),
            use(f"s{n}", "storage", properties={"gb": n}, occurred_at=MORNING.format(f"{n:02}")),
        )
    await shop.record(use("theirs", "hours", quantity="5"), caller=agent(project_id=other))
    await shop.charge("c1", "calls")
    await shop.charge("c2", "free")
    shop.world.clock.advance(minutes=20)
    await shop.charge("c3", "calls")
    return wallet


async def test_sums_that_were_kept_are_those_that_are_recomputed(shop: Shop) -> None:
    await some_usage(shop)

    proof = await surface.prove(shop.world.database)

    assert proof.differences == []
    assert (proof.looked_at["usage ids"], proof.looked_at["usage events"]) == (12, 12)
    # Two meters in two quarter hours, the other project's, and three of charged usage.
    assert (proof.looked_at["usage sums"], proof.looked_at["spend sums"]) == (8, 2)


@pytest.mark.parametrize(
    ("table", "statement", "problem"),
    [
        ("metering_rollups", "update {0} set event_count = event_count + 1", "of its events"),
        ("metering_rollups", "update {0} set quantity_low = quantity_low + 1", "of its events"),
        ("metering_rollups", "update {0} set quantity_high = quantity_high - 1", "of its events"),
        ("metering_rollups", "update {0} set max_quantity = max_quantity + 1", "of its events"),
        ("metering_rollups", "update {0} set last_quantity = last_quantity + 1", "of its events"),
        ("metering_rollups", "update {0} set last_position = 7", "of its events"),
        ("metering_rollups", "update {0} set bucket = bucket + 9000", "that are not there"),
        ("metering_rollups", "delete from {0}", "of its events"),
        ("metering_spend", "update {0} set amount_low = amount_low + 1", "of its charges"),
        ("metering_spend", "update {0} set charge_count = 7", "of its charges"),
        ("metering_spend", "update {0} set asset = 'EUR/2'", "that are not there"),
        ("metering_spend", "delete from {0}", "of its charges"),
        ("metering_event_ids", "update {0} set quantity = 1 + quantity", "not what was written"),
        ("metering_event_ids", "update {0} set content = digest", "stands for something else"),
        ("metering_event_ids", "delete from {0} where event_id = 'h1'", "its id is not there"),
        ("metering_event_ids", "delete from {0} where event_id = 'c1'", "was charged, and no such"),
        ("metering_event_ids", "update {0} set event_id = 'z' where event_id = 'h1'", "is gone"),
        ("metering_events", "delete from {0} where event_id = 'h1'", "and the event is gone"),
        ("metering_events", "update {0} set position = 1 + position", "not what was written"),
        ("metering_events", "update {0} set properties = '{{}}'", "not what was written"),
        ("metering_events", "update {0} set event_id = 'z' where event_id = 'h1'", "is not there"),
    ],
)
async def test_what_was_changed_behind_our_back_is_found(
    shop: Shop, table: str, statement: str, problem: str
) -> None:
    await some_usage(shop)
    if table in surface.PROTECTED:
        if table == "metering_events" and shop.world.url.startswith("postgres"):
            await tamper(shop.world, "select 1", "metering_events_2026_11")
        await tamper(shop.world, statement.format(table), table)
    else:
        async with shop.world.owner() as owner:
            await owner.execute(text(statement.format(table)))

    found = await differences(shop)

    assert any(problem in each for each in found), found


@pytest.mark.parametrize("microsecond", [0, 1, 999_499, 999_500, 999_999])
async def test_what_lies_on_the_edge_of_a_quarter_hour_is_summed_up_where_it_lies(
    shop: Shop, microsecond: int
) -> None:
    """The last instant of a month, of which a clock that rounds would make the next month."""
    await shop.wallet("10")
    last = datetime(2026, 11, 30, 23, 59, 59, microsecond, UTC)
    shop.world.clock.instant = last
    await shop.charge("last", "calls")
    shop.world.clock.instant = datetime(2026, 12, 1, 0, 0, 0, microsecond, UTC)
    await shop.charge("first", "calls")
    await shop.record(use("late", occurred_at=last.isoformat()))

    assert (await shop.summary("calls"))[0][2] == "1"
    assert [
        row[2]
        for row in await shop.summary("calls", start_at="2026-11-01T00:00:00Z", window="month")
    ] == ["2", "1"]
    assert await differences(shop) == []


async def test_ten_recorders_of_the_same_ids_count_each_once(shop: Shop) -> None:
    events = [use(f"e{n:02}", "hours", quantity=str(n)) for n in range(40)]

    await asyncio.gather(
        *(shop.record(*events[n:], *events[:n], use(f"x{n}", "calls")) for n in range(0, 40, 4))
    )

    assert (await shop.summary("hours"))[0][2] == str(sum(range(40)))
    assert (await shop.summary("calls"))[0][2] == "10"
    assert await differences(shop) == []


async def test_ten_chargers_of_one_wallet_add_up_what_they_spent(shop: Shop) -> None:
    await shop.wallet("0.75")

    outcomes = await asyncio.gather(
        *(shop.perform(operations.charge_usage, **use(f"e{n}")) for n in range(10))
    )

    assert [bool(each.error) for each in outcomes].count(False) == 7
    async with shop.world.owner() as owner:
        query = text("select sum(charge_count), sum(amount_low) from metering_spend")
        assert tuple((await owner.execute(query)).one()) == (7, 70)
    assert await differences(shop) == []


async def test_of_late_and_early_deliveries_the_last_to_occur_is_the_last(shop: Shop) -> None:
    def storage(name: str, minute: int, gb: int) -> dict[str, Any]:
        at = MORNING.format(f"{minute:02}")
        return use(name, "storage", properties={"gb": gb}, occurred_at=at)

    await shop.record(storage("b", 5, 2))
    await shop.record(storage("a", 3, 9), storage("c", 4, 8))
    assert (await shop.summary("storage"))[0][2] == "2"
    await shop.record(storage("d", 5, 1), storage("e", 5, 3))
    assert (await shop.summary("storage"))[0][2] == "3"
    assert await differences(shop) == []


async def test_a_summary_of_whole_quarter_hours_looks_at_no_event(shop: Shop) -> None:
    await some_usage(shop)
    asked: list[str] = []
    engine = shop.world.engines.reader.sync_engine

    def listen(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        asked.append(statement)

    event.listen(engine, "before_cursor_execute", listen)
    try:
        whole = await shop.summary("hours", window="hour")
        told = " ".join(asked)
        cut = await shop.summary("hours", start_at="2026-11-20T08:14:00Z")
    finally:
        event.remove(engine, "before_cursor_execute", listen)

    assert (whole[0][2], cut[0][2]) == ("59", "58")
    assert "metering_rollups" in told
    assert "metering_events" not in told
    assert "metering_events" in " ".join(asked)


async def test_quantities_that_no_column_could_sum_up_are_summed_up(shop: Shop) -> None:
    largest = "9223372036854.775807"
    for n in range(3):
        await shop.record(*(use(f"{n}-{m}", "hours", quantity=largest) for m in range(2)))

    assert (await shop.summary("hours"))[0][2] == "55340232221128.654842"
    assert await differences(shop) == []


async def test_a_refused_charge_adds_nothing_up(shop: Shop) -> None:
    await shop.wallet("0.05")

    outcome = await shop.perform(operations.charge_usage, **use("a"))

    assert outcome.error
    async with shop.world.database.read(OPERATOR) as work:
        work.found_project_id = PROJECT
        for table in ("metering_spend", "metering_rollups", "metering_event_ids"):
            count = await work.connection.exec_driver_sql(f"select count(*) from {table}")
            assert count.scalar_one() == 0
