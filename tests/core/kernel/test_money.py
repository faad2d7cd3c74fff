"""Money is a whole number of an asset's smallest unit, and nothing is rounded on the way in."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.kernel.money import LARGEST, Asset, Money

USD, CREDIT, YEN = Asset("USD", 2), Asset("CREDIT", 6), Asset("JPY", 0)


@pytest.mark.parametrize(
    ("text", "asset", "units"),
    [("2.50", USD, 250), ("0.000001", CREDIT, 1), ("7", YEN, 7), ("-1.5", USD, -150)],
)
def test_a_decimal_becomes_whole_units(text: str, asset: Asset, units: int) -> None:
    assert Money.of(text, asset) == Money(units, asset)


@pytest.mark.parametrize("text", ["0.001", "1e-3", "1e400", "NaN", "-0.0001", "1,0", "", " 1", "٣"])
def test_what_the_asset_cannot_hold_exactly_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Money.of(text, USD)


def test_a_decimal_object_that_is_not_a_number_is_refused() -> None:
    with pytest.raises(ValueError, match="not a decimal"):
        Money.of(Decimal("NaN"), USD)


def test_an_amount_beyond_sixty_four_bits_is_refused() -> None:
    largest = Money(LARGEST, YEN)

    assert Money.of(str(LARGEST), YEN) == largest
    with pytest.raises(ValueError, match="more than JPY/0 can count"):
        Money.of(str(LARGEST + 1), YEN)


@pytest.mark.parametrize(
    ("money", "said"),
    [
        (Money(250, USD), "2.50 USD"),
        (Money(-5, USD), "-0.05 USD"),
        (Money(1, CREDIT), "0.000001 CREDIT"),
        (Money(-12, YEN), "-12 JPY"),
    ],
)
def test_money_is_said_with_every_digit_of_its_scale(money: Money, said: str) -> None:
    assert str(money) == said


@given(st.integers(-LARGEST, LARGEST), st.integers(0, 12))
def test_what_is_said_is_read_back_as_the_same_money(units: int, scale: int) -> None:
    asset = Asset("XYZ", scale)

    assert Money.of(Decimal(Money(units, asset).decimal), asset) == Money(units, asset)


def test_money_turns_round() -> None:
    assert -Money(5, USD) == Money(-5, USD)


def test_an_asset_is_a_code_and_a_scale() -> None:
    assert Asset.parse("USD/2") == USD
    # One that no other test reads, so that it is not remembered.
    assert Asset.parse("XAU/12") == Asset("XAU", 12)
    assert str(USD) == "USD/2"


@pytest.mark.parametrize("text", ["USD", "usd/2", "USD/13", "USD/02", "U/2", "USD/2/2", "USD/-1"])
def test_anything_else_is_not_an_asset(text: str) -> None:
    with pytest.raises(ValueError, match="is not an asset"):
        Asset.parse(text)
