"""How much of a period a part of it is, by each way of counting."""

from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from core.kernel.money import Money
from core.kernel.period import Period
from core.proration import (
    DAILY,
    MONTHLY,
    WEEKLY,
    YEARLY,
    BillingPeriod,
    By,
    ChangeOutsidePeriod,
    Cycle,
    Interval,
    Owner,
    PeriodEmpty,
    Settings,
    Unit,
    part_between,
    part_left,
    part_used,
    split_by_time,
)
from tests.core.proration.shop import BERLIN, LORD_HOWE, NEW_YORK, USD, UTC, at, between, period

JUNE = period("2025-06-01")


def left(whole: BillingPeriod, when: str, by: By, owner: Owner = Owner.NEW) -> str:
    return str(part_left(whole, at(when, whole.zone), Settings(by, owner)))


@pytest.mark.parametrize(
    ("by", "new", "old"),
    [
        (By.SECOND, "1209600/2592000", "1209599/2592000"),
        (By.DAY, "15/30", "14/30"),
        (By.DAY_OF_30, "15/30", "14/30"),
    ],
)
def test_the_second_or_the_day_of_a_change_belongs_to_one_of_the_two_plans(
    by: By, new: str, old: str
) -> None:
    when = "2025-06-17" if by is By.SECOND else "2025-06-16 17:30"

    assert left(JUNE, when, by) == str(Fraction(new))
    assert left(JUNE, when, by, Owner.OLD) == str(Fraction(old))


def test_a_second_that_is_begun_counts_whole() -> None:
    whole = between("2025-06-01 00:00:00.250000", "2025-06-01 00:00:03.750000", DAILY)

    assert left(whole, "2025-06-01 00:00:01.500000", By.SECOND) == "3/4"
    assert left(whole, "2025-06-01 00:00:03.600000", By.SECOND) == "1/4"
    assert left(whole, "2025-06-01 00:00:03.750000", By.SECOND) == "0"


@pytest.mark.parametrize("owner", Owner)
@pytest.mark.parametrize("by", By)
def test_nothing_is_left_at_the_end(by: By, owner: Owner) -> None:
    assert left(JUNE, "2025-07-01", by, owner) == "0"


@pytest.mark.parametrize(
    ("zone", "day", "hours_before", "hours"),
    [
        (BERLIN, "2025-03-30", 11, 23),
        (BERLIN, "2025-10-26", 13, 25),
        (NEW_YORK, "2025-03-09", 11, 23),
        (NEW_YORK, "2025-11-02", 13, 25),
        (LORD_HOWE, "2025-04-06", 12.5, 24.5),
        (LORD_HOWE, "2025-10-05", 11.5, 23.5),
    ],
)
def test_on_a_night_when_clocks_change_seconds_count_what_passed_and_days_do_not_care(
    zone: ZoneInfo, day: str, hours_before: float, hours: float
) -> None:
    that_day = Cycle(at(day, zone), DAILY, zone).period(0)
    week = Cycle(at(day, zone), WEEKLY, zone).period(0)

    noon = at(f"{day} 12:00", zone)
    assert part_used(that_day, noon, Settings()) == Fraction(hours_before) / Fraction(hours)
    assert part_used(week, that_day.end_at, Settings(By.DAY)) == Fraction(1, 7)
    week_hours = 6 * 24 + Fraction(hours)
    assert part_used(week, that_day.end_at, Settings()) == Fraction(hours) / week_hours


def test_a_day_of_a_leap_february_is_a_smaller_part_of_it() -> None:
    by_year = {
        year: left(period(f"{year}-02-01"), f"{year}-02-28", By.DAY) for year in (2023, 2024)
    }

    assert by_year == {2023: "1/28", 2024: "2/29"}
    assert left(period("2024-01-01", YEARLY), "2024-12-31", By.DAY) == "1/366"


@pytest.mark.parametrize(
    ("start", "interval", "when", "of_30"),
    [
        ("2025-02-01", MONTHLY, "2025-02-16", "15/30"),
        ("2025-01-01", MONTHLY, "2025-01-31", "1/30"),
        ("2025-02-01", MONTHLY, "2025-02-28", "3/30"),
        ("2025-01-31", MONTHLY, "2025-02-15", "15/30"),
        # From the last of one month to the last of another, as both were meant to be the 31st.
        ("2024-12-31", Interval(Unit.MONTH, 2), "2025-01-31", "30/60"),
        ("2024-01-01", YEARLY, "2024-07-01", "180/360"),
        # Weeks and days have no months in them.
        ("2025-02-24", WEEKLY, "2025-03-01", "2/7"),
        ("2025-01-31", Interval(Unit.DAY, 10), "2025-02-01", "9/10"),
    ],
)
def test_on_a_month_of_thirty_days_every_month_is_worth_the_same(
    start: str, interval: Interval, when: str, of_30: str
) -> None:
    assert left(period(start, interval), when, By.DAY_OF_30) == str(Fraction(of_30))


def test_where_a_short_month_moved_the_start_the_day_that_was_meant_counts() -> None:
    march = Cycle(at("2025-01-31"), MONTHLY, UTC).period(1)

    lasts = [left(march, f"2025-03-{day:02}", By.DAY_OF_30) for day in (1, 15, 29, 30)]

    assert lasts == ["29/30", "1/2", "1/30", "1/30"]
    assert left(march, "2025-02-28 12:00", By.DAY_OF_30) == "1"


def test_a_period_within_one_day_is_that_day() -> None:
    hours = between("2025-06-01 09:00", "2025-06-01 17:00", DAILY)

    assert left(hours, "2025-06-01 12:00", By.DAY) == "1"
    assert left(hours, "2025-06-01 12:00", By.DAY, Owner.OLD) == "0"


def test_the_last_hours_before_a_period_ends_at_noon_belong_to_its_last_day() -> None:
    week = period("2025-06-02 12:00", WEEKLY)

    assert left(week, "2025-06-09 09:00", By.DAY) == "1/7"


def test_a_price_for_a_year_is_prorated_over_its_year() -> None:
    part = part_left(JUNE, at("2025-06-16"), Settings(By.DAY), YEARLY)

    assert part == Fraction(15, 365)


def test_where_the_period_begins_nobody_changes_anything() -> None:
    days = Settings(By.DAY, Owner.OLD)
    until_noon = Period(JUNE.start_at, at("2025-06-01 12:00"))

    assert part_between(JUNE, JUNE, days) == 1
    assert part_between(JUNE, until_noon, days) == Fraction(1, 30)
    # A change there has the old plan keep its day.
    assert part_left(JUNE, JUNE.start_at, days) == Fraction(29, 30)


def test_a_total_is_split_by_time_to_the_cent() -> None:
    cuts = [at("2025-06-11"), at("2025-06-21")]

    parts = split_by_time(Money.of("100.00", USD), JUNE, cuts, Settings(By.DAY))

    assert [each.decimal for each in parts] == ["33.34", "33.33", "33.33"]
    assert split_by_time(Money.of("9.99", USD), JUNE, [], Settings()) == [Money.of("9.99", USD)]


@pytest.mark.parametrize("when", ["2025-05-31 23:59:59", "2025-07-01 00:00:01"])
def test_a_change_outside_of_the_period_is_refused(when: str) -> None:
    with pytest.raises(ChangeOutsidePeriod, match="not within the period, which lasts from"):
        part_left(JUNE, at(when), Settings())


def test_no_part_of_an_empty_period_can_be_told() -> None:
    with pytest.raises(PeriodEmpty, match="ends at once"):
        part_left(between("2025-06-01", "2025-06-01"), at("2025-06-01"), Settings())
