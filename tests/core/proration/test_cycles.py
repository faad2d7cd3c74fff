"""Periods begin where the anchor says, whatever months lack and clocks do."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from core.kernel.period import Period
from core.proration import (
    DAILY,
    MONTHLY,
    QUARTERLY,
    WEEKLY,
    YEARLY,
    By,
    Cycle,
    DayNotOfAnchor,
    Interval,
    IntervalNotPositive,
    Settings,
    Unit,
    calendar_cycle,
    cycle_on_day,
    due_in_advance,
)
from tests.core.proration.shop import APIA, BERLIN, LORD_HOWE, NEW_YORK, UTC, at, cycle, local


def starts(of: Cycle, count: int, zone: ZoneInfo = UTC) -> list[str]:
    return [each.removesuffix(" 00:00") for each in local([*map(of.start_of, range(count))], zone)]


@pytest.mark.parametrize(
    ("anchor", "interval", "begin"),
    [
        ("2025-01-31", MONTHLY, ["2025-01-31", "2025-02-28", "2025-03-31", "2025-04-30"]),
        ("2024-01-31", MONTHLY, ["2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30"]),
        ("2025-01-29", MONTHLY, ["2025-01-29", "2025-02-28", "2025-03-29", "2025-04-29"]),
        ("2024-11-30", QUARTERLY, ["2024-11-30", "2025-02-28", "2025-05-30", "2025-08-30"]),
        ("2024-02-29", YEARLY, ["2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28"]),
        ("2024-12-30", WEEKLY, ["2024-12-30", "2025-01-06", "2025-01-13", "2025-01-20"]),
        ("2024-02-28", Interval(Unit.DAY, 10), ["2024-02-28", "2024-03-09", "2024-03-19"]),
        ("2024-12-31", Interval(Unit.YEAR, 4), ["2024-12-31", "2028-12-31", "2032-12-31"]),
    ],
)
def test_a_day_that_a_month_lacks_comes_back_with_the_next(
    anchor: str, interval: Interval, begin: list[str]
) -> None:
    assert starts(cycle(anchor, interval), len(begin)) == begin


def test_a_leap_day_comes_back_after_four_years_and_not_after_a_hundred() -> None:
    yearly = cycle("2096-02-29", YEARLY)

    assert starts(yearly, 9)[4:] == [
        "2100-02-28",
        "2101-02-28",
        "2102-02-28",
        "2103-02-28",
        "2104-02-29",
    ]


def test_a_period_reaches_from_one_boundary_to_the_next_also_before_the_anchor() -> None:
    monthly = cycle("2025-01-31")

    assert monthly.period(-2) == monthly.period_at(at("2024-12-30"))
    before = monthly.period(-2)
    assert local([before.start_at, before.end_at], UTC) == ["2024-11-30 00:00", "2024-12-31 00:00"]
    assert monthly.period_at(before.end_at) == monthly.period(-1)
    assert monthly.period_at(before.end_at - timedelta(microseconds=1)) == before


@pytest.mark.parametrize(
    ("zone", "anchor", "day", "hours"),
    [
        (BERLIN, "2025-03-01", "2025-03-30", 23),
        (BERLIN, "2025-03-01", "2025-10-26", 25),
        (NEW_YORK, "2025-03-01", "2025-03-09", 23),
        (NEW_YORK, "2025-03-01", "2025-11-02", 25),
        (LORD_HOWE, "2025-03-01", "2025-04-06", 24.5),
        (LORD_HOWE, "2025-03-01", "2025-10-05", 23.5),
    ],
)
def test_a_day_on_which_clocks_change_is_as_long_as_it_was(
    zone: ZoneInfo, anchor: str, day: str, hours: float
) -> None:
    daily = cycle(anchor, DAILY, zone)

    short_or_long = daily.period_at(at(f"{day} 12:00", zone))

    assert short_or_long.end_at - short_or_long.start_at == timedelta(hours=hours)
    assert short_or_long.start_at == at(day, zone)
    # The next day is as long as any.
    after = daily.period_at(short_or_long.end_at)
    assert after.end_at - after.start_at == timedelta(days=1)


def test_a_time_that_clocks_skip_moves_one_boundary_and_none_after_it() -> None:
    daily = cycle("2025-03-29 02:30", DAILY, BERLIN)

    assert starts(daily, 3, BERLIN) == ["2025-03-29 02:30", "2025-03-30 03:30", "2025-03-31 02:30"]


def test_an_anchor_in_the_repeated_hour_stays_where_it_was() -> None:
    repeated = at("2025-10-26 02:30", BERLIN).replace(fold=1)
    daily = Cycle(repeated, DAILY, BERLIN)

    assert daily.start_of(0) == repeated.astimezone(UTC)
    assert daily.period_at(repeated) == daily.period(0)
    # Half past two the first time was still the day before.
    assert daily.period_at(repeated - timedelta(hours=1)) == daily.period(-1)


@pytest.mark.parametrize("time", ["00:00", "15:00"])
def test_a_day_that_a_zone_left_out_is_no_period(time: str) -> None:
    daily = cycle(f"2011-12-28 {time}", DAILY, APIA)
    days = Period(at("2011-12-28 15:00", APIA), at("2012-01-01 15:00", APIA))

    begin = [each.start_at for each in daily.periods(days)]

    assert local(begin, APIA) == [f"2011-12-{day} {time}" for day in (28, 29, 31)] + [
        f"2012-01-01 {time}"
    ] * (time == "00:00")
    assert (
        daily.period_at(at("2011-12-31 10:00", APIA)).start_at
        == {
            "00:00": at("2011-12-31 00:00", APIA),
            "15:00": at("2011-12-29 15:00", APIA),
        }[time]
    )


@pytest.mark.parametrize(
    ("interval", "day", "start", "begin"),
    [
        (MONTHLY, 15, "2025-02-10", ["2025-02-15", "2025-03-15"]),
        (MONTHLY, 15, "2025-02-15 09:00", ["2025-02-15", "2025-03-15"]),
        (MONTHLY, 5, "2025-12-10", ["2026-01-05", "2026-02-05"]),
        # The month in which it begins is too short for its day, and the next is not.
        (MONTHLY, 31, "2025-02-10", ["2025-02-28", "2025-03-31", "2025-04-30"]),
        (MONTHLY, 31, "2025-02-28", ["2025-02-28", "2025-03-31"]),
        (QUARTERLY, 30, "2025-01-31", ["2025-02-28", "2025-05-30"]),
        (YEARLY, 29, "2024-02-10", ["2024-02-29", "2025-02-28", "2026-02-28"]),
    ],
)
def test_a_cycle_can_begin_on_a_day_of_the_month(
    interval: Interval, day: int, start: str, begin: list[str]
) -> None:
    assert starts(cycle_on_day(interval, day, at(start), UTC), len(begin)) == begin


@pytest.mark.parametrize(
    ("interval", "begin"),
    [
        (DAILY, ["2025-06-18", "2025-06-19"]),
        (WEEKLY, ["2025-06-16", "2025-06-23"]),
        (MONTHLY, ["2025-06-01", "2025-07-01"]),
        (YEARLY, ["2025-01-01", "2026-01-01"]),
    ],
)
def test_a_cycle_can_begin_with_the_calendar_of_the_zone(
    interval: Interval, begin: list[str]
) -> None:
    # Still the evening before, by the clocks of Greenwich.
    instant = at("2025-06-17 23:00")

    assert starts(calendar_cycle(interval, instant, BERLIN), 2, BERLIN) == begin


def test_what_falls_due_is_shortened_where_a_plan_begins_and_ends() -> None:
    monthly = cycle_on_day(MONTHLY, 1, at("2025-01-16"), UTC)
    plan = Period(at("2025-01-16"), at("2025-04-11"))

    due = [*due_in_advance(monthly, plan, at("2025-12-31"), Settings(By.DAY))]

    assert [str(each.part) for each in due] == ["16/31", "1", "1", "1/3"]
    assert [each.covers.start_at for each in due] == [
        plan.start_at, at("2025-02-01"), at("2025-03-01"), at("2025-04-01"),
    ]  # fmt: skip
    assert due[-1].covers.end_at == plan.end_at
    assert len([*due_in_advance(monthly, plan, at("2025-02-01"), Settings())]) == 2
    assert len([*due_in_advance(monthly, plan, at("2025-01-31"), Settings())]) == 1


def test_an_interval_is_said_as_people_say_it() -> None:
    assert [str(each) for each in (MONTHLY, QUARTERLY, WEEKLY)] == ["1 month", "3 months", "1 week"]


def test_an_interval_of_none_is_refused() -> None:
    with pytest.raises(IntervalNotPositive, match=r"^interval\.count must be 1 .* one week"):
        Interval(Unit.WEEK, 0)


def test_a_day_on_which_the_anchor_does_not_lie_is_refused() -> None:
    with pytest.raises(DayNotOfAnchor, match="day is 14, but periods begin at 2025-02-15"):
        Cycle(at("2025-02-15"), MONTHLY, UTC, day=14)
