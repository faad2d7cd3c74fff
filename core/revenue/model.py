"""What recurring revenue is, and how it moves. Pure, and exact until it is told.

MRR of a subscription at an instant is what its period comes to, brought to a month: a year has
twelve months, 52 weeks and 365 days. Sums are fractions; they become whole units once, when they
are told, so that what is told of a period adds up (`told`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from math import floor

from core.kernel.rounding import whole_units
from core.proration import Interval, Unit

PER_YEAR = {Unit.YEAR: 1, Unit.MONTH: 12, Unit.WEEK: 52, Unit.DAY: 365}
"""How many of each a year has, also in a leap year: a plan is not worth more in one."""
MONTHS = 12
NOTHING = Fraction(0)


class Kind(StrEnum):
    """Why MRR moved, as the whole of a project shows it."""

    NEW = "new"
    """The project had none, and never had."""
    REACTIVATION = "reactivation"
    """It had none, and had some before."""
    EXPANSION = "expansion"
    CONTRACTION = "contraction"
    CHURN = "churn"
    """It had some, and has none."""


def monthly(amount: int, interval: Interval) -> Fraction:
    """Return what an amount for each interval comes to in a month, in smallest units. Exact."""
    return Fraction(amount * PER_YEAR[interval.unit], MONTHS * interval.count)


@dataclass(frozen=True, slots=True)
class Moved:
    """What happened to MRR between two instants."""

    start: Fraction = NOTHING
    by: Mapping[Kind, Fraction] = field(default_factory=dict)
    """How much each kind added; contraction and churn are below zero."""
    projects: Mapping[Kind, int] = field(default_factory=dict)
    """How many projects had a movement of the kind."""
    paying: int = 0
    """How many projects had MRR at the start."""

    @property
    def end(self) -> Fraction:
        return self.start + sum(self.by.values(), NOTHING)

    @property
    def paying_at_end(self) -> int:
        come = self.projects.get(Kind.NEW, 0) + self.projects.get(Kind.REACTIVATION, 0)
        return self.paying + come - self.projects.get(Kind.CHURN, 0)

    @property
    def lost_projects(self) -> Fraction | None:
        """Which part of the projects that paid at the start pays no more; None of nobody."""
        lost = self.projects.get(Kind.CHURN, 0)
        return Fraction(lost, self.paying) if self.paying else None

    @property
    def lost_revenue(self) -> Fraction | None:
        """Which part of the MRR at the start is gone, by churn and contraction."""
        lost = self.by.get(Kind.CHURN, NOTHING) + self.by.get(Kind.CONTRACTION, NOTHING)
        return -lost / self.start if self.start else None


@dataclass(frozen=True, slots=True)
class Told:
    """The same in whole units: the movements sum to what is between start and end."""

    start: int
    by: Mapping[Kind, int]
    end: int


def told(moved: Moved) -> Told:
    """Round each end once, half up, and the movements so that they sum to the difference.

    Each is rounded down, and those with the largest remainders get a unit more: no movement is off
    by a unit, and none that is nothing becomes something.
    """
    start, end = whole_units(moved.start), whole_units(moved.end)
    exact = [moved.by.get(kind, NOTHING) for kind in Kind]
    parts = [floor(each) for each in exact]
    missing = end - start - sum(parts)
    by_remainder = sorted(range(len(parts)), key=lambda n: (parts[n] - exact[n], n))
    for n in by_remainder[:missing]:
        parts[n] += 1
    return Told(start, dict(zip(Kind, parts, strict=True)), end)


def in_order(start: Fraction, paying: int, each: Sequence[Moved]) -> list[Moved]:
    """Have every span of time begin with what the one before ended with."""
    ordered = []
    for one in each:
        here = Moved(start, one.by, one.projects, paying)
        ordered.append(here)
        start, paying = here.end, here.paying_at_end
    return ordered
