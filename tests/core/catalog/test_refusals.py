"""What is wrong with a plan is said by the path of the field, with what would be right."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from core.metering import tables as metering
from tests.core.catalog.asking import CALLS, EACH, FEE, FLAT, PRO, Catalog, at
from tests.world import OPERATOR, START, World

pytestmark = pytest.mark.anyio

UNORDERED = {
    "model": "graduated",
    "tiers": [{"up_to": "10", "unit": "1"}, {"up_to": "5", "unit": "1"}, {"unit": "1"}],
}
PERCENT = {"model": "percentage", "percent": "2.9"}
MATRIX = {
    "model": "matrix",
    "properties": ["region"],
    "cells": [{"when": {"region": "eu"}, "price": EACH}],
}


def priced(item: dict[str, Any], **prices: Any) -> dict[str, Any]:
    return item | {"prices": prices}


WRONG_ITEMS = {
    "a meter that is not there": ([CALLS | {"meter_key": "nothing"}], "items.0.meter_key"),
    "usage without a meter": ([{**CALLS, "meter_key": None}], "items.0.meter_key"),
    "a fee with a meter": ([FEE, FEE | {"key": "x", "meter_key": "calls"}], "items.1.meter_key"),
    "the same key twice": ([FEE, CALLS, FEE], "items.2.key"),
    "a book that is not there": ([priced(FEE, gbp=FLAT)], "items.0.prices.gbp"),
    "another currency": (
        [priced(FEE, usd=FLAT, eur=FLAT | {"currency": "USD/2"})],
        "items.0.prices.eur.currency",
    ),
    "a model that is not there": (
        [priced(FEE, usd={"model": "free"})],
        "items.0.prices.usd.model",
    ),
    "no price at all": ([priced(FEE, usd={})], "items.0.prices.usd.model"),
    "a number without quotes": (
        [FEE, priced(CALLS, usd={"model": "per_unit", "unit": 1})],
        "items.1.prices.usd.unit",
    ),
    "a tier without figures": (
        [priced(CALLS, usd={"model": "volume", "tiers": [{"unit": 2}]})],
        "items.0.prices.usd.tiers.0.unit",
    ),
    "a percentage of a fee": ([priced(FEE, usd=PERCENT)], "items.0.prices.usd.model"),
    "a matrix of a fee": ([priced(FEE, usd=MATRIX)], "items.0.prices.usd.model"),
    "windows of a fee": (
        [priced(FEE, usd=FLAT | {"per": "window", "minimum_spend": "1"})],
        "items.0.prices.usd.per",
    ),
    "a percentage of a maximum": (
        [priced(CALLS, usd=PERCENT) | {"meter_key": "peak"}],
        "items.0.prices.usd.model",
    ),
    "a percentage within credits, of a maximum": (
        [
            priced(CALLS, usd={"model": "credits", "per_credit": "1", "price": PERCENT})
            | {"meter_key": "peak"}
        ],
        "items.0.prices.usd.price.model",
    ),
    "a percentage within a matrix, of a maximum": (
        [priced(CALLS, usd=MATRIX | {"otherwise": PERCENT}) | {"meter_key": "peak"}],
        "items.0.prices.usd.otherwise.model",
    ),
}


async def test_an_item_is_refused_by_its_path(world: World) -> None:
    catalog = await Catalog.open(world)
    await catalog.must("create_plan", **PRO | {"plan_key": "drafted"})
    refused: dict[str, list[list[str]]] = {}

    for name, (items, _) in WRONG_ITEMS.items():
        asked = (
            await catalog.refused("create_plan", **PRO | {"items": items}),
            await catalog.refused("update_plan", plan_key="drafted", items=items),
        )
        refused[name] = [at(each) for each in asked]

    assert refused == {name: [[field], [field]] for name, (_, field) in WRONG_ITEMS.items()}


async def test_figures_that_do_not_fit_are_refused_in_the_prices_own_words(world: World) -> None:
    catalog = await Catalog.open(world)

    refusal = await catalog.refused(
        "create_plan", **PRO | {"items": [FEE, priced(CALLS, usd=UNORDERED)]}
    )

    assert refusal.code == "tiers_unordered"
    assert refusal.facts == {"field": "items.1.prices.usd.tiers.1.up_to", "after": "10"}


WRONG_ENTITLEMENTS = {
    "a feature that is not there": ({"feature_key": "nothing"}, ["entitlements.0.feature_key"]),
    "a limit for a switch": ({"feature_key": "sso", "limit": "1"}, ["entitlements.0.limit"]),
    "a switch for a limit": (
        {"feature_key": "seats", "enabled": True},
        ["entitlements.0.enabled", "entitlements.0.limit"],
    ),
    "a part of a seat": ({"feature_key": "seats", "limit": "1.5"}, ["entitlements.0.limit"]),
    "a limit that begins anew": (
        {"feature_key": "seats", "limit": "1", "per": "month"},
        ["entitlements.0.per"],
    ),
    "a limit and none": (
        {"feature_key": "seats", "limit": "1", "unlimited": True},
        ["entitlements.0.limit"],
    ),
    "a quota without a window": ({"feature_key": "tokens", "limit": "9"}, ["entitlements.0.per"]),
    "a quota finer than is counted": (
        {"feature_key": "tokens", "limit": "0.0000001", "per": "day"},
        ["entitlements.0.limit"],
    ),
}


async def test_an_entitlement_is_refused_by_its_path(world: World) -> None:
    catalog = await Catalog.open(world)
    refused = {
        name: await catalog.refused("create_plan", **PRO | {"entitlements": [told]})
        for name, (told, _) in WRONG_ENTITLEMENTS.items()
    }

    assert {name: at(each) for name, each in refused.items()} == {
        name: fields for name, (_, fields) in WRONG_ENTITLEMENTS.items()
    }


async def test_one_feature_is_given_once(world: World) -> None:
    catalog = await Catalog.open(world)
    twice = [{"feature_key": "sso"}, {"feature_key": "sso", "enabled": False}]

    refusal = await catalog.refused("create_plan", **PRO | {"entitlements": twice})

    assert at(refusal) == ["entitlements.1.feature_key"]


async def test_publishing_names_everything_that_is_missing_at_once(world: World) -> None:
    catalog = await Catalog.open(world)
    items = [priced(FEE, usd=FLAT, eur=FLAT), CALLS, CALLS | {"key": "more", "prices": {}}]
    await catalog.must("create_plan", **PRO | {"items": items})

    refusal = await catalog.refused("publish_plan", plan_key="pro")

    assert refusal.code == "plan_not_publishable"
    assert at(refusal) == [
        "items.1.prices.eur",
        "items.2.prices.eur",
        "items.2.prices.usd",
    ]


async def test_a_meter_without_any_price_is_not_published(world: World) -> None:
    catalog = await Catalog.open(world)
    await catalog.must("create_plan", **PRO | {"items": [priced(CALLS)]})

    refusal = await catalog.refused("publish_plan", plan_key="pro")

    assert at(refusal) == ["items.0.prices"]


async def test_a_plan_that_neither_costs_nor_gives_is_not_published(world: World) -> None:
    catalog = await Catalog.open(world)
    await catalog.must("create_plan", **PRO | {"items": [], "entitlements": []})
    assert at(await catalog.refused("publish_plan", plan_key="pro")) == ["items"]

    await catalog.must("update_plan", plan_key="pro", entitlements=[{"feature_key": "sso"}])

    assert (await catalog.must("publish_plan", plan_key="pro"))["version"]["items"] == []


async def test_what_was_archived_since_it_was_drafted_is_not_published(world: World) -> None:
    catalog = await Catalog.open(world)
    quota = {"feature_key": "tokens", "limit": "9", "per": "month"}
    await catalog.must("create_plan", **PRO | {"entitlements": [*PRO["entitlements"], quota]})
    await catalog.must("archive_feature", feature_key="seats")
    m = metering.meters.c
    async with world.database.begin(OPERATOR) as work:
        for key in ("calls", "tokens"):
            archived = update(metering.meters).where(m.key == key).values(archived_at=work.now)
            await work.execute(archived)

    refusal = await catalog.refused("publish_plan", plan_key="pro")

    assert at(refusal) == [
        "items.1.meter_key",
        "entitlements.0.feature_key",
        "entitlements.1.feature_key",
    ]
    refusal = await catalog.refused("create_plan", **PRO | {"plan_key": "b", "entitlements": []})
    assert at(refusal) == ["items.1.meter_key"]
    quota_of = {"feature_key": "more", "name": "More", "kind": "quota", "meter_key": "tokens"}
    assert at(await catalog.refused("create_feature", **quota_of)) == ["meter_key"]


async def test_nothing_takes_effect_in_the_past(world: World) -> None:
    catalog = await Catalog.open(world)
    await catalog.must("create_plan", **PRO)
    before = (START - timedelta(seconds=1)).isoformat()

    refusal = await catalog.refused("publish_plan", plan_key="pro", effective_at=before)

    assert at(refusal) == ["effective_at"]


async def test_what_is_too_much_is_refused_before_it_is_read(world: World) -> None:
    catalog = await Catalog.open(world)
    items = [FEE | {"key": f"fee{n}"} for n in range(51)]
    assert at(await catalog.refused("create_plan", **PRO | {"items": items})) == ["items"]
    tiers = [{"up_to": str(n + 1), "unit": "1"} for n in range(100)] + [{"unit": "1"}]
    long = priced(CALLS, usd={"model": "graduated", "tiers": tiers})
    refusal = await catalog.refused("create_plan", **PRO | {"items": [long]})
    assert at(refusal) == ["items.0.prices.usd.tiers"]
    cell = {"price": {"model": "per_unit", "unit": "0.123456789012"}}
    cells = [{"when": {"region": f"{n:0>150}"}, **cell} for n in range(1000)]
    wide = priced(CALLS, usd=MATRIX | {"cells": cells}, eur=MATRIX | {"cells": cells})

    refusal = await catalog.refused("create_plan", **PRO | {"items": [wide]})

    assert at(refusal) == ["items"]
    assert "a plan may have 262144" in str(refusal)
    deep: dict[str, Any] = EACH
    for _ in range(30):
        deep = {"model": "credits", "per_credit": "1", "price": deep}
    refusal = await catalog.refused("create_plan", **PRO | {"items": [priced(FEE, usd=deep)]})
    assert at(refusal) == ["arguments"], "nothing that is so deep comes as far as prices"
