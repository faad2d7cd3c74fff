"""Why a change, or the terms it is asked about, is refused. Each names the field that is wrong."""

from dataclasses import dataclass
from datetime import datetime

from core.kernel.errors import EngineError, Kind


@dataclass(eq=False)
class IntervalNotPositive(EngineError):
    """{field} must be 1 or more: a period lasts at least one {unit}."""

    code = "interval_not_positive"
    kind = Kind.INVALID
    field: str
    unit: str


@dataclass(eq=False)
class DayNotOfAnchor(EngineError):
    """{field} is {day}, but periods begin at {anchor_at}, on another day of the month."""

    code = "day_not_of_anchor"
    kind = Kind.INVALID
    field: str
    day: int
    anchor_at: datetime


@dataclass(eq=False)
class PeriodEmpty(EngineError):
    """The period that begins at {start_at} ends at once, so that nothing is a part of it."""

    code = "period_empty"
    kind = Kind.INVALID
    start_at: datetime


@dataclass(eq=False)
class ChangeOutsidePeriod(EngineError):
    """{at} is not within the period, which lasts from {start_at} to {end_at}."""

    code = "change_outside_period"
    kind = Kind.INVALID
    at: datetime
    start_at: datetime
    end_at: datetime


@dataclass(eq=False)
class CurrencyDiffers(EngineError):
    """The new terms are in {asset}, and the old ones in {was}. Nothing is converted silently."""

    code = "currency_differs"
    kind = Kind.REFUSED
    asset: str
    was: str


@dataclass(eq=False)
class ItemRepeated(EngineError):
    """{field} is the key of an earlier item, too. Each item has a key of its own."""

    code = "item_repeated"
    kind = Kind.INVALID
    field: str


@dataclass(eq=False)
class FigureBelowZero(EngineError):
    """{field} must be a number, and not below zero."""

    code = "figure_below_zero"
    kind = Kind.INVALID
    field: str


@dataclass(eq=False)
class PercentTooHigh(EngineError):
    """{field} must not be more than 100."""

    code = "percent_too_high"
    kind = Kind.INVALID
    field: str
