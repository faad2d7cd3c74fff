"""Conditions on time: hours of the day, days of the week, and seasons, on the clocks of one zone.

Hours are those that a clock on the wall there shows. An hour that is skipped in spring does not
happen; one that is repeated in autumn happens twice.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from core.pricing_rules.context import Context
from core.pricing_rules.written import Part, TimeZone, wrong

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Hour = Annotated[str, Field(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]
LEAP_YEAR = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours(Part):
    """From `begins`, included, to `ends`, not included; perhaps on the next day."""

    begins: Hour
    ends: Hour

    def __post_init__(self) -> None:
        if self.begins == "24:00":
            raise wrong("begins", "must be before 24:00; the day begins at 00:00")
        if self.begins == self.ends:
            raise wrong("ends", "must differ from begins; the whole day is 00:00 to 24:00")

    def begun_on(self, local: datetime) -> date | None:
        """Return the day on which the window around this time began, or None outside of it."""
        now, today = f"{local:%H:%M}", local.date()
        if self.begins < self.ends:
            return today if self.begins <= now < self.ends else None
        if now >= self.begins:
            return today
        return today - timedelta(days=1) if now < self.ends else None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeOfDay(Part):
    """Within one of the windows, begun on one of the days of the week."""

    kind: Literal["time_of_day"] = "time_of_day"
    time_zone: TimeZone
    windows: Annotated[tuple[Hours, ...], Field(max_length=24)] = ()
    days: Annotated[tuple[Day, ...], Field(max_length=7)] = ()

    def __post_init__(self) -> None:
        if not self.windows and not self.days:
            raise wrong("windows", "is missing: give windows, days, or both")

    def judge(self, context: Context) -> tuple[bool | None, str]:
        local = context.at.astimezone(ZoneInfo(self.time_zone))
        begun = [each.begun_on(local) for each in self.windows] or [local.date()]
        wanted = self.days or DAYS
        holds = any(day and DAYS[day.weekday()] in wanted for day in begun)
        shown = f"{DAYS[local.weekday()]} {local:%H:%M}"
        return holds, f"it is {shown} in {self.time_zone}"


def _day(value: str) -> str:
    try:
        day = date.fromisoformat(value if len(value) == 10 else f"{LEAP_YEAR}-{value}")
    except ValueError:
        day = None
    # Other ways to write a date are dates, too, but would compare as texts of another length.
    if day is None or not f"{day:%Y-%m-%d}".endswith(value):
        raise PydanticCustomError(
            "day", "must be a day of every year, as in 12-24, or of one, as in 2026-12-24"
        )
    return value


DayOfSeason = Annotated[
    str, Field(pattern=r"^([0-9]{4}-)?[0-9]{2}-[0-9]{2}$"), AfterValidator(_day)
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Days(Part):
    """From the first day to the last, both included: of every year, or of one."""

    first_on: DayOfSeason
    last_on: DayOfSeason

    def __post_init__(self) -> None:
        if len(self.first_on) != len(self.last_on):
            raise wrong(
                "last_on", "must be written with a year where first_on is, and else without"
            )
        if not self.is_yearly and self.last_on < self.first_on:
            raise wrong("last_on", f"must not be before {self.first_on}")

    @property
    def is_yearly(self) -> bool:
        return len(self.first_on) == len("12-24")

    def __contains__(self, day: date) -> bool:
        # As texts, so that in other years 02-29 is where February ends or March begins.
        told = f"{day:%m-%d}" if self.is_yearly else day.isoformat()
        if self.first_on <= self.last_on:
            return self.first_on <= told <= self.last_on
        return told >= self.first_on or told <= self.last_on


@dataclass(frozen=True, slots=True, kw_only=True)
class Season(Part):
    """On one of these days."""

    kind: Literal["season"] = "season"
    time_zone: TimeZone
    ranges: Annotated[tuple[Days, ...], Field(min_length=1, max_length=50)]

    def judge(self, context: Context) -> tuple[bool | None, str]:
        day = context.at.astimezone(ZoneInfo(self.time_zone)).date()
        return any(day in each for each in self.ranges), f"it is {day} in {self.time_zone}"
