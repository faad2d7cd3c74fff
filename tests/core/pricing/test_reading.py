"""A price is written as JSON and read strictly: what is wrong is refused with the path of it."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from core import pricing
from core.pricing import PriceForm, PriceNotReadable, PriceRefused, read_price, write_price

UNIT = {"model": "per_unit", "unit": "2"}
MATRIX = {"model": "matrix", "properties": ["region"]}
EVERY_MODEL: list[dict[str, Any]] = [
    {"model": "flat", "amount": "30"},
    {**UNIT, "free_units": "100", "minimum_spend": "5", "maximum_spend": "500", "per": "window"},
    {**UNIT, "commitment": {"amount": "50", "overage_factor": "1.5", "true_up": False}},
    {"model": "package", "amount": "15", "size": "10"},
    {
        "model": "graduated",
        "tiers": [{"up_to": "10", "unit": "0.5", "flat": "2"}, {"unit": "0.3"}],
    },
    {"model": "volume", "tiers": [{"up_to": "100", "flat": "2"}, {"unit": "0.000000000001"}]},
    {
        "model": "graduated_percentage",
        "tiers": [{"up_to": "1000", "percent": "2.9"}, {"percent": "2.5", "flat": "1"}],
    },
    {
        "model": "percentage",
        "percent": "2.9",
        "fixed": "0.3",
        "free_events": 3,
        "free_volume": "250",
        "minimum": "1.75",
        "maximum": "12",
    },
    {
        "model": "blocks",
        "tiers": [{"size": "100", "price": "1", "max_blocks": 10}, {"size": "1000", "price": "1"}],
        "policy": "top_tier",
    },
    {"model": "capacity", "tiers": [{"price": "750", "up_to": "1000"}]},
    {"model": "seats", "price": UNIT, "included": 3, "at_least": 5, "at_most": 100},
    {
        **MATRIX,
        "cells": [{"when": {"region": "eu"}, "price": {**UNIT, "free_units": "1"}}],
        "otherwise": {"model": "seats", "price": UNIT},
    },
    {"model": "credits", "per_credit": "0.01", "price": UNIT},
]
NAMES = [f"{n}-{each['model']}" for n, each in enumerate(EVERY_MODEL)]


@pytest.mark.parametrize("written", EVERY_MODEL, ids=NAMES)
def test_a_price_is_written_as_it_was_read(written: dict[str, Any]) -> None:
    price = read_price(json.loads(json.dumps(written)))

    assert write_price(price) == written
    assert read_price(write_price(price)) == price


@pytest.mark.parametrize("written", EVERY_MODEL, ids=NAMES)
def test_a_form_survives_being_stored(written: dict[str, Any]) -> None:
    adapter: TypeAdapter[PriceForm] = TypeAdapter(PriceForm)
    form = adapter.validate_python(written)
    stored = adapter.dump_json(form)

    assert adapter.validate_json(stored) == form
    assert pricing.price_of(form) == read_price(json.loads(stored))


def test_every_model_is_among_the_examples_and_in_the_schema() -> None:
    told = TypeAdapter(PriceForm).json_schema()["discriminator"]["mapping"]

    assert {each["model"] for each in EVERY_MODEL} == set(told)


def test_every_example_on_the_page_is_a_price() -> None:
    page = Path(pricing.__file__).with_name("README.md").read_text("utf-8")
    models = [line.split("`")[3] for line in page.splitlines() if '`{"model"' in line]
    terms = [line.split("`")[-2] for line in page.splitlines() if '| `"' in line]

    assert {json.loads(each)["model"] for each in models} == {each["model"] for each in EVERY_MODEL}
    assert len(terms) == 4
    for each in models:
        read_price(json.loads(each))
    for each in terms:
        read_price(UNIT | json.loads("{" + each + "}"))


def tiers(*ends: str | None, model: str = "graduated") -> dict[str, Any]:
    return {"model": model, "tiers": [{"up_to": end, "unit": "1"} for end in ends]}


NUMBER = 'must be a decimal number in quotes that is not below zero, such as "2.50"'
ONE_OF = (
    "must be one of flat, per_unit, package, graduated, volume, graduated_percentage, percentage, "
    "blocks, capacity, seats, matrix, credits"
)
EXTRA = "Extra inputs are not permitted"


@pytest.mark.parametrize(
    ("written", "field", "problem"),
    [
        ({}, "model", ONE_OF),
        ({"model": "dynamic"}, "model", ONE_OF),
        ({"model": "flat"}, "amount", "Field required"),
        ({"model": "flat", "amount": 5}, "amount", NUMBER),
        ({"model": "flat", "amount": 5.5}, "amount", NUMBER),
        ({"model": "flat", "amount": "-5"}, "amount", NUMBER),
        ({"model": "flat", "amount": "1e3"}, "amount", NUMBER),
        ({"model": "flat", "amount": "NaN"}, "amount", NUMBER),
        ({"model": "flat", "amount": "5\n"}, "amount", NUMBER),
        ({"model": "flat", "amount": "0.0000000000001"}, "amount", NUMBER),
        ({"model": "flat", "amount": "5", "free_units": "1"}, "free_units", EXTRA),
        ({"model": "flat", "amount": "5", "flat": "1"}, "flat", EXTRA),
        ({**UNIT, "discount": "1"}, "discount", EXTRA),
        ({**UNIT, "commitment": {"quantitty": "1"}}, "commitment.quantitty", EXTRA),
        ({**UNIT, "per": "year"}, "per", "Input should be 'period' or 'window'"),
        ({**tiers(None), "tiers": [{"units": "1"}]}, "tiers.0.units", EXTRA),
        ({"model": "graduated", "tiers": {}}, "tiers", "Input should be a valid tuple"),
        (
            {"model": "percentage", "percent": "1", "free_events": "3"},
            "free_events",
            "Input should be a valid integer",
        ),
        ({"model": "seats", "price": {"model": "flat"}}, "price.amount", "Field required"),
        ({"model": "seats", "price": {"model": "x"}}, "price.model", ONE_OF),
        (
            {**MATRIX, "cells": [{"when": {"region": "eu"}, "price": tiers(None) | {"x": 1}}]},
            "cells.0.price.x",
            EXTRA,
        ),
        (
            {**MATRIX, "cells": [], "otherwise": {"model": "flat"}},
            "otherwise.amount",
            "Field required",
        ),
    ],
)
def test_what_is_not_written_as_a_price_is_refused_by_its_path(
    written: dict[str, Any], field: str, problem: str
) -> None:
    with pytest.raises(PriceNotReadable) as refused:
        read_price(written)

    assert refused.value.problems == [{"field": field, "problem": problem}]
    assert str(refused.value) == f"The price is not written as a price is: {field}: {problem}."


def test_prices_within_prices_end_somewhere() -> None:
    written: dict[str, Any] = UNIT
    for _ in range(1000):
        written = {"model": "seats", "price": written}

    with pytest.raises(PriceNotReadable, match="price: must not hold prices within prices"):
        read_price(written)


def block(size: str = "1", blocks: int | None = None) -> dict[str, Any]:
    return {"size": size, "price": "1", "max_blocks": blocks}


def cells(*regions: dict[str, str], properties: tuple[str, ...] = ("region",)) -> dict[str, Any]:
    each = [{"when": when, "price": UNIT} for when in regions]
    return {"model": "matrix", "properties": list(properties), "cells": each}


@pytest.mark.parametrize(
    ("written", "code", "said"),
    [
        (tiers(), "tiers_missing", "tiers is empty: give at least one tier."),
        (
            tiers("10", "10", None),
            "tiers_unordered",
            "tiers.1.up_to must be greater than 10: each tier begins where the one before it ends.",
        ),
        (tiers("10", "5", None), "tiers_unordered", "tiers.1.up_to must be greater than 10"),
        (tiers("0", None), "price_not_positive", "tiers.0.up_to must be greater than zero."),
        (
            tiers("10", None, "20"),
            "tier_open_too_early",
            "tiers.1.up_to is missing: only the last tier has no end.",
        ),
        (tiers("10", "20"), "tier_not_open", "tiers.1.up_to must be null: the last tier has no"),
        (tiers("10", "20", model="volume"), "tier_not_open", "tiers.1.up_to must be null"),
        (
            {"model": "volume", "tiers": [{"up_to": "10", "unit": "1"}, {"up_to": None}]},
            "tier_without_price",
            "tiers.1 has no price: give it a price for each, a flat amount, or both; zero is",
        ),
        (
            {"model": "graduated_percentage", "tiers": [{"up_to": "10"}, {"percent": "1"}]},
            "tier_without_price",
            "tiers.0 has no price",
        ),
        ({"model": "package", "amount": "1", "size": "0"}, "price_not_positive", "size must be"),
        ({"model": "blocks", "tiers": []}, "tiers_missing", "tiers is empty"),
        ({"model": "blocks", "tiers": [block("0")]}, "price_not_positive", "tiers.0.size must be"),
        (
            {"model": "blocks", "tiers": [block(blocks=0)]},
            "price_not_positive",
            "tiers.0.max_blocks must be",
        ),
        (
            {"model": "blocks", "tiers": [block(), block()]},
            "tier_open_too_early",
            "tiers.0.max_blocks is missing",
        ),
        (
            {"model": "percentage", "percent": "1", "minimum": "2", "maximum": "1"},
            "price_too_low",
            "maximum must not be less than 2.",
        ),
        (
            {**UNIT, "minimum_spend": "2", "maximum_spend": "1.5"},
            "price_too_low",
            "maximum_spend must not be less than 2.",
        ),
        ({**UNIT, "commitment": {}}, "commitment_unclear", "commitment is of a quantity or of"),
        (
            {**UNIT, "commitment": {"quantity": "1", "amount": "1"}},
            "commitment_unclear",
            "commitment is of a quantity or of an amount: give one of the two.",
        ),
        (
            {**UNIT, "commitment": {"quantity": "0"}},
            "price_not_positive",
            "commitment.quantity must be",
        ),
        (
            {"model": "flat", "amount": "1", "commitment": {"quantity": "1"}},
            "term_not_for_model",
            "commitment.quantity says nothing of a flat price. Leave it out.",
        ),
        (
            {"model": "seats", "at_least": 5, "at_most": 4, "price": UNIT},
            "price_too_low",
            "at_most must not be less than 5.",
        ),
        (
            {"model": "seats", "price": {"model": "seats", "price": tiers("1", "1", None)}},
            "tiers_unordered",
            "price.price.tiers.1.up_to must be greater than 1:",
        ),
        (
            {"model": "credits", "per_credit": "0", "price": UNIT},
            "price_not_positive",
            "per_credit must be",
        ),
        (cells({}, properties=()), "properties_unclear", "properties must name at least one"),
        (cells(properties=("a", "a")), "properties_unclear", "properties must name at least one"),
        (
            cells({"region": "eu"}, {"zone": "eu"}),
            "cell_unclear",
            "cells.1.when must give a value to each of these properties, and to no other: ['region",
        ),
        (
            cells({"region": "eu"}, {"region": "us"}, {"region": "eu"}),
            "cell_repeated",
            "cells.2.when is the same as that of an earlier cell.",
        ),
        (
            {**cells(), "cells": [{"when": {"region": "eu"}, "price": tiers("1", "1", None)}]},
            "tiers_unordered",
            "cells.0.price.tiers.1.up_to must be greater",
        ),
        ({**cells(), "otherwise": tiers("2")}, "tier_not_open", "otherwise.tiers.0.up_to must be"),
    ],
)
def test_figures_that_do_not_fit_together_are_refused_by_their_path(
    written: dict[str, Any], code: str, said: str
) -> None:
    with pytest.raises(PriceRefused) as refused:
        read_price(written)

    assert refused.value.code == code
    assert str(refused.value).startswith(said)
    assert said.startswith(refused.value.field)


def test_a_price_that_is_made_by_hand_is_checked_as_well() -> None:
    for make in (
        lambda: pricing.Flat(Decimal(-1)),
        lambda: pricing.PerUnit(Decimal(-1)),
        lambda: pricing.Volume((pricing.Tier(unit=Decimal(-1)),)),
        lambda: pricing.GraduatedPercentage((pricing.PercentTier(percent=Decimal(-1)),)),
        lambda: pricing.Capacity((pricing.CapacityTier(Decimal(-1)),)),
    ):
        with pytest.raises(pricing.BelowLeast, match="must not be less than 0"):
            make()
    with pytest.raises(pricing.TermNotForModel, match="free_units says nothing of a flat price"):
        pricing.Price(pricing.Flat(Decimal(1)), free_units=Decimal(1))
