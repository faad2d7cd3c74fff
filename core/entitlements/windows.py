"""Since when usage counts against a quota, and when it begins anew: by the project's clocks. Pure.

Days, weeks, months and years begin at midnight of the project's time zone, weeks on Monday.
Billing periods are counted from the anchor's own day and time of day: from the 31st of January
comes the 28th of February, then the 31st of March. A day on which clocks change has 23 or 25 hours.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from core import proration
from core.catalog import Interval, QuotaWindow

BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
"""Nothing was used before."""


@dataclass(frozen=True, slots=True)
class Cycle:
    """Billing periods, counted from an anchor."""

    anchor_at: datetime
    interval: Interval

    def in_zone(self, zone: ZoneInfo) -> proration.Cycle:
        """Return the periods that are billed: a quota of them begins anew when they do."""
        unit = proration.Unit(self.interval.unit.value)
        return proration.Cycle(self.anchor_at, proration.Interval(unit, self.interval.count), zone)


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
        period = cycle.in_zone(zone).period_at(instant)
        return Window(period.start_at, period.end_at)
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
    return first, (first + timedelta(days=31)).replace(day=1)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return when the day begins there: where clocks leap over midnight, at the leap."""
    return datetime.combine(day, time(), zone).astimezone(UTC)
