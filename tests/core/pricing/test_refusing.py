"""Usage that a price says nothing of is refused, with the field that is wrong."""

from decimal import Decimal
from typing import Any

import pytest

from core import pricing
from core.kernel.money import Money
from core.pricing import Change, Prorated, Usage, UsageRefused, rate
from tests.core.pricing.shop import FINE, USD, group, price, transactions, windows

UNIT = {"model": "per_unit", "unit": "2"}
ONE = [{"unit": "1", "flat": "1"}]
NEGATIVE = Usage(Decimal("-0.5"))
NOT_FOR_LESS: dict[str, dict[str, Any]] = {
    "package": {"amount": "1", "size": "1"},
    "graduated": {"tiers": ONE},
    "volume": {"tiers": ONE},
    "graduated_percentage": {"tiers": [{"percent": "1"}]},
    "percentage": {"percent": "1"},
    "blocks": {"tiers": [{"size": "1", "price": "1"}]},
    "capacity": {"tiers": [{"price": "1"}]},
    "seats": {"price": UNIT},
}


@pytest.mark.parametrize("model", NOT_FOR_LESS)
def test_less_than_nothing_is_refused_where_a_model_says_nothing_of_it(model: str) -> None:
    with pytest.raises(pricing.QuantityNegative) as refused:
        rate(price(model, **NOT_FOR_LESS[model]), NEGATIVE, USD)

    assert refused.value.facts == {"field": "quantity", "model": model}


def with_(model: str, **members: Any) -> pricing.Price:
    return price(model, **members)


EU = [{"when": {"region": "eu"}, "price": UNIT}]
PERCENT = with_("percentage", percent="1", free_events=1)
MATRIX = with_("matrix", properties=["region"], cells=EU)


@pytest.mark.parametrize(
    ("asked", "usage", "code", "said"),
    [
        (
            with_("per_unit", unit="1", free_units="1"),
            NEGATIVE,
            "quantity_negative",
            "quantity must not be below zero: a per_unit price says nothing of less than nothing.",
        ),
        (PERCENT, transactions("2", "-1"), "quantity_negative", "amounts.1 must not be below zero"),
        (
            with_("seats", price=UNIT),
            Usage(Decimal("1.5")),
            "quantity_not_whole",
            "quantity must be a whole number: a seats price counts whole ones.",
        ),
        (
            with_("seats", price=UNIT, at_most=3),
            Usage(Decimal(4)),
            "quantity_too_large",
            "quantity must not be more than 3: the price says nothing of more.",
        ),
        (
            with_("capacity", tiers=[{"up_to": "10.5", "price": "1"}]),
            Usage(Decimal(11)),
            "quantity_too_large",
            "quantity must not be more than 10.5:",
        ),
        (
            PERCENT,
            Usage(Decimal(100), 2),
            "transactions_missing",
            "amounts is missing: this price looks at every transaction, so give the",
        ),
        (
            with_("per_unit", unit="1", per="window"),
            Usage(Decimal(1)),
            "windows_missing",
            "windows is missing: this price has terms for each window",
        ),
        (MATRIX, Usage(Decimal(1)), "groups_missing", "groups is missing: this price depends on"),
        (
            MATRIX,
            Usage.of_groups([group("1", region="eu"), group("1", region="us", zone="east")]),
            "no_price_for_group",
            "groups.1.properties has no price: no cell is for {'region': 'us'}. Add one,",
        ),
        (
            MATRIX,
            Usage.of_groups([group("1", zone="east")]),
            "no_price_for_group",
            "groups.0.properties has no price: no cell is for {}.",
        ),
        (
            with_("per_unit", unit="1"),
            Usage(Decimal("NaN")),
            "quantity_not_number",
            "quantity must be a number",
        ),
        (
            with_("per_unit", unit="1"),
            Usage(Decimal("Infinity")),
            "quantity_not_number",
            "quantity must be a number",
        ),
        (
            with_("per_unit", unit="1"),
            Usage(Decimal("1e999999")),
            "quantity_not_number",
            "quantity must be a number, and less than 10 to the power of 28.",
        ),
        (
            with_("per_unit", unit="0.333333333333"),
            Usage(Decimal("1." + "3" * 50)),
            "quantity_too_fine",
            "quantity and the price have more digits together than can be multiplied exactly.",
        ),
        (
            with_("per_unit", unit="1"),
            Usage(Decimal("92233720368547758.08")),
            "total_too_large",
            "The price of this quantity is more than USD/2 can count.",
        ),
    ],
)
def test_usage_that_has_no_price_is_refused_by_its_field(
    asked: pricing.Price, usage: Usage, code: str, said: str
) -> None:
    with pytest.raises(UsageRefused) as refused:
        rate(asked, usage, USD)

    assert refused.value.code == code
    assert str(refused.value).startswith(said)
    assert refused.value.field in said


def test_the_largest_amount_an_asset_counts_is_still_charged() -> None:
    one = price("per_unit", unit="1")

    assert rate(one, Decimal("92233720368547758.07"), USD).total.amount == 2**63 - 1


def test_an_amount_beyond_all_digits_is_refused_and_not_an_accident() -> None:
    model = pricing.PerUnit(Decimal("1e30"))

    with pytest.raises(pricing.AmountTooLarge):
        rate(model, Decimal("1e27"), FINE)


def test_credits_that_cannot_be_counted_are_refused() -> None:
    for paid, each in (("90000000000000000", "0.000001"), ("90000000000000000", "1e-60")):
        with pytest.raises(pricing.AmountTooLarge):
            pricing.credits_for(Money.of(paid, USD), Decimal(each), FINE)


def test_more_may_not_go_than_came() -> None:
    graduated = pricing.Graduated((pricing.Tier(unit=Decimal(1)),))
    changes = (Change(Decimal(1), Decimal(1)), Change(Decimal(-2), Decimal(-1)))

    with pytest.raises(pricing.QuantityNegative, match=r"changes\.1\.units must not be below zero"):
        rate(Prorated(graduated, changes), Decimal(0), USD)


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "-1e999999"])
def test_what_is_no_number_is_refused_where_it_is_told(amount: str) -> None:
    with pytest.raises(pricing.QuantityNotNumber, match=r"amounts\.1 must be a number"):
        transactions("1", amount)
    with pytest.raises(pricing.QuantityNotNumber, match=r"windows\.1\.quantity must be a number"):
        windows("1", amount)
    with pytest.raises(pricing.QuantityNotNumber, match=r"groups\.0\.quantity must be a number"):
        Usage.of_groups([group(amount)])


def test_figures_that_cannot_be_added_exactly_are_refused() -> None:
    for tell in (transactions, windows):
        with pytest.raises(pricing.QuantityTooFine, match=r"(amounts|windows) and the price have"):
            tell("1e27", "1e-40")
