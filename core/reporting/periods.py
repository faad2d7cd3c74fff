"""Cut time as a project's clocks do: into its windows, its months and its last days. Pure."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from core import metering
from core.kernel.period import Period, Window, window_end, window_start, windows

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
"""No usage lies outside, and beyond them a zone's midnight may be no instant at all."""
LONGEST_HOURS = {Window.HOUR: 1, Window.DAY: 25, Window.MONTH: 745}


def split(period: Period, window: Window | None, zone: ZoneInfo) -> list[Period]:
    """Cut the period into its windows; the first and the last end where the period does."""
    if window is None:
        return [period]
    # Whoever asks for a century by the hour is refused before the hours are counted out.
    if (period.end_at - period.start_at) / timedelta(
        hours=1
    ) > metering.SUMMARY_ROWS_MAX * LONGEST_HOURS[window]:
        raise metering.SummaryTooLarge(metering.SUMMARY_ROWS_MAX)
    parts = [
        Period(max(each.start_at, period.start_at), min(each.end_at, period.end_at))
        for each in windows(period, window, zone)
    ]
    if len(parts) > metering.SUMMARY_ROWS_MAX:
        raise metering.SummaryTooLarge(metering.SUMMARY_ROWS_MAX)
    return parts


def month_around(instant: datetime, zone: ZoneInfo) -> Period:
    """Return the calendar month of the zone in which the instant lies."""
    soon = instant + timedelta(microseconds=1)
    return next(iter(windows(Period(instant.astimezone(UTC), soon), Window.MONTH, zone)))


def last_days(instant: datetime, count: int, zone: ZoneInfo) -> list[Period]:
    """Return so many calendar days of the zone, of which the last is the one of the instant."""
    today = window_start(instant, Window.DAY, zone)
    # From noon to noon: a day may be an hour longer or shorter than the steps back are.
    first = today + timedelta(hours=12) - timedelta(days=count - 1)
    span = Period(window_start(first, Window.DAY, zone), window_end(today, Window.DAY, zone))
    return list(windows(span, Window.DAY, zone))
