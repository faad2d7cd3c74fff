"""Stories of subscriptions that are invoiced, told to their last balance."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from core import catalog, invoicing
from core.invoicing.recognizing import recognize_due
from core.kernel.caller import SYSTEM
from core.kernel.ids import compose
from core.ledger.tables import accounts
from core.lifecycles import State
from tests.core.dues.desk import Desk
from tests.core.subscriptions.counter import YEAR, day
from tests.world import PROJECT, World

pytestmark = pytest.mark.anyio


async def balances(world: World) -> dict[str, str]:
    """Say what stands on each account of dollars that holds something: debits above zero."""
    a = accounts.c
    query = select(a.role, a.posted).where(a.project_id == PROJECT, a.asset == "USD/2")
    async with world.database.read(SYSTEM) as work:
        rows = list(await work.execute(query))
    return {row.role: f"{row.posted / 100:.2f}" for row in rows if row.posted}


async def test_a_year_with_an_upgrade_a_downgrade_and_a_cancel_ends_in_every_balance(
    world: World,
) -> None:
    desk = await Desk.open_desk(world, at=day("2026-01-01"))
    await desk.plan("small", "30")
    await desk.plan("large", "60")
    one = await desk.subscribe("small")
    for month in (2, 3, 4):
        await desk.run(until=day(f"2026-{month:02d}-01"))
    world.clock.instant = day("2026-04-16")
    one = await desk.change(await desk.now(one), "large")
    await desk.run(until=day("2026-06-10"))
    one = await desk.change(await desk.now(one), "small")
    await desk.run(until=day("2026-09-02"))
    one = await desk.pay_all(one)
    world.clock.instant = day("2026-09-16")
    one = await desk.cancel(one, at_once=True, credit=True)
    assert one.state is State.CANCELED

    assert [total for _, _, total in await desk.told(one)] == [
        *("30.00", "30.00", "30.00", "30.00", "15.00", "60.00", "60.00"),
        *("30.00", "30.00", "30.00", "-15.00"),
    ]
    assert {state for _, state, _, _ in await desk.said(one)} == {"paid"}
    assert await desk.notes() == [("CN-2026-000001", 1500)]
    world.clock.instant = day("2026-12-31")
    async with world.database.begin(SYSTEM) as work:
        await recognize_due(work, 50)

    # 345.00 and 69.00 of tax were paid; of both, 15.00 and 3.00 went into a wallet.
    told = await balances(world)
    assert told.pop("wallet") in {"18.00", "-18.00"}
    assert {role: amount.lstrip("-") for role, amount in told.items()} == {
        "clearing": "414.00",
        "tax": "66.00",
        "revenue": "330.00",
    }
    assert await desk.wrong() == []


async def test_of_a_leap_year_each_period_is_invoiced_from_its_own_day(world: World) -> None:
    desk = await Desk.open_desk(world, at=day("2024-01-31"))
    await desk.plan("monthly", "10")
    await desk.plan("yearly", "100", interval=YEAR, product="app")
    monthly = await desk.subscribe("monthly")
    world.clock.instant = day("2024-02-29")
    other = await desk.house.project(compose("prj", 2))
    yearly = await desk.subscribe("yearly", project_id=other)

    await desk.run(until=day("2028-03-01"))

    starts = [
        row.start_at for each in await desk.invoices(yearly) for row in await desk.lines(each)
    ]
    assert [f"{at:%Y-%m-%d}" for at in starts] == [
        *("2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"),
    ]
    first = (await desk.invoices(monthly))[:3]
    starts = [row.start_at for each in first for row in await desk.lines(each)]
    assert [f"{at:%Y-%m-%d}" for at in starts] == ["2024-01-31", "2024-02-29", "2024-03-31"]
    assert await desk.wrong() == []


NIGHTS = [
    ("Europe/Berlin", datetime(2026, 3, 28, 2, 30)),  # noqa: DTZ001 - by the clocks of the zone
    ("America/New_York", datetime(2026, 3, 7, 2, 30)),  # noqa: DTZ001 - by the clocks of the zone
    ("Australia/Lord_Howe", datetime(2026, 4, 4, 1, 45)),  # noqa: DTZ001 - by the zone's clocks
]


@pytest.mark.parametrize(("zone", "evening"), NIGHTS, ids=[zone for zone, _ in NIGHTS])
async def test_a_night_that_clocks_change_is_billed_once_and_without_a_gap(
    world: World, zone: str, evening: datetime
) -> None:
    began = evening.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    desk = await Desk.open_desk(world, at=began, time_zone=zone)
    await desk.plan("daily", "1", interval=catalog.Interval(catalog.IntervalUnit.DAY))
    one = await desk.subscribe("daily")

    await desk.run(until=began + timedelta(days=3, hours=-2))

    lines = [row for each in await desk.invoices(one) for row in await desk.lines(each)]
    assert [f"{row.net / 100:.2f}" for row in lines] == ["1.00"] * 3
    assert [row.end_at for row in lines[:-1]] == [row.start_at for row in lines[1:]]
    local = [row.start_at.astimezone(ZoneInfo(zone)) for row in lines]
    assert local[0].time() == local[-1].time() == evening.time()
    assert all(each.state is invoicing.State.OPEN for each in await desk.invoices(one))
