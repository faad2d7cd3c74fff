"""Quantities: how much was used, in whole millionths, so that sums are exact on every database."""

import re
from fractions import Fraction

from core.kernel.money import LARGEST
from core.kernel.rounding import Rounding, whole_units

PLACES = 6
MICRO = 1_000_000
FINEST = 12
"""Decimals of what is computed of quantities: as many as any asset has."""

_NUMBER = re.compile(r"(0|[1-9][0-9]{0,18})(\.[0-9]{1,12})?")


def is_number(text: str) -> bool:
    """Tell whether the text is a decimal that is not below zero, without an exponent."""
    return _NUMBER.fullmatch(text) is not None


def micro(number: str | int) -> int | None:
    """Turn a number into millionths, or None where it is no number, too fine or too large.

    By hand rather than by Decimal: this runs for every event there ever is.
    """
    if number == "1":
        return MICRO  # what nearly every event says, by saying nothing
    if isinstance(number, int):
        units = number * MICRO
    elif _NUMBER.fullmatch(number):
        whole, _, fraction = number.partition(".")
        fraction = fraction.rstrip("0")
        if len(fraction) > PLACES:
            return None
        units = int(whole) * MICRO + int(fraction.ljust(PLACES, "0"))
    else:
        return None
    return units if 0 <= units <= LARGEST else None


def signed_micro(number: str | int) -> int | None:
    """Turn a number into millionths, one below zero too."""
    below = number < 0 if isinstance(number, int) else number.startswith("-")
    if not below:
        return micro(number)
    units = micro(-number if isinstance(number, int) else number[1:])
    return None if units is None else -units


def as_text(units: int, places: int = PLACES) -> str:
    """Write millionths as people do, without idle zeros: `1500`, `0.25`, `-0.5`."""
    whole, fraction = divmod(abs(units), 10**places)
    text = f"{whole}.{fraction:0{places}d}".rstrip("0") if fraction else str(whole)
    return f"-{text}" if units < 0 else text


def fraction_text(millionths: Fraction) -> str:
    """Write what no millionths can say, such as an average, to the twelfth decimal."""
    finer = 10 ** (FINEST - PLACES)
    return as_text(whole_units(millionths * finer, Rounding.HALF_EVEN), FINEST)
