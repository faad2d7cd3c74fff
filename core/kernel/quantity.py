"""Quantities: how much was used, in whole millionths, so that sums are exact on every database."""

import re

from core.kernel.money import LARGEST

PLACES = 6
MICRO = 1_000_000

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


def as_text(units: int) -> str:
    """Write millionths as people do, without idle zeros: `1500`, `0.25`."""
    whole, fraction = divmod(units, MICRO)
    return f"{whole}.{fraction:06d}".rstrip("0") if fraction else str(whole)
