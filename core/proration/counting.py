"""What part of a period a part of it is: counted in seconds, in days, or on months of thirty days.

A period is a row of equal cells, and every instant lies in one. Parts are made of whole cells, so
that however a period is cut, its parts add up to it exactly. Fractions, because a third is no
decimal; nothing is rounded here.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from fractions import Fraction

from core.kernel.period import Period
from core.proration.cycle import BillingPeriod, Cycle, local_time
from core.proration.errors import ChangeOutsidePeriod, PeriodEmpty
from core.proration.interval import Interval

_SECOND = timedelta(seconds=1)
_MONTH_DAYS = 30


class By(StrEnum):
    SECOND = "second"
    """A night on which clocks change is an hour longer or shorter, as it was."""
    DAY = "day"
    """Days of the calendar of the zone. One on which clocks change is a day like any other."""
    DAY_OF_30 = "day_of_30"
    """Every month has thirty days, and every year twelve such months; weeks have seven."""


class Owner(StrEnum):
    """Whose the second, or the day, is in which a change falls."""

    NEW = "new"
    """The old plan until then, not included; the new plan from then on."""
    OLD = "old"
    """The old plan until then, included; the new plan from the next on."""


@dataclass(frozen=True, slots=True)
class Settings:
    by: By = By.SECOND
    change_is_of: Owner = Owner.NEW


def part_left(
    period: BillingPeriod, at: datetime, settings: Settings, over: Interval | None = None
) -> Fraction:
    """Return how much of the period the new plan has, after a change at an instant.

    `over` is the interval of a price that is for another one than the period's: what is left is
    then a part of one such interval, begun when the period did.
    """
    cells = _cells(period, settings.by)
    whole = period if over is None else Cycle(period.start_at, over, period.zone).period(0)
    return Fraction(cells - _cells_before(period, at, settings), _cells(whole, settings.by))


def part_used(period: BillingPeriod, at: datetime, settings: Settings) -> Fraction:
    """Return how much of the period the old plan has, after a change at an instant."""
    return 1 - part_left(period, at, settings)


def part_between(period: BillingPeriod, part: Period, settings: Settings) -> Fraction:
    """Return how much of the period lies between two instants, each of them a change.

    Where the period itself begins and ends nothing changes, so that neighbours add up to one.
    """
    start, end = (
        _cells_before(period, at, settings) if at != period.start_at else 0
        for at in (part.start_at, part.end_at)
    )
    return Fraction(end - start, _cells(period, settings.by))


def _cells_before(period: BillingPeriod, at: datetime, settings: Settings) -> int:
    """Count the cells that the old plan keeps, of a change at an instant."""
    if not period.start_at <= at <= period.end_at:
        raise ChangeOutsidePeriod(at, period.start_at, period.end_at)
    cells = _cells(period, settings.by)
    if at == period.end_at:
        return cells
    return _cell(period, at, settings.by, cells) + (settings.change_is_of is Owner.OLD)


def _cells(period: BillingPeriod, by: By) -> int:
    if period.start_at == period.end_at:
        raise PeriodEmpty(period.start_at)
    if by is By.SECOND:
        # A second that is begun counts whole.
        return -((period.start_at - period.end_at) // _SECOND)
    if by is By.DAY_OF_30 and period.interval.months:
        return period.interval.months * _MONTH_DAYS
    # A period within one day is that day.
    return max(1, (_date(period, period.end_at) - _date(period, period.start_at)).days)


def _cell(period: BillingPeriod, at: datetime, by: By, cells: int) -> int:
    """Return the number of the cell in which an instant lies."""
    if by is By.SECOND:
        return (at - period.start_at) // _SECOND
    start, today = _date(period, period.start_at), _date(period, at)
    if by is By.DAY or not period.interval.months:
        # On the day on which a period ends, its last hours belong to the day before.
        return min((today - start).days, cells - 1)
    # Where one end is in a short month, the other still has the day that both are meant to have.
    begins_on = min(_MONTH_DAYS, max(start.day, _date(period, period.end_at).day))
    months = (today.year - start.year) * 12 + today.month - start.month
    passed = months * _MONTH_DAYS + min(_MONTH_DAYS, today.day) - begins_on
    # The days that a short month lacks are part of its last.
    return min(max(0, passed), cells - 1)


def _date(period: BillingPeriod, at: datetime) -> date:
    return local_time(at, period.zone).date()
