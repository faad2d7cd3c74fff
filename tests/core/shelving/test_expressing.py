"""Whoever pays by what the provider is told pays exactly what they would pay here."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import catalog, metering, payments, pricing
from core.catalog import IntervalUnit, Item, ItemKind
from core.kernel.money import Asset
from core.pricing import Usage, read_price
from core.shelving.expressing import BilledByUs, Offer, express
from mcp_server.adapters.stripe.currencies import LIMITS
from tests.world import START

USD, JPY, ISK = Asset("USD", 2), Asset("JPY", 0), Asset("ISK", 2)
MONTH = catalog.Interval(IntervalUnit.MONTH)


def offer(
    kind: ItemKind = ItemKind.RECURRING,
    *,
    asset: Asset = USD,
    interval: catalog.Interval = MONTH,
    aggregation: str = "sum",
) -> Offer:
    is_metered = kind is ItemKind.USAGE
    meter = metering.Meter(
        id="mtr_1",
        key="calls",
        name="Calls",
        aggregation=metering.Aggregation(aggregation),
        unit="call",
        property=None,
        price=Decimal(0),
        asset=USD,
        created_at=START,
    )
    return Offer(
        item=Item(key="it", name="It", kind=kind, meter_key=None, prices={}),
        interval=interval,
        asset=asset,
        meter=meter if is_metered else None,
        limit=LIMITS.currencies.get(asset.code),
    )


def charged(cost: payments.Cost, quantity: Decimal) -> Decimal:
    """Compute as the provider says it does, in smallest units: written from its documentation."""
    if not cost.tiers:
        count = quantity
        if cost.package:
            whole, rest = divmod(quantity, cost.package)
            count = whole + bool(rest)
        return count * Decimal(cost.unit or "0")
    if cost.mode == "volume":
        for tier in cost.tiers:
            if tier.up_to is None or quantity <= tier.up_to:
                return quantity * Decimal(tier.unit) + (tier.flat or 0)
    total, start = Decimal(0), 0
    for n, tier in enumerate(cost.tiers):
        if n and quantity <= start:
            break
        end = quantity if tier.up_to is None else min(quantity, Decimal(tier.up_to))
        total += (end - start) * Decimal(tier.unit) + (tier.flat or 0)
        start = tier.up_to or 0
    return total


def ours(price: pricing.Price, quantity: Decimal) -> Decimal:
    lines = price.lines(Usage(quantity))
    return sum((line.exact for line in lines), Decimal(0))


TIERED = [
    {"up_to": "10", "unit": "0.5", "flat": "2"},
    {"up_to": "100", "unit": "0.25"},
    {"unit": "0.001", "flat": "7"},
]
SAID: dict[str, dict[str, Any]] = {
    "each": {"model": "per_unit", "unit": "0.05"},
    "fine": {"model": "per_unit", "unit": "0.000004000125"},
    "each, some free": {"model": "per_unit", "unit": "0.05", "free_units": "100"},
    "packages": {"model": "package", "amount": "15", "size": "10"},
    "packages of one": {"model": "package", "amount": "15", "size": "1"},
    "graduated": {"model": "graduated", "tiers": TIERED},
    "graduated, some free": {"model": "graduated", "tiers": TIERED, "free_units": "3"},
    "volume": {"model": "volume", "tiers": TIERED},
}
OF_SEATS: dict[str, dict[str, Any]] = {
    "seats": {"model": "seats", "price": SAID["each"]},
    "some included": {"model": "seats", "price": SAID["each"], "included": 3},
    "at least": {"model": "seats", "price": SAID["each"], "at_least": 5},
    "both": {"model": "seats", "price": SAID["each"], "at_least": 5, "included": 3},
    "more included": {"model": "seats", "price": SAID["each"], "at_least": 3, "included": 5},
}
QUANTITIES = st.decimals(0, 1000, places=3) | st.integers(0, 1000).map(Decimal)


@pytest.mark.parametrize("told", SAID.values(), ids=SAID)
@pytest.mark.parametrize("kind", [ItemKind.RECURRING, ItemKind.USAGE])
@given(quantity=QUANTITIES)
def test_what_is_said_to_the_provider_charges_what_it_charges_here(
    kind: ItemKind, told: dict[str, Any], quantity: Decimal
) -> None:
    price = read_price(told)

    cost = express(offer(kind), price)

    assert charged(cost, quantity) == ours(price, quantity) * 100


@pytest.mark.parametrize("told", OF_SEATS.values(), ids=OF_SEATS)
@given(quantity=st.integers(0, 50))
def test_seats_charge_there_what_they_charge_here(told: dict[str, Any], quantity: int) -> None:
    price = read_price(told)

    cost = express(offer(), price)

    assert charged(cost, Decimal(quantity)) == ours(price, Decimal(quantity)) * 100


@given(quantity=QUANTITIES)
def test_a_flat_amount_of_usage_is_the_same_whatever_was_used(quantity: Decimal) -> None:
    cost = express(offer(ItemKind.USAGE), read_price({"model": "flat", "amount": "30"}))

    assert charged(cost, quantity) == 3000


def test_a_fee_is_bought_once_each_interval() -> None:
    price = read_price({"model": "flat", "amount": "30"})
    quarter = catalog.Interval(IntervalUnit.MONTH, 3)

    assert express(offer(interval=quarter), price) == payments.Cost(
        asset=USD, unit="3000", interval="month", interval_count=3
    )
    assert express(offer(ItemKind.ONE_TIME, interval=quarter), price) == payments.Cost(
        asset=USD, unit="3000"
    )
    assert express(offer(asset=JPY), price).unit == "30"


NOT_SAID: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "matrix": (
        {"model": "matrix", "properties": ["r"], "cells": [], "otherwise": SAID["each"]},
        {},
        "no price of model matrix",
    ),
    "percentage": ({"model": "percentage", "percent": "2"}, {}, "model percentage"),
    "graduated percentage": (
        {"model": "graduated_percentage", "tiers": [{"percent": "2"}]},
        {},
        "model graduated_percentage",
    ),
    "blocks": (
        {"model": "blocks", "tiers": [{"size": "10", "price": "1"}]},
        {},
        "model blocks",
    ),
    "capacity": (
        {"model": "capacity", "tiers": [{"up_to": "10", "price": "1"}]},
        {},
        "model capacity",
    ),
    "credits": (
        {"model": "credits", "per_credit": "0.01", "price": SAID["each"]},
        {},
        "model credits",
    ),
    "commitment": (
        SAID["each"] | {"commitment": {"quantity": "5"}},
        {},
        "have no commitment",
    ),
    "bounds": (
        SAID["each"] | {"minimum_spend": "5", "maximum_spend": "9"},
        {},
        "have no minimum_spend, maximum_spend",
    ),
    "windows": (SAID["each"] | {"per": "window"}, {}, "have no per window"),
    "free packages": (SAID["packages"] | {"free_units": "10"}, {}, "no free units beside"),
    "free volume": (SAID["volume"] | {"free_units": "10"}, {}, "no free units beside"),
    "a free part of a unit": (SAID["each"] | {"free_units": "0.5"}, {}, "whole units"),
    "a package of parts": ({"model": "package", "amount": "1", "size": "0.5"}, {}, "whole units"),
    "a tier of parts": (
        {"model": "volume", "tiers": [{"up_to": "0.5", "unit": "1"}, {"unit": "2"}]},
        {},
        "whole units, and a tier is of 0.5",
    ),
    "a fine flat": (
        {"model": "volume", "tiers": [{"unit": "1", "flat": "0.005"}]},
        {},
        "flat 0.005 finer",
    ),
    "at most": (OF_SEATS["seats"] | {"at_most": 9}, {}, "do not end at so many seats"),
    "seats in tiers": (
        {"model": "seats", "price": SAID["graduated"]},
        {},
        "seats at one price each",
    ),
    "bounded seats": (
        {"model": "seats", "price": SAID["each"] | {"minimum_spend": "5"}},
        {},
        "have no minimum_spend",
    ),
    "metered seats": (OF_SEATS["seats"], {"kind": ItemKind.USAGE}, "by quantity, alone"),
    "tiers paid once": (SAID["volume"], {"kind": ItemKind.ONE_TIME}, "paid once"),
    "a peak": (
        SAID["each"],
        {"kind": ItemKind.USAGE, "aggregation": "max"},
        "cannot add up by max",
    ),
    "different ones": (
        SAID["each"],
        {"kind": ItemKind.USAGE, "aggregation": "unique"},
        "cannot add up by unique",
    ),
    "four years": (
        SAID["each"],
        {"interval": catalog.Interval(IntervalUnit.YEAR, 4)},
        "every three years",
    ),
    "gold": (SAID["each"], {"asset": Asset("XAU", 2)}, "no payments in XAU/2"),
    "dollars by the millionth": (SAID["each"], {"asset": Asset("USD", 6)}, "no payments in USD/6"),
    "a part of a krona": ({"model": "flat", "amount": "0.5"}, {"asset": ISK}, "is finer"),
    "a fortune": ({"model": "flat", "amount": "1000000"}, {}, "is more than the provider takes"),
}


@pytest.mark.parametrize(("told", "around", "reason"), NOT_SAID.values(), ids=NOT_SAID)
def test_what_the_provider_has_no_words_for_is_billed_by_us(
    told: dict[str, Any], around: dict[str, Any], reason: str
) -> None:
    kind = around.get("kind", ItemKind.RECURRING)
    rest = {name: value for name, value in around.items() if name != "kind"}

    with pytest.raises(BilledByUs, match=reason):
        express(offer(kind, **rest), read_price(told))


def test_what_an_intake_takes_once_is_told_as_it_is() -> None:
    price = read_price(SAID["packages"])

    assert express(offer(ItemKind.ONE_TIME), price) == payments.Cost(
        asset=USD, unit="1500", package=10
    )
