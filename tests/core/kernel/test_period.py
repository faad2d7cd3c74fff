"""Periods are half-open, and windows begin on the wall clocks of their zone."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from core.kernel.period import Period, Window, window_end, window_start, windows

PARIS, KATHMANDU = ZoneInfo("Europe/Paris"), ZoneInfo("Asia/Kathmandu")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def test_a_period_holds_its_start_and_not_its_end() -> None:
    period = Period(at("2026-11-01T00:00Z"), at("2026-12-01T00:00Z"))

    assert period.start_at in period
    assert period.end_at not in period


def test_a_period_cannot_end_before_it_starts() -> None:
    with pytest.raises(ValueError, match="cannot end before"):
        Period(at("2026-11-02T00:00Z"), at("2026-11-01T00:00Z"))


@pytest.mark.parametrize(
    ("instant", "window", "zone", "start"),
    [
        ("2026-11-20T09:41:07Z", Window.HOUR, PARIS, "2026-11-20T09:00Z"),
        ("2026-11-20T09:41:07Z", Window.HOUR, KATHMANDU, "2026-11-20T09:15Z"),
        ("2026-11-20T23:30:00Z", Window.DAY, PARIS, "2026-11-20T23:00Z"),
        ("2026-10-31T23:30:00Z", Window.MONTH, PARIS, "2026-10-31T23:00Z"),
        ("2026-07-09T12:00:00Z", Window.MONTH, PARIS, "2026-06-30T22:00Z"),
    ],
)
def test_a_window_begins_on_the_zones_own_clock(
    instant: str, window: Window, zone: ZoneInfo, start: str
) -> None:
    assert window_start(at(instant), window, zone) == at(start)


@pytest.mark.parametrize(("night", "hours"), [("2026-10-25", 25), ("2026-03-29", 23)])
def test_a_day_on_which_clocks_change_is_longer_or_shorter(night: str, hours: int) -> None:
    start = window_start(at(f"{night}T12:00Z"), Window.DAY, PARIS)

    assert window_end(start, Window.DAY, PARIS) - start == timedelta(hours=hours)


def test_the_repeated_hour_is_two_windows() -> None:
    night = Period(at("2026-10-25T00:00Z"), at("2026-10-25T02:00Z"))

    assert [each.start_at for each in windows(night, Window.HOUR, PARIS)] == [
        at("2026-10-25T00:00Z"),
        at("2026-10-25T01:00Z"),
    ]


def test_windows_follow_each_other_without_a_gap_over_a_year() -> None:
    year = Period(at("2025-12-31T23:00Z"), at("2026-12-31T23:00Z"))
    for window, count in ((Window.DAY, 365), (Window.MONTH, 12)):
        found = list(windows(year, window, PARIS))

        assert len(found) == count
        assert found[0].start_at == year.start_at
        assert found[-1].end_at == year.end_at
        assert all(a.end_at == b.start_at for a, b in pairwise(found))


def test_a_day_without_a_midnight_begins_at_its_first_instant() -> None:
    santiago = ZoneInfo("America/Santiago")

    start = window_start(at("2026-09-06T12:00Z"), Window.DAY, santiago)

    assert start == at("2026-09-06T04:00Z")
