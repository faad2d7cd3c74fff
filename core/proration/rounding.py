"""From exact fractions to whole units: for each line, or once on the sum, as pricing's policy says.

Magnitudes are rounded, and signs put back: what is given back is what was charged, to the unit,
under every rule.
"""

from collections.abc import Sequence
from fractions import Fraction

from core import pricing
from core.kernel.money import LARGEST, Asset, Money
from core.kernel.rounding import Rounding, whole_units
from core.pricing import RoundingPolicy, RoundOn


def in_units(exacts: Sequence[Fraction], asset: Asset, policy: RoundingPolicy) -> list[Money]:
    """Round what the lines come to; the amounts come in their order."""
    units = [exact * 10**asset.scale for exact in exacts]
    if policy.on is RoundOn.LINE:
        amounts = [_rounded(each, policy.rule) for each in units]
    else:
        amounts = _shared(units, policy.rule)
    # So does their sum, because no amount is counted that the databases cannot hold.
    if sum(map(abs, amounts)) > LARGEST:
        raise pricing.AmountTooLarge("items", str(asset))
    return [Money(each, asset) for each in amounts]


def _rounded(units: Fraction, rule: Rounding) -> int:
    return whole_units(units, rule) if units >= 0 else -whole_units(-units, rule)


def _shared(units: Sequence[Fraction], rule: Rounding) -> list[int]:
    """Round the sum, and let the lines share it by largest remainder, the earliest first.

    Each is its exact amount rounded one way or the other, and one that was exact stays as it is.
    """
    parts = [_rounded(each, Rounding.DOWN) for each in units]
    left = [each - part for each, part in zip(units, parts, strict=True)]
    missing = _rounded(sum(units, Fraction(0)), rule) - sum(parts)
    step = 1 if missing > 0 else -1
    for n in sorted(range(len(parts)), key=lambda n: (-step * left[n], n))[: abs(missing)]:
        parts[n] += step
    return parts
