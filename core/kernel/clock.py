"""Time is asked for, never taken: nothing below this module reads the wall clock."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


def stopwatch() -> float:
    """Seconds on a clock that only moves forward: for measuring, never for dating."""
    return time.perf_counter()
