"""Arithmetic that is exact or refuses: nothing is rounded here, not even at the sixtieth digit."""

from collections.abc import Iterable
from decimal import (
    ROUND_05UP,
    Context,
    Decimal,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
)

# The one place that rounds reads sixty digits. What needs more is refused before it gets there.
_EXACT = Context(prec=60, traps=[DivisionByZero, Inexact, InvalidOperation, Overflow])
# A quotient may have no end. Cut this way, it still rounds as the whole quotient would.
_CUT = Context(prec=55, rounding=ROUND_05UP)
_PLACES = Decimal("1e-18")

ZERO = Decimal(0)
ONE = Decimal(1)

times = _EXACT.multiply
plus = _EXACT.add
minus = _EXACT.subtract
scaled = _EXACT.scaleb
divided = _CUT.divide


def total(values: Iterable[Decimal]) -> Decimal:
    """Add them all up, exactly."""
    result = ZERO
    for value in values:
        result = plus(result, value)
    return result


def wholes(quantity: Decimal, size: Decimal) -> Decimal:
    """Count the packages that hold the quantity; one that is begun counts whole."""
    full, rest = _EXACT.divmod(quantity, size)
    return plus(full, ONE) if rest else full


def part_of(value: Decimal, share: Decimal, whole: Decimal) -> Decimal:
    """Return value * share / whole, cut to eighteen places: finer than any asset."""
    return divided(times(value, share), whole).quantize(_PLACES, rounding=ROUND_05UP, context=_CUT)
