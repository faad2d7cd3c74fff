"""When what was invoiced is earned: at once, or as its period passes. Pure.

What is paid in advance is owed in service until then, and stands in the account of deferred
revenue. Credit notes make the line smaller, and what was earned of it is counted anew.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from core.kernel.period import Period
from core.kernel.rounding import whole_units

_MICRO = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Earning:
    """One line's net amount, and how much of it the books show as earned."""

    line_id: str
    net: int
    recognized: int
    period: Period | None

    @property
    def deferred(self) -> int:
        return self.net - self.recognized


@dataclass(frozen=True, slots=True)
class Moved:
    """What goes to the two accounts: more, or less where it is below zero."""

    revenue: int
    deferred: int


def earned(net: int, period: Period | None, at: datetime) -> int:
    """Return how much of the amount is earned by then, to the microsecond, rounded half up."""
    if period is None or at >= period.end_at or period.start_at == period.end_at:
        return net
    if at <= period.start_at:
        return 0
    passed = (at - period.start_at) // _MICRO
    return whole_units(Fraction(net * passed, (period.end_at - period.start_at) // _MICRO))


def begun(line_id: str, net: int, period: Period | None, at: datetime) -> Earning:
    """Return a line's earning on the day that it is issued."""
    return Earning(line_id=line_id, net=net, recognized=earned(net, period, at), period=period)


def changed(before: Earning, net: int, at: datetime) -> tuple[Earning, Moved]:
    """Return the earning with this net amount at this instant, and what must be moved for it."""
    after = begun(before.line_id, net, before.period, at)
    moved = Moved(after.recognized - before.recognized, after.deferred - before.deferred)
    return after, moved
