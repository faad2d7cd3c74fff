"""The one place where a fraction becomes a whole unit, by a named rule.

Half up means half away from zero, so that a charge and its reversal round alike. `shares` splits a
total by largest remainder: the parts always sum to the total, and no part is off by a whole unit.
"""

from collections.abc import Sequence
from decimal import (
    ROUND_CEILING,
    ROUND_FLOOR,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    Context,
    Decimal,
)
from enum import StrEnum
from fractions import Fraction

_EXACT = Context(prec=60)
_WHOLE = Decimal(1)


class Rounding(StrEnum):
    HALF_UP = "half_up"
    HALF_EVEN = "half_even"
    UP = "up"
    DOWN = "down"


_RULES = {
    Rounding.HALF_UP: ROUND_HALF_UP,
    Rounding.HALF_EVEN: ROUND_HALF_EVEN,
    Rounding.UP: ROUND_CEILING,
    Rounding.DOWN: ROUND_FLOOR,
}


def to_units(value: Decimal, scale: int, rule: Rounding = Rounding.HALF_UP) -> int:
    """Turn an exact decimal into whole units of 10**-scale. Exact values are not changed."""
    units = _EXACT.scaleb(value, scale)
    return int(units.quantize(_WHOLE, rounding=_RULES[rule], context=_EXACT))


def whole_units(value: Fraction, rule: Rounding = Rounding.HALF_UP) -> int:
    """Turn a fraction of units into whole ones: for what no decimal can say, such as a third."""
    floor, rest = divmod(value.numerator, value.denominator)
    if not rest or rule is Rounding.DOWN:
        return floor
    beyond = 2 * rest - value.denominator
    if rule is Rounding.UP or beyond > 0:
        return floor + 1
    if beyond < 0:
        return floor
    # Half way: to the even one, or away from zero.
    return floor + (floor % 2 if rule is Rounding.HALF_EVEN else value > 0)


def shares(total: int, weights: Sequence[int]) -> list[int]:
    """Split a total in proportion to the weights; the earliest of equal remainders gets more.

    Weights are not negative and not all zero (ValueError). The result sums to the total exactly.
    """
    if not weights or min(weights) < 0 or not any(weights):
        raise ValueError("weights must not be negative, and one must be positive")
    exact = [Fraction(abs(total) * weight, sum(weights)) for weight in weights]
    parts = [int(share) for share in exact]
    missing = abs(total) - sum(parts)
    by_remainder = sorted(range(len(weights)), key=lambda n: (parts[n] - exact[n], n))
    for n in by_remainder[:missing]:
        parts[n] += 1
    return [part if total >= 0 else -part for part in parts]
