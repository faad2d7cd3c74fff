"""The overview says how a project stands at this instant, in days and months of its own."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event

from core import projects
from core.kernel.caller import Role
from core.kernel.ids import compose
from core.operations import ScopeRequired
from core.reporting import operations, periods
from tests.core.metering.shop import Shop, use
from tests.world import AUDITOR, OPERATOR, PROJECT, START, World, agent

pytestmark = pytest.mark.anyio


async def overview(shop: Shop, **more: Any) -> dict[str, Any]:
    return await shop.ask(operations.get_project_overview, **more)


async def spend_at(shop: Shop, name: str, at: datetime, calls: int, **more: Any) -> None:
    """Charge so many dimes at this instant."""
    shop.world.clock.instant = at
    for n in range(calls):
        await shop.charge(f"{name}-{n}", "calls", **more)


async def test_an_overview_tells_balances_usage_and_spend(shop: Shop) -> None:
    wallet = await shop.wallet("10")
    await shop.charge("a", "tokens", properties={"tokens": 1500})
    await shop.record(
        use("b", "tokens", properties={"tokens": "0.5"}),
        use("c", "seats", quantity="7"),
        use("d", "storage", properties={"gb": 9}, occurred_at="2026-11-02T00:00:00Z"),
        use("e", "storage", properties={"gb": 4}),
        use("f", "users", properties={"user": "ada"}),
        use("october", "seats", quantity="99", occurred_at="2026-10-31T23:59:59Z"),
    )

    assert await overview(shop, days=2) == {
        "project_id": PROJECT,
        "name": "Ada's",
        "time_zone": "UTC",
        "as_of": "2026-11-20T09:00:00Z",
        "month_start_at": "2026-11-01T00:00:00Z",
        "wallets": [
            {
                "wallet_id": wallet,
                "name": "Main",
                "asset": "USD/2",
                "posted": "6.25",
                "held": "0.00",
                "available": "6.25",
            }
        ],
        "more_wallets": False,
        "usage": [
            used("tokens", "token", "sum", "1500.5", 2),
            used("storage", "GB", "last", "4", 2),
            used("seats", "seat", "max", "7", 1),
            used("users", "user", "unique", None, 1),
        ],
        "more_meters": False,
        "spend": [
            {
                "asset": "USD/2",
                "today": "3.75",
                "this_month": "3.75",
                "last_days": "3.75",
                "days_before": "0.00",
                "change_percent": None,
                "days": [
                    {"day": "2026-11-19", "amount": "0.00"},
                    {"day": "2026-11-20", "amount": "3.75"},
                ],
            }
        ],
    }


def used(key: str, unit: str, aggregation: str, value: str | None, count: int) -> dict[str, Any]:
    told = {"meter_key": key, "unit": unit, "aggregation": aggregation}
    return told | {"value": value, "event_count": count}


async def test_of_nothing_there_is_nothing_to_tell(shop: Shop) -> None:
    told = await overview(shop)

    assert (told["wallets"], told["usage"], told["spend"]) == ([], [], [])


async def test_every_process_tells_of_a_charge_as_soon_as_it_is_answered(shop: Shop) -> None:
    await shop.wallet("100")
    world = shop.world
    other = World.open(world.url, projects.find_project, owner_url=world.owner_url)
    there = Shop(other)
    try:
        for n in range(1, 6):
            await shop.charge(f"e{n}", "hours", quantity=str(n))
            told = await overview(there)
            total = sum(range(1, n + 1)) * 150
            assert told["spend"][0]["today"] == f"{total // 100}.{total % 100:02}"
            assert told["usage"][0]["event_count"] == n
            assert told["wallets"][0]["available"] == f"{(10000 - total) / 100:.2f}"
    finally:
        await other.close()


async def test_ten_charges_at_once_are_all_in_the_next_overview(shop: Shop) -> None:
    await shop.wallet("100")

    await asyncio.gather(*(shop.charge(f"e{n}", "calls") for n in range(10)))

    told = await overview(shop)
    assert (told["spend"][0]["today"], told["usage"][0]["value"]) == ("1.00", "10")


async def test_the_trend_compares_the_last_days_with_as_many_before(shop: Shop) -> None:
    await shop.wallet("100")
    await spend_at(shop, "long ago", START - timedelta(days=6), 9)
    await spend_at(shop, "first before", datetime(2026, 11, 15, tzinfo=UTC), 4)
    await spend_at(shop, "before", datetime(2026, 11, 17, 23, 59, 59, 999999, UTC), 2)
    await spend_at(shop, "first", datetime(2026, 11, 18, tzinfo=UTC), 3)
    await spend_at(shop, "now", START, 4)

    [told] = (await overview(shop, days=3))["spend"]

    assert told == {
        "asset": "USD/2",
        "today": "0.40",
        "this_month": "2.20",
        "last_days": "0.70",
        "days_before": "0.60",
        "change_percent": "+16.7",
        "days": [
            {"day": "2026-11-18", "amount": "0.30"},
            {"day": "2026-11-19", "amount": "0.00"},
            {"day": "2026-11-20", "amount": "0.40"},
        ],
    }


async def test_the_day_and_the_month_are_those_of_the_project(shop: Shop) -> None:
    tokyo = await shop.project(compose("prj", 2), time_zone="Asia/Tokyo")
    await shop.wallet("100", project_id=tokyo)
    who = {"caller": agent(project_id=tokyo)}
    midnight = datetime(2026, 10, 31, 15, tzinfo=UTC)
    await spend_at(shop, "last month", midnight - timedelta(microseconds=1), 2, **who)
    await spend_at(shop, "this month", midnight, 1, **who)

    told = await overview(shop, days=1, **who)

    assert told["month_start_at"] == "2026-10-31T15:00:00Z"
    assert told["usage"][0]["value"] == "1"
    [spend] = told["spend"]
    assert (spend["today"], spend["this_month"], spend["days_before"]) == ("0.10", "0.10", "0.20")
    assert spend["change_percent"] == "-50.0"
    assert spend["days"] == [{"day": "2026-11-01", "amount": "0.10"}]


@pytest.mark.parametrize("zone", ["Europe/Paris", "America/New_York", "Australia/Lord_Howe", "UTC"])
def test_the_last_days_are_calendar_days_also_where_clocks_change(zone: str) -> None:
    here = ZoneInfo(zone)
    for hours in range(0, 24 * 370, 7):
        now = START + timedelta(hours=hours)
        today = now.astimezone(here).date()

        days = periods.last_days(now, 62, here)

        told = [each.start_at.astimezone(here).date() for each in days]
        assert told == [today - timedelta(days=n) for n in reversed(range(62))]
        assert now in days[-1]


async def test_late_usage_is_in_the_overview_of_the_month_in_which_it_occurred(shop: Shop) -> None:
    shop.world.clock.instant = datetime(2026, 12, 3, tzinfo=UTC)
    await shop.record(use("late", occurred_at="2026-11-30T23:59:59.999999Z"), use("now"))

    assert (await overview(shop))["usage"][0]["value"] == "1"


async def test_an_overview_costs_the_same_however_much_was_used(shop: Shop) -> None:
    await shop.wallet("1000")
    asked: list[str] = []

    def listen(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        asked.append(statement)

    async def statements() -> int:
        asked.clear()
        await overview(shop, days=31)
        return len(asked)

    await shop.charge("first", "calls")
    engine = shop.world.engines.reader.sync_engine
    event.listen(engine, "before_cursor_execute", listen)
    try:
        few = await statements()
        await shop.record(*(use(f"e{n}") for n in range(500)))
        await asyncio.gather(*(shop.charge(f"c{n}", "calls") for n in range(20)))
        assert await statements() == few
    finally:
        event.remove(engine, "before_cursor_execute", listen)
    assert "metering_events" not in " ".join(asked)


async def test_another_projects_spend_is_not_told(shop: Shop) -> None:
    other = await shop.project(compose("prj", 2))
    await shop.wallet("10", project_id=other)
    await shop.charge("a", "calls", caller=agent(project_id=other))

    told = await overview(shop)
    theirs = await overview(shop, caller=AUDITOR, project_id=other)

    assert (told["wallets"], told["usage"], told["spend"]) == ([], [], [])
    assert theirs["spend"][0]["today"] == "0.10"


async def test_more_than_twenty_wallets_are_told_of_as_more(shop: Shop) -> None:
    for _ in range(21):
        await shop.wallet()

    told = await overview(shop, caller=agent(Role.VIEWER))

    assert (len(told["wallets"]), told["more_wallets"]) == (20, True)


async def test_an_overview_shows_wallets_and_so_takes_their_scope(shop: Shop) -> None:
    caller = agent(Role.VIEWER)
    outcome = await shop.perform(
        operations.get_project_overview, caller=replace(caller, scopes=frozenset({"metering:read"}))
    )

    assert isinstance(outcome.error, ScopeRequired)
    assert outcome.error.missing == ["wallets:read"]


@pytest.mark.parametrize("days", [0, 32])
async def test_a_trend_is_of_one_to_thirty_one_days(shop: Shop, days: int) -> None:
    outcome = await shop.perform(
        operations.get_project_overview, caller=OPERATOR, project_id=PROJECT, days=days
    )

    assert outcome.error
    assert outcome.error.code == "invalid_request"
