"""Bands of numbers: where each begins and ends, and whether a number lies within one."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from core.pricing_facts import plain
from core.pricing_rules.written import Part, Signed, wrong

Bound = tuple[Decimal, int]
_FAR = Decimal("Infinity")


@dataclass(frozen=True, slots=True, kw_only=True)
class Band(Part):
    """Numbers between two bounds, of which one may be missing. `at_*` includes the bound itself."""

    at_least: Signed | None = None
    more_than: Signed | None = None
    below: Signed | None = None
    at_most: Signed | None = None

    def __post_init__(self) -> None:
        if self.at_least is not None and self.more_than is not None:
            raise wrong("more_than", "must be left out where at_least is given")
        if self.below is not None and self.at_most is not None:
            raise wrong("at_most", "must be left out where below is given")
        if self.lower == (-_FAR, 0) and self.upper == (_FAR, 0):
            raise wrong("at_least", "is missing: a band has a bound on one side at least")
        if not self.lower < self.upper:
            named = "below" if self.below is not None else "at_most"
            raise wrong(named, f"must leave room above {plain(self.lower[0])}: no number is both")

    # A bound is where numbers begin or no longer are: just before its figure, or just after it.

    @property
    def lower(self) -> Bound:
        if self.more_than is not None:
            return self.more_than, 1
        return (-_FAR if self.at_least is None else self.at_least), 0

    @property
    def upper(self) -> Bound:
        if self.at_most is not None:
            return self.at_most, 1
        return (_FAR if self.below is None else self.below), 0

    def __contains__(self, number: Decimal) -> bool:
        return self.lower <= (number, 0) < self.upper


def check_apart(bands: Sequence[Band]) -> None:
    """Refuse bands that overlap: a number lies in one of them at most."""
    rising = sorted(range(len(bands)), key=lambda n: bands[n].lower)
    for before, after in pairwise(rising):
        if bands[after].lower < bands[before].upper:
            raise wrong(f"bands.{after}", f"must not overlap with bands.{before}")
