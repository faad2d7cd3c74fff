"""Billing cycles: periods that follow each other from an anchor, on the wall clocks of a zone.

Every boundary is computed from the anchor's own day and time of day, never from the boundary before
it, so that a short month or a night on which clocks change moves one boundary and none after it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from core.kernel.period import Period
from core.proration.errors import DayNotOfAnchor
from core.proration.interval import Interval, date_after, on_day


@dataclass(frozen=True, slots=True)
class BillingPeriod(Period):
    """A period of a cycle. It knows how long it was meant to be, and by which clock."""

    interval: Interval
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Cycle:
    """Periods without an end in either direction; the one numbered 0 begins at the anchor."""

    anchor_at: datetime
    interval: Interval
    zone: ZoneInfo
    day: int | None = None
    """The day of the month, where the anchor's month was too short for it."""

    def __post_init__(self) -> None:
        local = self.anchor_at.astimezone(self.zone).date()
        if self.day is not None and on_day(local.year, local.month, self.day) != local:
            raise DayNotOfAnchor("day", self.day, self.anchor_at)

    def start_of(self, number: int) -> datetime:
        """Return the instant at which a period begins, and the one before it ends.

        A time that clocks skip that night is the instant that comes as long after the skip begins;
        one that they show twice is the first of the two, except that the anchor stays what it is.
        """
        if not number:
            return self.anchor_at.astimezone(UTC)
        local = self._wall(self.anchor_at)
        on = date_after(local.date(), self.interval, number, self.day or local.day)
        return datetime.combine(on, local.time(), self.zone).astimezone(UTC)

    def period(self, number: int) -> BillingPeriod:
        return self._between(self.start_of(number), self.start_of(number + 1))

    def period_at(self, instant: datetime) -> BillingPeriod:
        """Return the period in which the instant lies."""
        return self.period(self.number_at(instant))

    def number_at(self, instant: datetime) -> int:
        """Return the number of the period in which the instant lies."""
        anchor, local = self._wall(self.anchor_at), self._wall(instant)
        if self.interval.months:
            months = (local.year - anchor.year) * 12 + local.month - anchor.month
            number = months // self.interval.months
        else:
            number = (local.date() - anchor.date()).days // self.interval.days
        # Too many where the day or the time of day has yet to come, or a zone left out a day.
        while self.start_of(number) > instant:
            number -= 1
        return number

    def periods(self, within: Period) -> Iterator[BillingPeriod]:
        """Yield every period that the span touches, whole, in order."""
        number = self.number_at(within.start_at)
        while (period := self.period(number)).start_at < within.end_at:
            # A day that a zone's calendar leaves out is no period.
            if period.start_at < period.end_at:
                yield period
            number += 1

    def _between(self, start_at: datetime, end_at: datetime) -> BillingPeriod:
        return BillingPeriod(start_at, end_at, self.interval, self.zone)

    def _wall(self, instant: datetime) -> datetime:
        return local_time(instant, self.zone)


def local_time(instant: datetime, zone: tzinfo) -> datetime:
    """Return what the clocks of the zone show, without the zone."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)
