"""Quantities are whole millionths as people write them; what is finer has twelve decimals."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.kernel.money import LARGEST
from core.kernel.quantity import as_text, fraction_text, micro, signed_micro


@pytest.mark.parametrize(
    ("told", "units"),
    [
        ("1", 1_000_000),
        (1, 1_000_000),
        ("0.250000", 250_000),
        ("-0.25", -250_000),
        (-3, -3_000_000),
        ("-0", 0),
        (0, 0),
        ("9223372036854.775807", LARGEST),
        ("-9223372036854.775807", -LARGEST),
        ("9223372036854.775808", None),
        ("-9223372036854.775808", None),
        ("0.0000001", None),
        ("-0.0000001", None),
        ("--1", None),
        ("-", None),
        ("", None),
        ("1e3", None),
        ("+1", None),
    ],
)
def test_a_number_is_read_as_millionths_or_not_at_all(told: str | int, units: int | None) -> None:
    assert signed_micro(told) == units
    assert micro(told) == (None if units is None or str(told).startswith("-") else units)


@given(st.integers(-LARGEST, LARGEST))
def test_what_is_written_is_read_as_the_same(units: int) -> None:
    assert signed_micro(as_text(units)) == units


@pytest.mark.parametrize(
    ("millionths", "text"),
    [
        (Fraction(1_000_000, 3), "0.333333333333"),
        (Fraction(-2_000_000, 3), "-0.666666666667"),
        (Fraction(5, 10**7), "0"),
        (Fraction(15, 10**7), "0.000000000002"),
        (Fraction(2_500_000), "2.5"),
        (Fraction(-1), "-0.000001"),
    ],
)
def test_what_no_millionths_can_say_is_told_to_the_twelfth_decimal(
    millionths: Fraction, text: str
) -> None:
    assert fraction_text(millionths) == text
