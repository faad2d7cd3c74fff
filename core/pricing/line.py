"""The lines a price comes to: each says which part of the price made it, and can be recomputed."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

from core.pricing.exact import ZERO, minus, times, total


class Bound(NamedTuple):
    """A limit that a line brings the lines before it to, in whole units too."""

    limit: Decimal
    lines: int
    """How many lines before it count."""
    is_least: bool
    """Whether the sum is raised to the limit, or else lowered to it."""


class Line(NamedTuple):
    """One line. `exact` is always quantity * unit + flat; `amount` is set where it is rounded."""

    path: str
    """The part of the price that made it: `tiers.1`."""
    note: str
    quantity: Decimal
    unit: Decimal
    """The price of one, exact. A percentage is a fraction here."""
    flat: Decimal
    exact: Decimal
    amount: int = 0
    """In the asset's smallest unit."""
    bound: Bound | None = None

    @property
    def explained(self) -> str:
        """Say how the exact amount came about: `tiers.1 (more than 10): 2 x 5 + 3 = 13`."""
        each = f"{text(self.quantity)} x {text(self.unit)}" if self.quantity and self.unit else ""
        flat = text(self.flat) if self.flat or not each else ""
        how = " + ".join(filter(None, (each, flat)))
        return f"{self.path} ({self.note}): {how} = {text(self.exact)}"


def of_units(path: str, note: str, quantity: Decimal, unit: Decimal) -> Line:
    return Line(path, note, quantity, unit, ZERO, times(quantity, unit))


def of_amount(path: str, note: str, amount: Decimal) -> Line:
    return Line(path, note, ZERO, ZERO, amount, amount)


def at_least(path: str, limit: Decimal, lines: Sequence[Line]) -> Line:
    """Raise the sum of the lines to the limit, by nothing where it is there already."""
    missing = max(ZERO, minus(limit, sum_of(lines)))
    bound = Bound(limit, len(lines), is_least=True)
    return of_amount(path, f"to at least {text(limit)}", missing)._replace(bound=bound)


def at_most(path: str, limit: Decimal, lines: Sequence[Line]) -> Line:
    """Lower the sum of the lines to the limit, by nothing where it is not beyond."""
    excess = min(ZERO, minus(limit, sum_of(lines)))
    bound = Bound(limit, len(lines), is_least=False)
    return of_amount(path, f"to at most {text(limit)}", excess)._replace(bound=bound)


def for_free(path: str, note: str, quantity: Decimal) -> Line:
    return Line(path, note, quantity, ZERO, ZERO, ZERO)


def sum_of(lines: Iterable[Line]) -> Decimal:
    return total([line.exact for line in lines])


def under(prefix: str, lines: Iterable[Line]) -> list[Line]:
    """Say that these lines were made by a price within a price."""
    return [line._replace(path=f"{prefix}.{line.path}") for line in lines]


def beyond(before: Iterable[Line], after: Iterable[Line]) -> list[Line]:
    """Return what `after` has more than `before`, part by part of the price.

    A part that is gone is given back whole, as happens when a volume price reaches its next tier.
    """
    gone = {line.path: line for line in before}
    more = [_less(line, gone.pop(line.path, None)) for line in after]
    more += [_less(_none_of(line), line) for line in gone.values()]
    return [line for line in more if says_something(line)]


def says_something(line: Line) -> bool:
    return bool(line.quantity or line.exact or line.amount)


def _none_of(line: Line) -> Line:
    return Line(line.path, line.note, ZERO, line.unit, ZERO, ZERO)


def _less(line: Line, was: Line | None) -> Line:
    if was is None:
        # Its place among the lines is no longer what it was bound to.
        return line._replace(bound=None) if line.bound else line
    return Line(
        line.path,
        line.note,
        minus(line.quantity, was.quantity),
        line.unit,
        minus(line.flat, was.flat),
        minus(line.exact, was.exact),
        line.amount - was.amount,
    )


def text(number: Decimal) -> str:
    """Write it as people do: no exponent, no idle zeros."""
    plain = f"{number:f}"
    return (plain.rstrip("0").rstrip(".") if "." in plain else plain) or "0"
