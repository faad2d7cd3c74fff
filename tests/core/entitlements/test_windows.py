"""Quotas begin anew by the clocks of the project: at month ends, and on nights clocks change."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.catalog import Interval, IntervalUnit, QuotaWindow
from core.entitlements.windows import Cycle, Window, window_of

BERLIN, UTC_ZONE = ZoneInfo("Europe/Berlin"), ZoneInfo("UTC")
ZONES = [BERLIN, UTC_ZONE, ZoneInfo("America/Havana"), ZoneInfo("Asia/Kathmandu")]
CALENDAR = [each for each in QuotaWindow if each is not QuotaWindow.EVER]
NO_DAY = timedelta(0)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def cycle(anchor: str, unit: IntervalUnit = IntervalUnit.MONTH, count: int = 1) -> Cycle:
    return Cycle(at(anchor), Interval(unit, count))


@pytest.mark.parametrize(
    ("per", "start", "end"),
    [
        (QuotaWindow.DAY, "2026-11-19T23:00Z", "2026-11-20T23:00Z"),
        (QuotaWindow.WEEK, "2026-11-15T23:00Z", "2026-11-22T23:00Z"),
        (QuotaWindow.MONTH, "2026-10-31T23:00Z", "2026-11-30T23:00Z"),
        (QuotaWindow.YEAR, "2025-12-31T23:00Z", "2026-12-31T23:00Z"),
    ],
)
def test_a_window_begins_at_midnight_of_the_projects_zone(
    per: QuotaWindow, start: str, end: str
) -> None:
    instant = at("2026-11-20T09:00Z")

    assert window_of(per, instant, BERLIN, None) == Window(at(start), at(end))


@pytest.mark.parametrize(
    ("instant", "start", "end", "hours"),
    [
        ("2026-03-29T00:30Z", "2026-03-28T23:00Z", "2026-03-29T22:00Z", 23),
        ("2026-10-25T12:00Z", "2026-10-24T22:00Z", "2026-10-25T23:00Z", 25),
    ],
)
def test_on_the_night_clocks_change_a_day_has_another_length(
    instant: str, start: str, end: str, hours: int
) -> None:
    window = window_of(QuotaWindow.DAY, at(instant), BERLIN, None)

    assert window == Window(at(start), at(end))
    assert window.end_at
    assert window.end_at - window.start_at == timedelta(hours=hours)


def test_a_quota_for_ever_begins_never_anew() -> None:
    window = window_of(QuotaWindow.EVER, at("2026-11-20T09:00Z"), BERLIN, None)

    assert (window.start_at.year, window.end_at) == (2000, None)


@pytest.mark.parametrize(
    ("instant", "start", "end"),
    [
        ("2026-01-31T09:00Z", "2026-01-31T09:00Z", "2026-02-28T09:00Z"),
        ("2026-02-28T08:59:59Z", "2026-01-31T09:00Z", "2026-02-28T09:00Z"),
        ("2026-02-28T09:00Z", "2026-02-28T09:00Z", "2026-03-31T08:00Z"),
        ("2026-03-31T07:59Z", "2026-02-28T09:00Z", "2026-03-31T08:00Z"),
        ("2026-04-30T12:00Z", "2026-04-30T08:00Z", "2026-05-31T08:00Z"),
        ("2028-02-29T12:00Z", "2028-02-29T09:00Z", "2028-03-31T08:00Z"),
    ],
)
def test_a_month_that_is_too_short_does_not_move_the_anchor(
    instant: str, start: str, end: str
) -> None:
    """The anchor is the 31st of January, ten o'clock in Berlin."""
    window = window_of(QuotaWindow.BILLING_PERIOD, at(instant), BERLIN, cycle("2026-01-31T09:00Z"))

    assert window == Window(at(start), at(end))


@pytest.mark.parametrize(
    ("unit", "count", "start", "end"),
    [
        (IntervalUnit.DAY, 10, "2026-11-16T23:30Z", "2026-11-26T23:30Z"),
        (IntervalUnit.WEEK, 2, "2026-11-18T23:30Z", "2026-12-02T23:30Z"),
        (IntervalUnit.MONTH, 3, "2026-10-07T22:30Z", "2027-01-07T23:30Z"),
        (IntervalUnit.YEAR, 1, "2026-10-07T22:30Z", "2027-10-07T22:30Z"),
    ],
)
def test_a_billing_period_is_as_long_as_the_plan_says(
    unit: IntervalUnit, count: int, start: str, end: str
) -> None:
    anchored = cycle("2026-10-07T22:30Z", unit, count)
    instant = at("2026-11-20T09:00Z")

    window = window_of(QuotaWindow.BILLING_PERIOD, instant, BERLIN, anchored)

    assert window == Window(at(start), at(end))


def test_a_period_that_would_begin_in_the_hour_that_is_left_out_begins_behind_it() -> None:
    anchored = cycle("2026-02-28T01:30Z")

    window = window_of(QuotaWindow.BILLING_PERIOD, at("2026-03-30T00:00Z"), BERLIN, anchored)
    leap = cycle("2026-03-28T01:30Z", IntervalUnit.DAY)
    day = window_of(QuotaWindow.BILLING_PERIOD, at("2026-03-29T01:30Z"), BERLIN, leap)

    assert window.start_at == at("2026-03-28T01:30Z")
    assert day.start_at == at("2026-03-29T01:30Z"), "half past two was half past three"


instants = st.datetimes(
    min_value=datetime(2015, 1, 1),  # noqa: DTZ001 - given its zone right below
    max_value=datetime(2040, 1, 1),  # noqa: DTZ001 - as above
).map(lambda each: each.replace(tzinfo=UTC))
cycles = st.builds(
    Cycle,
    instants,
    st.builds(Interval, st.sampled_from(IntervalUnit), st.integers(min_value=1, max_value=12)),
)


@given(st.sampled_from(CALENDAR), instants, st.sampled_from(ZONES), cycles)
def test_windows_hold_their_instants_and_follow_each_other_without_a_gap(
    per: QuotaWindow, instant: datetime, zone: ZoneInfo, anchored: Cycle
) -> None:
    window = window_of(per, instant, zone, anchored)

    assert window.end_at
    assert window.start_at <= instant < window.end_at
    assert window_of(per, window.start_at, zone, anchored) == window
    last = window_of(per, window.end_at - timedelta(microseconds=1), zone, anchored)
    assert last == window
    assert window_of(per, window.end_at, zone, anchored).start_at == window.end_at
