"""Split money over the time it is for: what was paid for a period, told by day, month or plan."""

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from math import lcm

from core.kernel.money import Money
from core.kernel.period import Period
from core.kernel.rounding import shares
from core.proration.counting import Settings, part_between
from core.proration.cycle import BillingPeriod


def split_by_time(
    total: Money, period: BillingPeriod, cuts: Sequence[datetime], settings: Settings
) -> list[Money]:
    """Split what a period cost at instants within it, by largest remainder: no unit is lost.

    The cuts rise. There is one part more than there are cuts, and the parts add up to the total.
    """
    ends = [period.start_at, *cuts, period.end_at]
    parts = [part_between(period, Period(start, end), settings) for start, end in pairwise(ends)]
    cells = lcm(*(part.denominator for part in parts))
    weights = [part.numerator * (cells // part.denominator) for part in parts]
    return [Money(amount, total.asset) for amount in shares(total.amount, weights)]
