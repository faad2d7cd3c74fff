"""Test clocks: the time of a project in test mode, and what falls due by it. See README.md."""

from core.clocks.advancing import JOBS, SCHEDULES, advance_clock, keep_clocks
from core.clocks.errors import (
    ClockAhead,
    ClockExists,
    ClockGoesForward,
    ClockNotFound,
    ClockStuck,
    ClockTooFar,
    NotInTestMode,
    TooManyClocks,
)
from core.clocks.falling_due import CONSUMERS, FALLING_DUE, FallsDue, first_of, run_due, waiting
from core.clocks.keeping import Keeper
from core.clocks.model import Clock, InTestMode

__all__ = [
    "CONSUMERS",
    "FALLING_DUE",
    "JOBS",
    "SCHEDULES",
    "Clock",
    "ClockAhead",
    "ClockExists",
    "ClockGoesForward",
    "ClockNotFound",
    "ClockStuck",
    "ClockTooFar",
    "FallsDue",
    "InTestMode",
    "Keeper",
    "NotInTestMode",
    "TooManyClocks",
    "advance_clock",
    "first_of",
    "keep_clocks",
    "run_due",
    "waiting",
]
