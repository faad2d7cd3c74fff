"""What recurring revenue is, and that what is told of it adds up. Pure."""

from datetime import UTC, date, datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.kernel.rounding import whole_units
from core.proration import Interval, Unit
from core.revenue.calendar import Granularity, first_of, midnight, spans
from core.revenue.model import Kind, Moved, in_order, monthly, told

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("unit", "count", "month"),
    [
        (Unit.MONTH, 1, "10000"),
        (Unit.MONTH, 3, "10000/3"),
        (Unit.YEAR, 1, "2500/3"),
        (Unit.YEAR, 2, "1250/3"),
        (Unit.WEEK, 1, "130000/3"),
        (Unit.DAY, 30, "91250/9"),
    ],
)
def test_a_price_is_brought_to_a_month_exactly(unit: Unit, count: int, month: str) -> None:
    assert monthly(10_000, Interval(unit, count)) == Fraction(month)


fractions = st.fractions(min_value=0, max_value=10**6, max_denominator=365 * 36)
below = fractions.map(lambda each: -each)
BY = st.fixed_dictionaries(
    {kind: below if kind in {Kind.CHURN, Kind.CONTRACTION} else fractions for kind in Kind}
)


@given(start=fractions, by=BY)
def test_what_is_told_adds_up_and_no_movement_is_off_by_a_unit(
    start: Fraction, by: dict[Kind, Fraction]
) -> None:
    moved = Moved(start=start + 4 * 10**6, by=by)
    found = told(moved)

    assert found.start + sum(found.by.values()) == found.end
    assert (found.start, found.end) == (whole_units(moved.start), whole_units(moved.end))
    assert all(abs(found.by[kind] - each) < 1 for kind, each in by.items())
    assert all(found.by[kind] == each for kind, each in by.items() if each.denominator == 1)


@given(start=fractions, each=st.lists(BY, max_size=5))
def test_a_span_begins_with_what_the_one_before_ended_with(
    start: Fraction, each: list[dict[Kind, Fraction]]
) -> None:
    ordered = in_order(start, 0, [Moved(by=by) for by in each])

    assert [one.start for one in ordered] == [start, *(one.end for one in ordered)][: len(each)]
    assert all(one.end - one.start == sum(one.by.values()) for one in ordered)


def test_churn_is_of_those_who_paid_at_the_start() -> None:
    by = {Kind.CHURN: Fraction(-10), Kind.CONTRACTION: Fraction(-15), Kind.NEW: Fraction(99)}
    moved = Moved(Fraction(100), by, {Kind.CHURN: 1, Kind.NEW: 3}, paying=4)

    assert (moved.lost_projects, moved.lost_revenue) == (Fraction(1, 4), Fraction(1, 4))
    assert moved.paying_at_end == 6
    assert (Moved().lost_projects, Moved().lost_revenue) == (None, None)


def test_the_months_of_a_leap_year_have_their_own_days() -> None:
    cut = list(spans(date(2028, 1, 15), date(2028, 3, 10), Granularity.MONTH, BERLIN))

    assert [(f"{each.first}", f"{each.last}") for each in cut] == [
        ("2028-01-15", "2028-01-31"),
        ("2028-02-01", "2028-02-29"),
        ("2028-03-01", "2028-03-10"),
    ]
    assert cut[1].start_at == datetime(2028, 1, 31, 23, tzinfo=UTC)
    assert cut[1].end_at == cut[2].start_at == datetime(2028, 2, 29, 23, tzinfo=UTC)


def test_a_day_on_which_clocks_change_is_longer_or_shorter() -> None:
    [spring] = spans(date(2026, 3, 29), date(2026, 3, 29), Granularity.DAY, BERLIN)
    [autumn] = spans(date(2026, 10, 25), date(2026, 10, 25), Granularity.DAY, BERLIN)

    assert (spring.end_at - spring.start_at).total_seconds() == 23 * 3600
    assert (autumn.end_at - autumn.start_at).total_seconds() == 25 * 3600


@given(day=st.dates(date(2000, 1, 1), date(2199, 12, 31)), by=st.sampled_from(Granularity))
def test_every_day_lies_in_the_part_that_begins_before_it(day: date, by: Granularity) -> None:
    first = first_of(day, by)

    assert first <= day
    assert first_of(first, by) == first
    assert day < first_of(day, by, back=-1)


@given(
    day=st.dates(date(2000, 1, 1), date(2037, 12, 31)),
    zone=st.sampled_from(
        (
            "Asia/Kolkata",
            "Australia/Lord_Howe",
            "Asia/Kathmandu",
            "America/Santiago",
            "Pacific/Apia",
        )
    ),
)
def test_a_day_of_any_zone_begins_with_a_quarter_hour(day: date, zone: str) -> None:
    assert midnight(day, ZoneInfo(zone)).timestamp() % 900 == 0
