"""Which periods fall due in advance, and how much of each: shortened at either end of a plan."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from core.kernel.period import Period
from core.proration.counting import Settings, part_between
from core.proration.cycle import BillingPeriod, Cycle


@dataclass(frozen=True, slots=True)
class Due:
    """What of a period is billed: from its start, or the plan's, to its end, or the plan's."""

    period: BillingPeriod
    covers: Period
    part: Fraction


def due_in_advance(
    cycle: Cycle, plan: Period, through: datetime, settings: Settings
) -> Iterator[Due]:
    """Yield what falls due of a plan up to an instant, that one included, in order.

    A period falls due when it begins, and the first when the plan does.
    """
    for period in cycle.periods(plan):
        covers = Period(max(period.start_at, plan.start_at), min(period.end_at, plan.end_at))
        if covers.start_at > through:
            return
        yield Due(period, covers, part_between(period, covers, settings))
