"""Cycles that begin on a chosen day: of the calendar, or of whoever is billed."""

from calendar import monthrange
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.proration.cycle import Cycle, local_time
from core.proration.interval import Interval, Unit, on_day


def calendar_cycle(interval: Interval, at: datetime, zone: ZoneInfo) -> Cycle:
    """Return the cycle whose periods begin with the calendar's: days, Mondays, firsts.

    The period numbered 0 is the calendar's own around `at`: its year, month, week or day. Where an
    interval counts several, they are counted from there.
    """
    today = local_time(at, zone).date()
    first = {
        Unit.DAY: today,
        Unit.WEEK: today - timedelta(days=today.weekday()),
        Unit.MONTH: today.replace(day=1),
        Unit.YEAR: today.replace(month=1, day=1),
    }[interval.unit]
    return Cycle(_midnight(first, zone), interval, zone)


def cycle_on_day(interval: Interval, day: int, at: datetime, zone: ZoneInfo) -> Cycle:
    """Return the cycle, of months or years, whose periods begin on a day of the month.

    The period numbered 0 begins on the first such day that is not before the day of `at`: what
    comes before it is the first, shortened period.
    """
    today = local_time(at, zone).date()
    first = on_day(today.year, today.month, day)
    if first < today:
        past = today.replace(day=monthrange(today.year, today.month)[1]) + timedelta(days=1)
        first = on_day(past.year, past.month, day)
    return Cycle(_midnight(first, zone), interval, zone, day)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, zone)
