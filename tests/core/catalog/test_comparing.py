"""What differs between two versions, by path, what it costs, and whom it would touch."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from core import catalog
from core.db.work import Work
from tests.core.catalog.asking import CALLS, EACH, FEE, FLAT, Catalog
from tests.world import World

pytestmark = pytest.mark.anyio

DEARER = {"model": "per_unit", "unit": "0.08", "free_units": "100"}


class TwoHold(catalog.Holders):
    """Two projects hold the first version there is."""

    async def count(self, work: Work, version_ids: Sequence[str]) -> Mapping[str, int]:
        return {min(version_ids): 2}


async def test_what_a_draft_changes_is_told_by_path_with_both_prices(world: World) -> None:
    shop = await Catalog.open(world)
    await shop.sell(trial_days=14)
    support = FEE | {"key": "support", "name": "Support"}
    await shop.must(
        "update_plan",
        plan_key="pro",
        items=[CALLS | {"prices": {"usd": DEARER}}, support],
        entitlements=[],
        trial_days=7,
    )
    world.gate = replace(world.gate, given={catalog.Holders: TwoHold()})

    told = await shop.must("compare_plan_versions", plan_key="pro", from_version=1, quantity="1000")

    assert [(each["path"], each["what"]) for each in told["changes"]] == [
        ("entitlements.seats", "removed"),
        ("items.calls.prices.usd", "changed"),
        ("items.fee", "removed"),
        ("items.fee.prices.usd", "removed"),
        ("items.support", "added"),
        ("items.support.prices.usd", "added"),
        ("trial_days", "changed"),
    ]
    by_path = {each["path"]: each for each in told["changes"]}
    assert by_path["items.calls.prices.usd"] == {
        "path": "items.calls.prices.usd",
        "what": "changed",
        "before": EACH,
        "after": DEARER,
        "currency": "USD/2",
        "cost_before": "50.00",
        "cost_after": "72.00",
        "not_rated": None,
    }
    assert by_path["items.fee.prices.usd"]["cost_before"] == "20.00"
    assert by_path["items.fee.prices.usd"]["cost_after"] is None
    assert (by_path["trial_days"]["before"], by_path["trial_days"]["after"]) == (14, 7)
    assert (told["from_version"], told["to_version"], told["to_state"]) == (1, 2, "draft")
    assert (told["held_from"], told["held_to"]) == (2, 0)


async def test_another_order_is_no_difference(world: World) -> None:
    shop = await Catalog.open(world)
    await shop.sell()
    await shop.must("update_plan", plan_key="pro", items=[CALLS, FEE])

    told = await shop.must("compare_plan_versions", plan_key="pro", from_version=1)

    assert told["changes"] == []


async def test_a_price_that_asks_more_than_a_quantity_says_so(world: World) -> None:
    shop = await Catalog.open(world)
    await shop.sell()
    matrix = {
        "model": "matrix",
        "properties": ["region"],
        "cells": [{"when": {"region": "eu"}, "price": EACH}],
    }
    await shop.must("update_plan", plan_key="pro", items=[CALLS | {"prices": {"usd": matrix}}, FEE])

    told = await shop.must("compare_plan_versions", plan_key="pro", from_version=1, quantity="10")

    [change] = told["changes"]
    assert (change["cost_before"], change["cost_after"]) == (None, None)
    assert change["not_rated"].startswith("groups is missing")


async def test_versions_that_are_not_there_are_not_compared(world: World) -> None:
    shop = await Catalog.open(world)
    await shop.sell()

    same = await shop.must("compare_plan_versions", plan_key="pro", from_version=1)
    assert (same["changes"], same["to_version"], same["held_from"]) == ([], 1, 0)
    refusal = await shop.refused("compare_plan_versions", plan_key="pro", from_version=2)
    assert refusal.code == "plan_version_not_found"
    refusal = await shop.refused(
        "compare_plan_versions", shop.viewer, plan_key="pro", from_version=1
    )
    assert refusal.code == "not_allowed"
    sold = await shop.must("update_plan", plan_key="pro", items=[FEE | {"prices": {"eur": FLAT}}])
    told = await shop.must("compare_plan_versions", plan_key="pro", from_version=1, to_version=2)
    assert sold["draft"]["version"] == told["to_version"]
