"""Since when usage counts against a quota, and when it begins anew: by the project's clocks. Pure.

Days, weeks, months and years begin at midnight of the project's time zone, weeks on Monday.
Billing periods are counted from the anchor's own day and time of day: from the 31st of January
comes the 28th of February, then the 31st of March. A day on which clocks change has 23 or 25 hours.
"""

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.catalog import Interval, IntervalUnit, QuotaWindow

BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
"""Nothing was used before."""
_MONTHS = {IntervalUnit.MONTH: 1, IntervalUnit.YEAR: 12}
_DAYS = {IntervalUnit.DAY: 1, IntervalUnit.WEEK: 7}


@dataclass(frozen=True, slots=True)
class Cycle:
    """Billing periods, counted from an anchor."""

    anchor_at: datetime
    interval: Interval


@dataclass(frozen=True, slots=True)
class Window:
    """From `start_at`, included, to `end_at`, not included; None where it never ends."""

    start_at: datetime
    end_at: datetime | None


def window_of(per: QuotaWindow, instant: datetime, zone: ZoneInfo, cycle: Cycle | None) -> Window:
    """Return the window around the instant. Without a cycle a billing period is a month."""
    if per is QuotaWindow.EVER:
        return Window(BEGINNING, None)
    if per is QuotaWindow.BILLING_PERIOD and cycle is not None:
        return _period_of(cycle, instant, zone)
    first, following = _days_of(per, instant.astimezone(zone).date())
    return Window(_midnight(first, zone), _midnight(following, zone))


def _days_of(per: QuotaWindow, today: date) -> tuple[date, date]:
    """Return the first day of the window that holds this day, and the first day of the next."""
    if per is QuotaWindow.DAY:
        return today, today + timedelta(days=1)
    if per is QuotaWindow.WEEK:
        monday = today - timedelta(days=today.weekday())
        return monday, monday + timedelta(days=7)
    if per is QuotaWindow.YEAR:
        return date(today.year, 1, 1), date(today.year + 1, 1, 1)
    first = today.replace(day=1)
    return first, _months_after(first, 1)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return when the day begins there: where clocks leap over midnight, at the leap."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _period_of(cycle: Cycle, instant: datetime, zone: ZoneInfo) -> Window:
    number = _about(cycle, instant, zone)
    # The estimate looks at days only; the time of day, and months that are short, may move it.
    while _begin(cycle, number, zone) > instant:
        number -= 1
    while _begin(cycle, number + 1, zone) <= instant:
        number += 1
    return Window(_begin(cycle, number, zone), _begin(cycle, number + 1, zone))


def _about(cycle: Cycle, instant: datetime, zone: ZoneInfo) -> int:
    first, there = cycle.anchor_at.astimezone(zone), instant.astimezone(zone)
    unit, count = cycle.interval.unit, cycle.interval.count
    if days := _DAYS.get(unit):
        return (there.date() - first.date()).days // (days * count)
    months = 12 * (there.year - first.year) + there.month - first.month
    return months // (_MONTHS[unit] * count)


def _begin(cycle: Cycle, number: int, zone: ZoneInfo) -> datetime:
    """Return when the period of this number begins; each is counted from the anchor itself."""
    if number == 0:
        return cycle.anchor_at.astimezone(UTC)
    wall = cycle.anchor_at.astimezone(zone).replace(tzinfo=None, fold=0)
    unit, count = cycle.interval.unit, cycle.interval.count * number
    if days := _DAYS.get(unit):
        day = wall.date() + timedelta(days=days * count)
    else:
        day = _months_after(wall.date(), _MONTHS[unit] * count)
    return datetime.combine(day, wall.time(), zone).astimezone(UTC)


def _months_after(day: date, months: int) -> date:
    """Return the same day so many months later, or the last one of a month that is too short."""
    year, month = divmod(12 * day.year + day.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))
