"""What a test clock is, and where an advance goes. Pure."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

CLOCKS_MAX = 100
"""In an installation: every process has all of them in mind."""
ADVANCE_MAX = timedelta(days=5 * 366)


@dataclass(frozen=True, slots=True)
class InTestMode:
    """That this installation takes test keys only, or stands in for the payment provider itself.

    Given to operations by the wiring; where it is not, no clock can be made or moved.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    project_id: str
    shows_at: datetime
    goal_at: datetime | None
    """Where it is being advanced to."""
    advance_id: str | None
    """The advance that goes on, or the last one."""
    steps: int
    """How often that has stopped on its way because something was due."""
    stopped_because: str | None
    """Why the last advance ended before its goal."""
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class By:
    """So much later, as a calendar counts: months and days by the wall clocks of a zone."""

    months: int = 0
    days: int = 0
    hours: int = 0


def later(at: datetime, by: By, zone: ZoneInfo) -> datetime:
    """Return the instant so much later. The 31st of a month that has none is its last day."""
    local = at.astimezone(zone).replace(fold=0)
    months = local.year * 12 + local.month - 1 + by.months
    year, month = divmod(months, 12)
    day = min(local.day, monthrange(year, month + 1)[1])
    there = local.replace(year=year, month=month + 1, day=day) + timedelta(days=by.days)
    return there.astimezone(UTC) + timedelta(hours=by.hours)
