"""A summary adds up what occurred in each window of the project's own clock."""

from datetime import timedelta
from typing import Any

import pytest

from core import metering
from core.kernel.ids import compose
from core.metering import summarizing
from core.reporting import operations as reporting
from core.usage import SummaryTooLarge
from tests.core.metering.shop import Shop, use
from tests.world import START, agent

pytestmark = pytest.mark.anyio


async def test_a_summary_says_what_was_summed_up_and_over_which_period(shop: Shop) -> None:
    await shop.record(use("a", "tokens", properties={"tokens": "2.5"}))

    assert await shop.ask(reporting.summarize_usage, meter_key="tokens") == {
        "meter_key": "tokens",
        "aggregation": "sum",
        "unit": "token",
        "start_at": "2026-11-01T00:00:00Z",
        "end_at": "2026-12-01T00:00:00Z",
        "time_zone": "UTC",
        "window": "none",
        "group_by": None,
        "rows": [
            {
                "start_at": "2026-11-01T00:00:00Z",
                "end_at": "2026-12-01T00:00:00Z",
                "group": None,
                "value": "2.5",
                "event_count": 1,
            }
        ],
    }


async def test_each_aggregation_makes_its_own_of_the_same_four_events(shop: Shop) -> None:
    told = [
        ("2026-11-20T08:00:00Z", "3", "ada"),
        ("2026-11-20T08:30:00Z", "7.5", "bob"),
        ("2026-11-20T08:45:00Z", "5", "ada"),
        ("2026-11-20T08:15:00Z", "1", "cid"),
    ]
    for n, (at, number, user) in enumerate(told):
        said = {"occurred_at": at}
        await shop.record(
            use(f"a{n}", "calls", **said),
            use(f"b{n}", "tokens", **said, properties={"tokens": number}),
            use(f"c{n}", "seats", **said, quantity=number),
            use(f"d{n}", "users", **said, properties={"user": user}),
            use(f"e{n}", "storage", **said, properties={"gb": number}),
        )

    values = {
        key: [row[2] for row in await shop.summary(key)]
        for key in ("calls", "tokens", "seats", "users", "storage")
    }

    assert values == {
        "calls": ["4"],
        "tokens": ["16.5"],
        "seats": ["7.5"],
        "users": ["3"],
        "storage": ["5"],
    }


@pytest.mark.parametrize(
    ("meter_key", "value"),
    [("calls", "0"), ("tokens", "0"), ("users", "0"), ("seats", None), ("storage", None)],
)
async def test_of_no_events_there_is_none_and_no_largest_and_no_last(
    shop: Shop, meter_key: str, value: str | None
) -> None:
    month = ("2026-11-01T00:00:00Z", None, value)

    assert await shop.summary(meter_key) == [month]
    assert await shop.summary(meter_key, window="day") == []
    assert await shop.summary(meter_key, group_by="model") == []


async def test_of_events_at_one_instant_the_last_received_is_the_last(shop: Shop) -> None:
    at = {"occurred_at": "2026-11-20T08:00:00Z"}
    await shop.record(
        use("z", "storage", **at, properties={"gb": 1}),
        use("a", "storage", **at, properties={"gb": 2}),
    )
    assert (await shop.summary("storage"))[0][2] == "2"
    shop.world.clock.advance(seconds=1)
    await shop.record(use("m", "storage", **at, properties={"gb": 3}))

    assert (await shop.summary("storage"))[0][2] == "3"


async def test_groups_are_the_values_of_the_property_and_those_without_it(shop: Shop) -> None:
    values = ["large", "large", 7, "7", True, "true", False, 0]
    await shop.record(
        *(use(f"e{n}", properties={"model": value}) for n, value in enumerate(values)), use("none")
    )

    rows = await shop.summary("calls", group_by="model")

    assert [(group, value) for _, group, value in rows] == [
        ("0", "1"),
        ("7", "2"),
        ("false", "1"),
        ("large", "2"),
        ("true", "2"),
        (None, "1"),
    ]


async def test_a_property_with_a_dot_in_its_name_is_one_property(shop: Shop) -> None:
    await shop.record(use("a", properties={"gen_ai.model": "x"}))

    assert (await shop.summary("calls", group_by="gen_ai.model"))[0][1] == "x"


async def test_unique_values_are_counted_once_in_each_window_and_once_in_all(shop: Shop) -> None:
    await shop.record(
        use("a", "users", occurred_at="2026-11-18T10:00:00Z", properties={"user": "ada"}),
        use("b", "users", occurred_at="2026-11-18T11:00:00Z", properties={"user": "ada"}),
        use("c", "users", occurred_at="2026-11-19T10:00:00Z", properties={"user": "ada"}),
    )

    assert [row[2] for row in await shop.summary("users", window="day")] == ["1", "1"]
    assert [row[2] for row in await shop.summary("users", window="month")] == ["1"]


async def test_a_period_is_cut_to_the_microsecond_and_holds_its_start_only(shop: Shop) -> None:
    await shop.record(
        use("a", occurred_at="2026-11-20T08:07:29.999999Z"),
        use("b", occurred_at="2026-11-20T08:07:30Z"),
        use("c", occurred_at="2026-11-20T08:09:59.999999Z"),
        use("d", occurred_at="2026-11-20T08:10:00Z"),
    )
    period = {"start_at": "2026-11-20T08:07:30Z", "end_at": "2026-11-20T08:10:00Z"}

    assert await shop.summary("calls", **period) == [("2026-11-20T08:07:30Z", None, "2")]
    assert await shop.summary("calls", **period, window="hour") == [
        ("2026-11-20T08:07:30Z", None, "2")
    ]


async def test_the_night_clocks_go_back_in_paris_is_one_day_of_25_hours(shop: Shop) -> None:
    shop.world.clock.instant = START - timedelta(days=25)
    paris = agent(project_id=await shop.project(compose("prj", 2), time_zone="Europe/Paris"))
    # 25 October 2026 in Paris: from 22:00 UTC on the 24th to 23:00 UTC on the 25th.
    hours = [*(f"2026-10-25T{hour:02}:30:00Z" for hour in range(24)), "2026-10-24T21:59:59Z"]
    hours += ["2026-10-24T22:00:00Z", "2026-10-24T23:30:00Z"]
    await shop.record(*(use(f"e{n}", occurred_at=at) for n, at in enumerate(hours)), caller=paris)
    period = {"start_at": "2026-10-24T00:00:00+02:00", "end_at": "2026-10-27T00:00:00+01:00"}

    days = await shop.summary("calls", caller=paris, window="day", **period)
    asked = await shop.ask(
        reporting.summarize_usage,
        caller=paris,
        meter_key="calls",
        window="hour",
        start_at="2026-10-25T00:00:00+02:00",
        end_at="2026-10-26T00:00:00+01:00",
    )

    assert days == [
        ("2026-10-23T22:00:00Z", None, "1"),
        ("2026-10-24T22:00:00Z", None, "25"),
        ("2026-10-25T23:00:00Z", None, "1"),
    ]
    assert [row["value"] for row in asked["rows"]] == ["1"] * 25


async def test_the_night_clocks_go_forward_in_new_york_is_one_day_of_23_hours(shop: Shop) -> None:
    shop.world.clock.instant = START.replace(year=2027, month=3, day=20)
    new_york = agent(project_id=await shop.project(compose("prj", 2), time_zone="America/New_York"))
    # 14 March 2027 in New York: from 05:00 UTC on the 14th to 04:00 UTC on the 15th.
    hours = [f"2027-03-14T{hour:02}:30:00Z" for hour in range(24)]
    hours += [f"2027-03-15T{hour:02}:30:00Z" for hour in range(6)]
    await shop.record(
        *(use(f"e{n}", occurred_at=at) for n, at in enumerate(hours)), caller=new_york
    )

    days = await shop.summary("calls", caller=new_york, window="day")

    assert days == [
        ("2027-03-13T05:00:00Z", None, "5"),
        ("2027-03-14T05:00:00Z", None, "23"),
        ("2027-03-15T04:00:00Z", None, "2"),
    ]


async def test_days_and_hours_in_kathmandu_begin_at_a_quarter_past(shop: Shop) -> None:
    nepal = agent(project_id=await shop.project(compose("prj", 2), time_zone="Asia/Kathmandu"))
    await shop.record(
        use("a", occurred_at="2026-11-18T18:14:59Z"),
        use("b", occurred_at="2026-11-18T18:15:00Z"),
        use("c", occurred_at="2026-11-18T19:14:59Z"),
        use("d", occurred_at="2026-11-18T19:15:00Z"),
        caller=nepal,
    )

    assert await shop.summary("calls", caller=nepal, window="day") == [
        ("2026-11-17T18:15:00Z", None, "1"),
        ("2026-11-18T18:15:00Z", None, "3"),
    ]
    assert await shop.summary("calls", caller=nepal, window="hour") == [
        ("2026-11-18T17:15:00Z", None, "1"),
        ("2026-11-18T18:15:00Z", None, "2"),
        ("2026-11-18T19:15:00Z", None, "1"),
    ]


async def test_a_month_begins_where_the_project_is(shop: Shop) -> None:
    tokyo = agent(project_id=await shop.project(compose("prj", 2), time_zone="Asia/Tokyo"))
    await shop.record(
        use("a", occurred_at="2026-10-31T14:59:59Z"),
        use("b", occurred_at="2026-10-31T15:00:00Z"),
        caller=tokyo,
    )

    assert await shop.summary("calls", caller=tokyo) == [("2026-10-31T15:00:00Z", None, "1")]
    both = await shop.summary(
        "calls", caller=tokyo, window="month", start_at="2026-09-01T00:00:00+09:00"
    )
    assert both == [("2026-09-30T15:00:00Z", None, "1"), ("2026-10-31T15:00:00Z", None, "1")]


async def test_late_usage_counts_where_it_occurred(shop: Shop) -> None:
    await shop.record(use("a", occurred_at="2026-10-20T10:00:00Z"))

    assert (await shop.summary("calls"))[0][2] == "0"
    october = {"start_at": "2026-10-01T00:00:00Z", "end_at": "2026-11-01T00:00:00Z"}
    assert (await shop.summary("calls", **october))[0][2] == "1"


@pytest.mark.parametrize(
    ("window", "days"), [("hour", 42), ("day", 1001), ("month", 31 * 1001), ("hour", 70_000)]
)
async def test_a_summary_of_more_than_a_thousand_windows_is_refused(
    shop: Shop, window: str, days: int
) -> None:
    outcome = await shop.perform(
        reporting.summarize_usage,
        meter_key="calls",
        window=window,
        start_at="2000-01-01T00:00:00Z",
        end_at=(START.replace(year=2000, month=1, day=1, hour=0) + timedelta(days)).isoformat(),
    )

    assert isinstance(outcome.error, SummaryTooLarge)


async def test_a_summary_of_more_than_a_thousand_groups_is_refused(shop: Shop) -> None:
    named = [use(f"e{n}", properties={"n": n}) for n in range(summarizing.ROWS_MAX + 1)]
    await shop.record(*named[:1000])
    assert len(await shop.summary("calls", group_by="n")) == 1000
    await shop.record(*named[1000:])

    outcome = await shop.perform(reporting.summarize_usage, meter_key="calls", group_by="n")

    assert isinstance(outcome.error, SummaryTooLarge)


@pytest.mark.parametrize(
    ("period", "field"),
    [
        ({"start_at": "2026-11-20T00:00:00Z", "end_at": "2026-11-20T00:00:00Z"}, "end_at"),
        ({"start_at": "2027-01-01T00:00:00Z"}, "end_at"),
        ({"start_at": "1999-12-31T23:59:59Z"}, "start_at"),
        ({"end_at": "9999-12-31T23:59:59Z"}, "end_at"),
    ],
)
async def test_a_period_that_is_none_is_refused_by_its_field(
    shop: Shop, period: dict[str, Any], field: str
) -> None:
    outcome = await shop.perform(reporting.summarize_usage, meter_key="calls", **period)

    assert outcome.error
    assert outcome.error.facts["problems"][0]["field"] == field


async def test_a_meter_that_is_not_there_cannot_be_summarized(shop: Shop) -> None:
    outcome = await shop.perform(reporting.summarize_usage, meter_key="nothing")

    assert isinstance(outcome.error, metering.MeterNotFound)
