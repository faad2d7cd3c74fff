"""What usage would cost by a price that somebody writes down."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.kernel.errors import EngineError
from core.kernel.money import Asset
from core.operations.admitting import validate
from core.pricing import Usage, rate, read_price
from core.quoting import PreviewPrice, PricePreview, preview, preview_price

EACH = {"model": "per_unit", "unit": "0.125"}
BY_REGION = {
    "model": "matrix",
    "properties": ["region"],
    "cells": [{"when": {"region": "eu"}, "price": {"model": "per_unit", "unit": "2"}}],
}
FEE = {"model": "percentage", "percent": "3", "free_events": 1}


def ask(**arguments: Any) -> PricePreview:
    """Ask as every door does: read strictly, then answered."""
    request = validate(preview_price, arguments, None)
    assert isinstance(request, PreviewPrice)
    return preview(request)


def refusal(**arguments: Any) -> str:
    """Return the code and the first field of the refusal."""
    with pytest.raises(EngineError) as refused:
        ask(**arguments)
    facts = refused.value.facts
    return f"{refused.value.code} {facts.get('field') or facts['problems'][0]['field']}"


quantities = st.decimals(0, 10**6, places=3, allow_nan=False, allow_infinity=False)
prices = st.builds(
    lambda whole, part: f"{whole}.{part:04}", st.integers(0, 99), st.integers(0, 9999)
)


@given(quantity=quantities, unit=prices, flat=prices, end=st.integers(1, 10**5))
def test_a_preview_is_what_rating_gives_and_its_lines_add_up(
    quantity: Any, unit: str, flat: str, end: int
) -> None:
    price = {
        "model": "graduated",
        "tiers": [{"up_to": str(end), "unit": unit, "flat": flat}, {"unit": flat}],
        "minimum_spend": unit,
    }
    told = ask(price=price, quantity=f"{quantity:f}")
    rated = rate(read_price(price), Usage(quantity), Asset("USD", 2))

    assert told.total == rated.total.decimal
    assert [each.path for each in told.lines] == [each.path for each in rated.lines]
    cents = [int(each.amount.replace(".", "")) for each in told.lines]
    assert sum(cents) == rated.total.amount


def test_usage_is_told_in_sum_or_in_its_parts() -> None:
    groups = [
        {"properties": {"region": "eu"}, "quantity": "2"},
        {"properties": {"region": "eu"}, "amounts": ["1", "4"]},
    ]
    monthly = {**EACH, "minimum_spend": "1", "per": "window"}

    assert ask(price=EACH, quantity=4).total == "0.50"
    assert (
        ask(
            price={"model": "percentage", "percent": "1", "fixed": "0.3"}, quantity="200", events=3
        ).total
        == "2.90"
    )
    assert ask(price=FEE, amounts=["100", "50"]).total == "1.50"
    assert ask(price=BY_REGION, groups=groups).total == "14.00"
    assert ask(price=monthly, windows=[{"quantity": "4"}, {"quantity": "80"}]).total == "11.00"
    assert ask(price={**BY_REGION, "per": "window"}, windows=[{"groups": groups}]).total == "14.00"


def test_an_amount_is_rounded_as_asked() -> None:
    halves = {"price": EACH, "quantity": "1"}
    lines = {
        "price": {
            "model": "graduated",
            "tiers": [{"up_to": "1", "unit": "0.004"}, {"unit": "0.004"}],
        },
        "quantity": "2",
    }

    assert [
        ask(**halves, rounding=each).total for each in ("half_up", "half_even", "up", "down")
    ] == [*("0.13", "0.12", "0.13", "0.12")]
    assert (ask(**lines).total, ask(**lines, round_on="sum").total) == ("0.00", "0.01")


def test_the_currency_is_the_one_asked_for_or_the_one_of_the_price() -> None:
    euros = {**EACH, "currency": "EUR/2"}

    assert ask(price=euros, quantity=8).asset == "EUR/2"
    assert ask(price=euros, quantity=8, asset="EUR/2").total == "1.00"
    assert ask(price=EACH, quantity=8, asset="JPY/0").total == "1"
    assert refusal(price=euros, quantity=8, asset="USD/2") == "invalid_request price.currency"
    for wrong in ("euro", 3, None, ["EUR/2"]):
        told = {**EACH, "currency": wrong}
        expected = None if wrong is None else "invalid_request price.currency"
        if expected:
            assert refusal(price=told, quantity=8) == expected
        else:
            assert ask(price=told, quantity=8).asset == "USD/2"


def test_what_falls_due_at_the_end_is_left_out_until_then() -> None:
    least = {**EACH, "minimum_spend": "5"}

    assert ask(price=least, quantity=8).total == "5.00"
    assert ask(price=least, quantity=8, closed=False).total == "1.00"


@pytest.mark.parametrize(
    ("told", "sent"),
    [
        ("price_not_readable price.unit", {"price": {"model": "per_unit", "unit": 0.5}}),
        ("price_not_readable price.unit", {"price": {"model": "per_unit"}}),
        ("price_not_readable price.model", {"price": {}}),
        ("price_not_readable price.model", {"price": {"model": ["flat"]}}),
        (
            "tiers_unordered price.tiers.1.up_to",
            {
                "price": {
                    "model": "volume",
                    "tiers": [
                        {"up_to": "9", "unit": "1"},
                        {"up_to": "9", "unit": "1"},
                        {"unit": "1"},
                    ],
                }
            },
        ),
        (
            "tier_without_price price.tiers.0",
            {"price": {"model": "volume", "tiers": [{}]}},
        ),
        (
            "price_not_positive price.price.size",
            {
                "price": {
                    "model": "credits",
                    "per_credit": "1",
                    "price": {"model": "package", "amount": "1", "size": "0"},
                }
            },
        ),
        (
            "quantity_negative quantity",
            {"price": {"model": "package", "amount": "1", "size": "1"}, "quantity": "-1"},
        ),
        ("quantity_negative amounts.1", {"price": FEE, "quantity": None, "amounts": ["1", "-1"]}),
        ("transactions_missing amounts", {"price": FEE, "events": 2}),
        ("groups_missing groups", {"price": BY_REGION}),
        (
            "no_price_for_group groups.0.properties",
            {"price": BY_REGION, "quantity": None, "groups": [{"properties": {}, "quantity": 1}]},
        ),
        ("windows_missing windows", {"price": {**EACH, "per": "window"}}),
        ("invalid_request quantity", {"quantity": None}),
        ("invalid_request quantity", {"quantity": 1.5}),
        ("invalid_request quantity", {"quantity": True}),
        ("invalid_request quantity", {"quantity": "1e3"}),
        ("invalid_request quantity", {"quantity": 2**53}),
        ("invalid_request events", {"events": -1}),
        ("invalid_request amounts", {"amounts": ["1"]}),
        ("invalid_request groups", {"groups": []}),
        ("invalid_request windows", {"windows": []}),
        ("invalid_request windows.0.quantity", {"quantity": None, "windows": [{}]}),
        (
            "invalid_request windows.0.groups",
            {"quantity": None, "windows": [{"quantity": 1, "groups": []}]},
        ),
        (
            "invalid_request windows.0.groups.1.quantity",
            {
                "quantity": None,
                "windows": [{"groups": [{"properties": {}, "quantity": 1}, {"properties": {}}]}],
            },
        ),
        ("invalid_request asset", {"asset": "dollars"}),
        ("invalid_request rounding", {"rounding": "nearest"}),
    ],
)
def test_what_is_wrong_is_refused_by_its_path(told: str, sent: dict[str, Any]) -> None:
    asked = {"price": EACH, "quantity": "1", **sent}

    assert refusal(**{name: each for name, each in asked.items() if each is not None}) == told


def test_no_more_is_rated_at_once_than_can_be_answered_soon() -> None:
    many = [{"amounts": ["1"] * 500}, {"amounts": ["1"] * 499}]

    assert refusal(price=FEE, windows=many) == "invalid_request quantity"
    assert ask(price=FEE, windows=[*many[:1], {"amounts": ["1"] * 498}]).total == "29.91"
