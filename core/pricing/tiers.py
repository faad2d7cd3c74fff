"""Tiers: each reaches from where the one before it ends, not included, to its own end, included."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from core.pricing.checking import not_below, positive
from core.pricing.errors import (
    TierNotOpen,
    TierOpenTooEarly,
    TiersMissing,
    TiersUnordered,
    TierWithoutPrice,
)
from core.pricing.exact import ZERO, minus, plus, times
from core.pricing.line import Line, text


@dataclass(frozen=True, slots=True)
class Tier:
    """A price for each, a flat amount that is due once the tier is reached, or both."""

    up_to: Decimal | None = None
    unit: Decimal | None = None
    flat: Decimal | None = None


class Span(NamedTuple):
    """A tier as it is rated: where it begins and ends, and what its lines say."""

    path: str
    note: str
    start: Decimal
    up_to: Decimal | None
    unit: Decimal
    flat: Decimal

    def line(self, quantity: Decimal) -> Line:
        exact = plus(times(quantity, self.unit), self.flat)
        return Line(self.path, self.note, quantity, self.unit, self.flat, exact)


class Ladder:
    """Tiers laid end to end, ready to be rated. Every model with tiers stands on one."""

    __slots__ = ("_ends", "_full", "spans")

    def __init__(self, spans: Sequence[Span]) -> None:
        self.spans = tuple(spans)
        self._ends = [span.up_to for span in self.spans if span.up_to is not None]
        # What a full tier comes to never changes, and most of a large quantity fills tiers.
        self._full = [span.line(minus(end, span.start)) for span, end in self._bounded()]

    def _bounded(self) -> list[tuple[Span, Decimal]]:
        return list(zip(self.spans, self._ends, strict=False))

    def at(self, quantity: Decimal) -> Span | None:
        """Find the tier that a quantity lies in; None beyond the end of the last."""
        n = bisect_left(self._ends, quantity)
        return self.spans[n] if n < len(self.spans) else None

    def climb(self, quantity: Decimal) -> list[Line]:
        """Give each unit to the tier it falls into. The last tier has to be open."""
        n = bisect_left(self._ends, quantity)
        last = self.spans[n]
        return [*self._full[:n], last.line(minus(quantity, last.start))]


def ladder(
    tiers: Sequence[Tier], *, open_ended: bool = True, unit: str = "unit", flat: str = "flat"
) -> Ladder:
    """Check the tiers and lay them end to end: rising, each with a price, only the last open.

    `unit` and `flat` are what a tier's prices are called where the price is written.
    """
    if not tiers:
        raise TiersMissing("tiers")
    start, laid = ZERO, list[Span]()
    for n, tier in enumerate(tiers):
        path = f"tiers.{n}"
        if n and tiers[n - 1].up_to is None:
            raise TierOpenTooEarly(f"tiers.{n - 1}.up_to")
        _check_end(f"{path}.up_to", tier.up_to, after=start)
        if tier.unit is None and tier.flat is None:
            raise TierWithoutPrice(path)
        not_below(f"{path}.{unit}", tier.unit)
        not_below(f"{path}.{flat}", tier.flat)
        note = _note(start, tier.up_to)
        laid.append(Span(path, note, start, tier.up_to, tier.unit or ZERO, tier.flat or ZERO))
        start = tier.up_to or ZERO
    if open_ended and tiers[-1].up_to is not None:
        raise TierNotOpen(f"{laid[-1].path}.up_to")
    return Ladder(laid)


def _check_end(field: str, up_to: Decimal | None, *, after: Decimal) -> None:
    if not after:
        positive(field, up_to)
    elif up_to is not None and not up_to > after:
        raise TiersUnordered(field, text(after))


def _note(start: Decimal, up_to: Decimal | None) -> str:
    if up_to is None:
        return f"more than {text(start)}" if start else "any quantity"
    return f"more than {text(start)}, up to {text(up_to)}" if start else f"up to {text(up_to)}"
