"""Cut time into the days, months, quarters and years of the operator's zone. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo


class Granularity(StrEnum):
    DAY = "day"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


MONTHS_OF = {Granularity.MONTH: 1, Granularity.QUARTER: 3, Granularity.YEAR: 12}


@dataclass(frozen=True, slots=True)
class Span:
    """Days of the zone, from the first to the last, and the instants between which they lie."""

    first: date
    last: date
    start_at: datetime
    end_at: datetime


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return the instant at which the day begins; where clocks skip it, when it would have."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def spans(first: date, last: date, by: Granularity, zone: ZoneInfo) -> Iterator[Span]:
    """Yield the parts of these days, both included; the first and the last end where they do."""
    start = first
    while start <= last:
        following = min(_next(start, by), last + timedelta(days=1))
        ends = following - timedelta(days=1)
        yield Span(start, ends, midnight(start, zone), midnight(following, zone))
        start = following


def first_of(day: date, by: Granularity, back: int = 0) -> date:
    """Return the first day of the part of the calendar around a day, or of so many before it."""
    if by is Granularity.DAY:
        return day - timedelta(days=back)
    months = MONTHS_OF[by]
    number = (day.year * 12 + day.month - 1) // months * months - back * months
    return date(number // 12, number % 12 + 1, 1)


def _next(day: date, by: Granularity) -> date:
    return first_of(day, by, back=-1)
