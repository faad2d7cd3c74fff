"""Half-open spans of time, and the windows that usage is told in."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo


class Window(StrEnum):
    HOUR = "hour"
    DAY = "day"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Period:
    """From `start_at`, included, to `end_at`, not included. Both aware; start is not after end."""

    start_at: datetime
    end_at: datetime

    def __post_init__(self) -> None:
        if self.start_at > self.end_at:
            raise ValueError("a period cannot end before it starts")

    def __contains__(self, instant: datetime) -> bool:
        return self.start_at <= instant < self.end_at


def window_start(instant: datetime, window: Window, zone: ZoneInfo) -> datetime:
    """Return the instant at which the window around `instant` began on the wall clocks of `zone`.

    Days and months begin at the zone's midnight; on the night clocks change a day has 23 or 25
    hours. Hours are counted on the absolute line, so that the repeated hour is two windows.
    """
    local = instant.astimezone(zone)
    if window is Window.HOUR:
        past = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        return instant.astimezone(UTC) - past
    day = 1 if window is Window.MONTH else local.day
    midnight = local.replace(day=day, hour=0, minute=0, second=0, microsecond=0, fold=0)
    return midnight.astimezone(UTC)


def window_end(start_at: datetime, window: Window, zone: ZoneInfo) -> datetime:
    """Return the instant at which the window that began at `start_at` gives way to the next."""
    if window is Window.HOUR:
        return start_at + timedelta(hours=1)
    far = {Window.DAY: timedelta(hours=36), Window.MONTH: timedelta(days=45)}[window]
    return window_start(start_at + far, window, zone)


def windows(period: Period, window: Window, zone: ZoneInfo) -> Iterator[Period]:
    """Yield every window that the period touches, whole, in order."""
    start_at = window_start(period.start_at, window, zone)
    while start_at < period.end_at:
        end_at = window_end(start_at, window, zone)
        yield Period(start_at, end_at)
        start_at = end_at
