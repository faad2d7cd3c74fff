"""What can be paid, known before anybody is asked."""

import pytest

from core.kernel.errors import EngineError
from core.kernel.money import Asset, Money
from core.payments import AmountNotPayable, AmountTooLarge, AmountTooSmall, CurrencyNotTaken
from mcp_server.adapters.stripe.currencies import LIMITS


def money(amount: str, asset: str) -> Money:
    return Money.of(amount, Asset.parse(asset))


@pytest.mark.parametrize(
    ("amount", "asset"),
    [
        ("0.50", "USD/2"),
        ("0.30", "GBP/2"),
        ("50", "JPY/0"),
        ("175.00", "HUF/2"),
        ("999999.99", "USD/2"),
        ("9999999999", "JPY/0"),
        ("9999999999.99", "IDR/2"),
        ("5.120", "KWD/3"),
        ("5.00", "ISK/2"),
        ("0.01", "XCD/2"),
    ],
)
def test_what_is_within_the_limits_is_taken(amount: str, asset: str) -> None:
    assert LIMITS.require(money(amount, asset)) == money(amount, asset)


@pytest.mark.parametrize(
    ("amount", "asset", "expected", "facts"),
    [
        ("0.49", "USD/2", AmountTooSmall, {"least": money("0.50", "USD/2")}),
        ("49", "JPY/0", AmountTooSmall, {"least": money("50", "JPY/0")}),
        ("0.00", "XCD/2", AmountTooSmall, {"least": money("0.01", "XCD/2")}),
        ("-5.00", "USD/2", AmountTooSmall, {"least": money("0.50", "USD/2")}),
        ("1000000.00", "USD/2", AmountTooLarge, {"most": money("999999.99", "USD/2")}),
        ("5.124", "KWD/3", AmountNotPayable, {"step": money("0.010", "KWD/3")}),
        ("5.01", "ISK/2", AmountNotPayable, {"step": money("1.00", "ISK/2")}),
    ],
)
def test_what_is_not_says_what_would_be(
    amount: str, asset: str, expected: type[EngineError], facts: dict[str, Money]
) -> None:
    with pytest.raises(expected) as raised:
        LIMITS.require(money(amount, asset))

    assert raised.value.facts == {"amount": money(amount, asset), **facts}


@pytest.mark.parametrize("asset", ["CREDIT/6", "USD/6", "JPY/2", "BTC/8", "BGN/2"])
def test_nobody_pays_in_what_stripe_does_not_count_in(asset: str) -> None:
    with pytest.raises(CurrencyNotTaken) as raised:
        LIMITS.require(Money(100_000_000, Asset.parse(asset)))

    assert raised.value.asset == asset


def test_a_currency_is_counted_as_stripe_counts_it() -> None:
    counted = [str(LIMITS.asset(code)) for code in ("usd", "JPY", "kwd", "UGX")]

    assert counted == ["USD/2", "JPY/0", "KWD/3", "UGX/2"]
    with pytest.raises(CurrencyNotTaken):
        LIMITS.asset("ABC")
