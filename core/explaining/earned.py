"""What is earned of lines as their periods pass, followed anew from the first day on. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from fractions import Fraction

from core.bills import Moved
from core.kernel.money import Asset, Money
from core.kernel.period import Period
from core.kernel.rounding import whole_units
from core.ledger import AccountRole

_MICRO = timedelta(microseconds=1)


def earned_by(net: int, period: Period | None, at: datetime) -> int:
    """Return how much of a line is earned by then: all of it, without a period."""
    if period is None or at >= period.end_at:
        return net
    passed = max(at - period.start_at, timedelta(0))
    lasts = period.end_at - period.start_at
    return whole_units(Fraction(net * (passed // _MICRO), lasts // _MICRO))


class Followed:
    """Lines, and how much of each was earned when it was last looked at."""

    def __init__(self, periods: Mapping[str, Period | None]) -> None:
        self._periods = periods
        self.nets = dict.fromkeys(periods, 0)
        self._earned = dict.fromkeys(periods, 0)

    def change(self, nets: Mapping[str, int], at: datetime) -> Moved:
        """Let these lines be worth so much at this instant, and return what that moves."""
        revenue = total = 0
        for line_id, net in nets.items():
            by_now = earned_by(net, self._periods[line_id], at)
            revenue += by_now - self._earned[line_id]
            total += net - self.nets[line_id]
            self.nets[line_id], self._earned[line_id] = net, by_now
        return Moved(revenue, total - revenue)


def owing(moved: Moved, tax: int, asset: Asset) -> list[tuple[AccountRole, Money]]:
    """Return the entries of so much more that is earned, deferred and taxed, and is owed."""
    entries = [
        (AccountRole.RECEIVABLE, moved.revenue + moved.deferred + tax),
        (AccountRole.REVENUE, -moved.revenue),
        (AccountRole.DEFERRED, -moved.deferred),
        (AccountRole.TAX, -tax),
    ]
    return [(role, Money(amount, asset)) for role, amount in entries]
