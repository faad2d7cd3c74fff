"""A fraction becomes a whole unit by a named rule, and a split total keeps every unit."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.kernel.rounding import Rounding, shares, to_units, whole_units


@pytest.mark.parametrize(
    ("value", "rule", "units"),
    [
        ("0.005", Rounding.HALF_UP, 1),
        ("-0.005", Rounding.HALF_UP, -1),
        ("0.005", Rounding.HALF_EVEN, 0),
        ("0.015", Rounding.HALF_EVEN, 2),
        ("0.001", Rounding.UP, 1),
        ("-0.001", Rounding.UP, 0),
        ("0.009", Rounding.DOWN, 0),
        ("-0.009", Rounding.DOWN, -1),
    ],
)
def test_each_rule_rounds_as_it_is_named(value: str, rule: Rounding, units: int) -> None:
    assert to_units(Decimal(value), 2, rule) == units


@given(st.integers(-(10**9), 10**9), st.sampled_from(Rounding))
def test_a_fraction_is_rounded_as_the_decimal_that_says_the_same(
    value: int, rule: Rounding
) -> None:
    assert whole_units(Fraction(value, 8), rule) == to_units(Decimal(value) / 8, 0, rule)


def test_a_fraction_that_no_decimal_can_say_is_rounded_too() -> None:
    third = Fraction(1, 3)

    told = {rule: (whole_units(third, rule), whole_units(-third, rule)) for rule in Rounding}

    assert told == {
        Rounding.HALF_UP: (0, 0),
        Rounding.HALF_EVEN: (0, 0),
        Rounding.UP: (1, 0),
        Rounding.DOWN: (0, -1),
    }


@given(st.integers(-(10**27), 10**27))
def test_an_exact_value_is_never_changed(units: int) -> None:
    assert all(to_units(Decimal(units).scaleb(-6), 6, rule) == units for rule in Rounding)


@given(st.integers(-(10**15), 10**15), st.lists(st.integers(0, 10**9), min_size=1, max_size=20))
def test_shares_sum_to_the_total_and_none_is_off_by_a_unit(total: int, weights: list[int]) -> None:
    if not any(weights):
        with pytest.raises(ValueError, match="one must be positive"):
            shares(total, weights)
        return
    parts = shares(total, weights)

    assert sum(parts) == total
    assert all(
        abs(part * sum(weights) - total * weight) < sum(weights)
        for part, weight in zip(parts, weights, strict=True)
    )


def test_the_earliest_of_equal_remainders_gets_the_odd_unit() -> None:
    assert shares(100, [1, 1, 1]) == [34, 33, 33]
    assert shares(-100, [1, 1, 1]) == [-34, -33, -33]


def test_a_negative_weight_is_refused() -> None:
    with pytest.raises(ValueError, match="must not be negative"):
        shares(1, [2, -1])
