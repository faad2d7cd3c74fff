"""A level lasts until an event changes it, and peaks are added up window by window."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from core import metering, surface
from core.kernel.errors import EngineError
from core.kernel.ids import compose
from core.kernel.period import Period
from core.metering import levels, operations
from core.reporting import operations as reporting
from tests.core.metering.shop import Shop, use
from tests.world import OPERATOR, PROJECT, START, agent

pytestmark = pytest.mark.anyio

AS_OPERATOR: dict[str, Any] = {"caller": OPERATOR, "project_id": PROJECT}
DAY: dict[str, Any] = {"start_at": "2026-11-18T00:00:00Z", "end_at": "2026-11-19T00:00:00Z"}


def instant(told: str) -> datetime:
    return datetime.fromisoformat(told).replace(tzinfo=UTC)


def day(number: int) -> Period:
    return Period(instant(f"2026-11-{number}"), instant(f"2026-11-{number + 1}"))


async def changed(shop: Shop, meter_key: str, *told: tuple[str, str], **more: Any) -> None:
    """Record amounts at times of November."""
    events = [
        use(
            f"{meter_key} {at} {amount}",
            meter_key,
            quantity=amount,
            occurred_at=f"2026-11-{at}:00Z",
            **more,
        )
        for at, amount in told
    ]
    assert await shop.record(*events) == [("accepted", None)] * len(events)


async def aggregated(shop: Shop, meter_key: str, period: Period) -> str:
    async with shop.world.database.read(OPERATOR) as work:
        return str(await metering.aggregate(work, PROJECT, meter_key, period))


async def test_a_level_lasts_from_window_to_window(shop: Shop) -> None:
    await changed(shop, "disk", ("16T12:00", "10"), ("17T18:00", "-4"), ("18T06:00", "0"))

    rows = await shop.summary(
        "disk", window="day", start_at="2026-11-15T00:00:00Z", end_at="2026-11-20T00:00:00Z"
    )

    assert [(start_at[:10], value) for start_at, _, value in rows] == [
        ("2026-11-16", "5"),
        ("2026-11-17", "9"),
        ("2026-11-18", "6"),
        ("2026-11-19", "6"),
    ]
    assert await shop.summary("disk", **DAY) == [("2026-11-18T00:00:00Z", None, "6")]


async def test_an_event_counts_from_its_own_second_and_to_the_period_s_end(shop: Shop) -> None:
    await shop.record(
        use("a", "disk", quantity="60", occurred_at="2026-11-20T08:00:59.999Z"),
        use("b", "disk", quantity="-60", occurred_at="2026-11-20T08:01:00.500Z"),
    )
    minute = Period(instant("2026-11-20T08:00"), instant("2026-11-20T08:01"))
    ten_seconds = Period(instant("2026-11-20T08:00:55"), instant("2026-11-20T08:01:05"))
    no_second = Period(instant("2026-11-20T08:00:59.250000"), instant("2026-11-20T08:00:59.750000"))

    assert await aggregated(shop, "disk", minute) == "1"
    assert await aggregated(shop, "disk", ten_seconds) == "6"
    # What a second holds it holds whole, and of less than one it is what it is in the end.
    assert await aggregated(shop, "disk", no_second) == "0"


async def test_a_late_event_changes_what_came_after_it(shop: Shop) -> None:
    await changed(shop, "disk", ("16T00:00", "10"))
    before = await aggregated(shop, "disk", day(18))

    await changed(shop, "disk", ("17T12:00", "2"))

    assert (before, await aggregated(shop, "disk", day(18))) == ("10", "12")
    assert await aggregated(shop, "disk", day(17)) == "11"


async def test_the_night_on_which_clocks_go_back_is_an_hour_longer(shop: Shop) -> None:
    abroad = compose("prj", 7)
    await shop.project(abroad, time_zone="America/New_York")
    customer = agent(project_id=abroad)
    await shop.record(
        use("a", "disk", quantity="25", occurred_at="2026-11-02T03:00:00Z"), caller=customer
    )

    rows = await shop.summary(
        "disk",
        caller=customer,
        window="day",
        start_at="2026-11-01T04:00:00Z",
        end_at="2026-11-02T05:00:00Z",
    )

    # Two of the twenty-five hours of the first of November.
    assert rows == [("2026-11-01T04:00:00Z", None, "2")]


async def test_each_group_has_a_level_of_its_own(shop: Shop) -> None:
    await changed(shop, "disk", ("16T00:00", "10"), properties={"zone": "a"})
    await changed(shop, "disk", ("18T12:00", "4"), properties={"zone": "b"})
    await changed(shop, "disk", ("18T18:00", "-10"), properties={"zone": "a"})

    rows = await shop.summary("disk", group_by="zone", **DAY)

    assert [row[1:] for row in rows] == [("a", "7.5"), ("b", "2")]


async def test_groups_whose_events_are_gone_are_not_guessed(shop: Shop) -> None:
    await changed(shop, "disk", ("16T00:00", "10"), properties={"zone": "a"})
    more = "update metering_rollups set quantity_low = quantity_low + 1"
    async with shop.world.owner() as owner:
        await owner.execute(text(more))

    outcome = await shop.perform(
        reporting.summarize_usage, meter_key="disk", group_by="zone", **DAY
    )

    assert isinstance(outcome.error, metering.LevelForgotten)
    assert outcome.error.facts == {"meter_key": "disk", "at": instant("2026-11-18")}
    assert await shop.summary("disk", **DAY) == [("2026-11-18T00:00:00Z", None, "10.000001")]


async def test_the_largest_of_each_hour_are_added_up(shop: Shop) -> None:
    told = [("18T07:30", "8"), ("18T07:45", "4"), ("18T08:15", "10"), ("18T08:45", "9")]
    await changed(shop, "peaks", *told)
    await changed(shop, "peaks", ("18T08:30", "10.5"))

    assert await shop.summary("peaks", **DAY) == [("2026-11-18T00:00:00Z", None, "18.5")]
    assert await shop.summary(
        "peaks", start_at="2026-11-01T00:00:00Z", end_at="2026-11-02T00:00:00Z"
    ) == [("2026-11-01T00:00:00Z", None, "0")]


async def test_a_window_that_the_period_cuts_counts_by_what_is_within(shop: Shop) -> None:
    await changed(shop, "peaks", ("18T07:05", "8"), ("18T07:40", "3"), ("18T08:10", "2"))

    cut = Period(instant("2026-11-18T07:10"), instant("2026-11-18T08:12"))

    assert await aggregated(shop, "peaks", cut) == "5"


async def test_days_whose_largest_are_added_up_are_the_project_s_own(shop: Shop) -> None:
    abroad = compose("prj", 7)
    await shop.project(abroad, time_zone="Asia/Kathmandu")
    about = {"key": "daily", "name": "Daily", "unit": "core", "price": "0", "asset": "USD/2"}
    more = {"aggregation": "bucketed_max", "per_window": "day"}
    await shop.ask(operations.create_meter, caller=OPERATOR, **about, **more)
    # A quarter past six in the evening is midnight there.
    told = [("18T18:00", "3"), ("18T18:14", "5"), ("18T18:15", "7"), ("19T18:14", "2")]
    events = [
        use(at, "daily", quantity=amount, occurred_at=f"2026-11-{at}:00Z") for at, amount in told
    ]

    await shop.record(*events, caller=agent(project_id=abroad))
    rows = await shop.summary("daily", caller=agent(project_id=abroad))

    assert [row[2] for row in rows] == ["12"]


async def test_too_many_quarter_hours_are_refused(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(levels, "QUARTERS_MAX", 1)
    await changed(shop, "peaks", ("18T07:05", "8"), ("18T07:40", "3"))

    outcome = await shop.perform(reporting.summarize_usage, meter_key="peaks", **DAY)

    assert isinstance(outcome.error, metering.SummaryTooLarge)


async def test_groups_of_several_properties_are_told_apart(shop: Shop) -> None:
    said: list[dict[str, Any]] = [
        {"model": "large", "region": "eu"},
        {"model": "large", "region": "us"},
        {"model": "large", "region": "eu"},
        {"region": "eu"},
        {},
        {"model": True, "region": "=eu"},
    ]
    await shop.record(*(use(f"e{n}", properties=each) for n, each in enumerate(said)))

    async with shop.world.database.read(OPERATOR) as work:
        found = await metering.aggregate_groups(
            work, PROJECT, "calls", day(20), properties=["model", "region"]
        )

    assert sorted(found, key=str) == sorted(
        [
            ({"model": "large", "region": "eu"}, Decimal(2)),
            ({"model": "large", "region": "us"}, Decimal(1)),
            ({"region": "eu"}, Decimal(1)),
            ({}, Decimal(1)),
            ({"model": "true", "region": "=eu"}, Decimal(1)),
        ],
        key=str,
    )


async def test_windows_are_aggregated_one_by_one_and_nothing_is_zero(shop: Shop) -> None:
    await changed(shop, "seats", ("17T12:00", "3"), ("19T12:00", "0.5"))
    parts = [day(17), day(18), day(19)]

    async with shop.world.database.read(OPERATOR) as work:
        found = await metering.aggregate_windows(work, PROJECT, "seats", parts)

    assert found == [Decimal(3), Decimal(0), Decimal("0.5")]


async def test_single_quantities_come_in_the_order_in_which_they_occurred(shop: Shop) -> None:
    await changed(shop, "hours", ("18T12:00", "3"), ("18T08:00", "1.25"), ("19T00:00", "9"))
    await shop.project(compose("prj", 7))
    await shop.record(use("x", "hours"), caller=agent(project_id=compose("prj", 7)))

    async with shop.world.database.read(OPERATOR) as work:
        found = await metering.transactions(work, PROJECT, "hours", day(18))
        with pytest.raises(metering.TooManyTransactions, match="more than 1 events of hours"):
            await metering.transactions(work, PROJECT, "hours", day(18), most=1)

    assert found == (Decimal("1.25"), Decimal(3))


async def test_what_one_project_used_is_no_other_s(shop: Shop) -> None:
    other = compose("prj", 7)
    await shop.project(other)
    for key in ("disk", "peaks", "latency"):
        await changed(shop, key, ("18T00:00", "10"))
        async with shop.world.database.read(OPERATOR) as work:
            told = [
                str(await metering.aggregate(work, each, key, day(18))) for each in (PROJECT, other)
            ]
        assert told == ["10", "0"]


async def test_only_a_platform_operator_takes_usage_back(shop: Shop) -> None:
    wrong = use("a", "hours", quantity="10")
    back = use("a-corrected", "hours", quantity="-2.5")
    await shop.record(wrong)

    assert await shop.record(back) == [("refused", "quantity_below_zero")]
    assert await shop.record(back, **AS_OPERATOR) == [("accepted", None)]
    assert await shop.record(back | {"quantity": "-2.50"}, **AS_OPERATOR) == [("duplicate", None)]
    assert [row[2] for row in await shop.summary("hours")] == ["7.5"]
    assert (await surface.prove(shop.world.database)).differences == []
    # Nor does an operator make less than nothing of what is counted or largest.
    assert await shop.record(use("b", "seats", quantity=-1), **AS_OPERATOR) == [
        ("refused", "quantity_below_zero")
    ]


async def test_what_takes_usage_back_is_never_charged(shop: Shop) -> None:
    wallet = await shop.wallet("100.00")
    recorded = use("recorded", "hours", quantity="-1")
    assert await shop.record(recorded, **AS_OPERATOR) == [("accepted", None)]

    errors: list[EngineError | None] = []
    for event in (recorded, use("new", "hours", quantity="-1")):
        outcome = await shop.perform(operations.charge_usage, **event, **AS_OPERATOR)
        errors.append(outcome.error)

    assert [type(each) for each in errors] == [metering.QuantityBelowZero] * 2
    assert await shop.available(wallet) == "100.00"
    assert await shop.counts() == (1, 0)


async def test_an_overview_tells_averages_and_peaks_and_no_level(shop: Shop) -> None:
    for key in ("disk", "peaks", "latency"):
        await changed(shop, key, ("18T07:30", "8"), ("18T08:15", "1"))

    told = await shop.ask(reporting.get_project_overview)

    assert {each["meter_key"]: each["value"] for each in told["usage"]} == {
        "disk": None,
        "peaks": "9",
        "latency": "4.5",
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"aggregation": "bucketed_max"},
        {"aggregation": "max", "per_window": "hour"},
    ],
)
async def test_only_a_sum_of_largest_says_of_which_windows(
    shop: Shop, wrong: dict[str, Any]
) -> None:
    about = {"key": "daily", "name": "Daily", "unit": "core", "price": "0", "asset": "USD/2"}

    outcome = await shop.perform(operations.create_meter, caller=OPERATOR, **about, **wrong)

    assert outcome.error
    assert "per_window: is for bucketed_max" in str(outcome.error)


async def test_nothing_is_average_of_nothing_and_a_level_of_nothing_is_none(shop: Shop) -> None:
    assert [row[2] for row in await shop.summary("latency")] == [None]
    assert [row[2] for row in await shop.summary("disk")] == ["0"]
    assert await aggregated(shop, "latency", Period(START, START + timedelta(days=1))) == "0"
