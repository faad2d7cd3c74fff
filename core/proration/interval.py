"""Intervals: how long a period lasts, in days, weeks, months or years of the calendar."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from core.proration.errors import IntervalNotPositive


class Unit(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Interval:
    """So many of a unit: a quarter is three months."""

    unit: Unit
    count: int = 1

    def __post_init__(self) -> None:
        if self.count < 1:
            raise IntervalNotPositive("interval.count", self.unit)

    @property
    def months(self) -> int:
        """How many months it lasts; none where it is counted in days."""
        return self.count * {Unit.MONTH: 1, Unit.YEAR: 12}.get(self.unit, 0)

    @property
    def days(self) -> int:
        """How many days it lasts; none where it is counted in months."""
        return self.count * {Unit.DAY: 1, Unit.WEEK: 7}.get(self.unit, 0)

    def __str__(self) -> str:
        return f"{self.count} {self.unit}{'s' * (self.count > 1)}"


DAILY = Interval(Unit.DAY)
WEEKLY = Interval(Unit.WEEK)
MONTHLY = Interval(Unit.MONTH)
QUARTERLY = Interval(Unit.MONTH, 3)
YEARLY = Interval(Unit.YEAR)


def date_after(first: date, interval: Interval, times: int, day: int) -> date:
    """Return the date so many intervals after the first, or before it where `times` is negative.

    Always counted from the first, and never from the one before, so that a day which a short month
    does not have comes back: 31 January, 28 February, 31 March.
    """
    if not interval.months:
        return first + timedelta(days=times * interval.days)
    years, month = divmod(first.year * 12 + first.month - 1 + times * interval.months, 12)
    return on_day(years, month + 1, day)


def on_day(year: int, month: int, day: int) -> date:
    """Return that day of the month, or its last where it is shorter."""
    return date(year, month, min(day, monthrange(year, month)[1]))
