"""Whether a change is for more or for less: what a month of each plan costs decides."""

from enum import StrEnum
from fractions import Fraction

from core.proration.interval import Interval
from core.proration.terms import Terms

_MONTH_DAYS = Fraction(365, 12)


class Direction(StrEnum):
    UPGRADE = "upgrade"
    DOWNGRADE = "downgrade"
    LATERAL = "lateral"
    """Neither: both cost the same."""


def direction_of(old: Terms, new: Terms) -> Direction:
    """Compare what a month of each costs, before discounts, which come and go."""
    before, after = monthly(old), monthly(new)
    if before == after:
        return Direction.LATERAL
    return Direction.UPGRADE if after > before else Direction.DOWNGRADE


def monthly(terms: Terms) -> Fraction:
    """Return what a month of these terms costs. A year is 365 days, and a month its twelfth."""
    full = terms.full()
    prices = ((full[each.key], each.interval or terms.interval) for each in terms.items)
    return sum((price / _months(interval) for price, interval in prices), Fraction(0))


def _months(interval: Interval) -> Fraction:
    return interval.months + interval.days / _MONTH_DAYS
