"""Published plans stand on the provider's shelf, once, whatever happens on the way there."""

from datetime import timedelta
from typing import Any

import pytest

from core import payments
from core.kernel.money import Asset
from core.payments import ProviderFailed, ProviderRefused
from tests.core.shelving.shelf import TIERS, Market, calls, fee, open_market
from tests.core.wallets.bank import told
from tests.world import World

pytestmark = pytest.mark.anyio

USD = Asset("USD", 2)
MATRIX: dict[str, Any] = {
    "model": "matrix",
    "properties": ["region"],
    "cells": [],
    "otherwise": {"model": "per_unit", "unit": "1"},
}


async def test_a_published_plan_is_a_product_there_with_a_price_for_each_of_its_prices(
    world: World,
) -> None:
    market = await open_market(world)

    await market.publish(fee("20", eur="18"))

    sync = await market.sync()
    [product] = market.provider.all(payments.Product)
    assert (sync["state"], sync["reason"], sync["product_id"]) == ("synced", None, product.id)
    assert await market.states() == {"fee usd 1": "synced", "fee eur 1": "synced"}
    assert (product.name, product.metadata["plan_key"]) == ("Pro", "pro")
    assert sorted(market.there()) == [("fee eur", "1800", True), ("fee usd", "2000", True)]


async def test_usage_is_priced_by_a_meter_of_the_providers_own(world: World) -> None:
    market = await open_market(world)

    await market.publish(calls())

    [meter] = market.provider.all(payments.Meter)
    [price] = market.provider.all(payments.Price)
    assert meter.event_name == "calls"
    assert price.cost == payments.Cost(asset=USD, unit="0.5", interval="month", meter_id=meter.id)


async def test_a_meter_that_is_exported_is_priced_under_the_name_it_has_there(
    world: World,
) -> None:
    market = await open_market(world)
    await market.must("start_usage_export", meter_key="calls", event_name="api_calls")

    await market.publish(calls())

    [meter] = market.provider.all(payments.Meter)
    assert meter.event_name == "api_calls"


async def test_another_version_has_its_prices_there_before_those_of_the_other_are_archived(
    world: World,
) -> None:
    market = await open_market(world)
    await market.publish(fee("20"), calls(TIERS))
    market.gateway.asked.clear()

    await market.publish(fee("25"), calls(TIERS))

    assert market.products() == [("Pro", True)], "a plan is one product"
    assert sorted(market.there()) == [
        ("calls usd", "tiers", False),
        ("calls usd", "tiers", True),
        ("fee usd", "2000", False),
        ("fee usd", "2500", True),
    ]
    made = [name for name, _ in market.gateway.asked if name.endswith("_price")]
    assert made == ["save_item_price"] * 2 + ["archive_price"] * 2
    assert await market.states() == {"calls usd 2": "synced", "fee usd 2": "synced"}
    assert await market.states(version=1) == {"calls usd 1": "archived", "fee usd 1": "archived"}


async def test_a_version_of_later_is_there_before_it_takes_effect_and_then_alone(
    world: World,
) -> None:
    market = await open_market(world)
    await market.publish(fee("20"))
    in_a_week = world.clock.now() + timedelta(days=7)

    await market.publish(fee("25"), effective_at=in_a_week)

    assert market.there() == [("fee usd", "2000", True), ("fee usd", "2500", True)]
    world.clock.advance(days=6)
    await market.work()
    assert market.there() == [("fee usd", "2000", True), ("fee usd", "2500", True)]
    world.clock.advance(days=1)
    await market.work()
    assert market.there() == [("fee usd", "2000", False), ("fee usd", "2500", True)]


async def test_an_archived_plan_is_sold_nowhere(world: World) -> None:
    market = await open_market(world)
    await market.publish(fee("20"))

    await market.archive()

    assert market.products() == [("Pro", False)]
    assert market.there() == [("fee usd", "2000", False)]
    assert (await market.sync())["state"] == "synced"


async def test_what_the_provider_has_no_words_for_is_named_and_not_approximated(
    world: World,
) -> None:
    market = await open_market(world)

    await market.publish(fee("20"), calls(MATRIX))

    sync = await market.sync()
    by_us, there = sync["prices"]
    assert (by_us["item_key"], by_us["state"], by_us["price_id"]) == ("calls", "billed_by_us", None)
    assert by_us["reason"] == "the provider has no price of model matrix"
    assert (there["item_key"], there["state"]) == ("fee", "synced")
    assert sync["state"] == "synced"
    assert market.there() == [("fee usd", "2000", True)]


async def test_a_plan_renamed_is_renamed_there(world: World) -> None:
    market = await open_market(world)
    await market.publish(fee("20"))
    before = (await market.sync())["revision"]

    await market.rename("Professional")

    assert market.products() == [("Professional", True)]
    assert (await market.sync())["revision"] == before + 1
    await market.shop.change("pro", trial_days=7)
    await market.work()
    assert (await market.sync())["revision"] == before + 1, "a draft is nothing that is sold"


# -- When it does not go well ----------------------------------------------------------------------


async def test_a_refusal_keeps_its_reason_and_what_was_sold_before(world: World) -> None:
    market = await open_market(world)
    await market.publish(fee("20"))
    market.gateway.refuses["save_item_price"] = ProviderRefused(reason="No such tax.", param="tax")

    await market.publish(fee("25"))

    sync = await market.sync()
    assert sync["state"] == "refused"
    assert sync["reason"] == "items.fee.prices.usd (version 2): No such tax."
    assert await market.states() == {"fee usd 2": "refused", "fee usd 1": "synced"}
    assert market.there() == [("fee usd", "2000", True)], "what is sold has a price there"
    facts = {"plan_key": "pro", "reason": sync["reason"]}
    assert await told(world, "plan.refused") == [("plan.refused", facts)]

    market.gateway.refuses.clear()
    again = await market.must("resync_plan", plan_key="pro")
    assert (again["state"], again["reason"]) == ("synced", None)
    assert market.there() == [("fee usd", "2000", False), ("fee usd", "2500", True)]


async def test_an_outage_is_tried_again_and_given_up_until_the_next_day(world: World) -> None:
    market = await open_market(world)
    market.gateway.away = True
    await market.publish(fee("20"))
    assert (await market.sync())["state"] == "waiting"

    await market.try_later()

    sync = await market.sync()
    assert sync["state"] == "refused"
    assert "does not answer" in sync["reason"]
    market.gateway.away = False
    await market.daily()
    assert (await market.sync())["state"] == "synced"
    assert market.there() == [("fee usd", "2000", True)]


@pytest.mark.parametrize("lost_after", range(3))
async def test_an_answer_that_was_lost_makes_nothing_twice(world: World, lost_after: int) -> None:
    market = await open_market(world)
    market.gateway.lose_after = lost_after

    await market.publish(fee("20"), calls())
    assert (await market.sync())["state"] == "waiting"
    await market.try_later()

    assert (await market.sync())["state"] == "synced"
    assert market.products() == [("Pro", True)]
    assert sorted(market.there()) == [("calls usd", "0.5", True), ("fee usd", "2000", True)]


@pytest.mark.parametrize("lost_after", range(3))
async def test_nothing_is_made_twice_though_the_provider_forgot_the_keys(
    world: World, lost_after: int
) -> None:
    market = await open_market(world)
    market.gateway.lose_after = lost_after
    await market.publish(fee("20"), calls())

    market.gateway.forget_keys()
    world.clock.advance(days=1)
    await market.work()

    assert (await market.sync())["state"] == "synced"
    assert market.products() == [("Pro", True)]
    assert sorted(market.there()) == [("calls usd", "0.5", True), ("fee usd", "2000", True)]


async def test_what_failed_under_a_key_is_asked_for_under_another(world: World) -> None:
    market = await open_market(world)
    market.gateway.refuses["save_product"] = ProviderFailed()
    await market.publish(fee("20"))
    market.gateway.refuses = {"save_item_price": ProviderFailed()}
    world.clock.advance(hours=1)
    await market.work()
    market.gateway.refuses = {}
    await market.try_later()

    assert (await market.sync())["state"] == "synced"
    keys = [key for name, key in market.gateway.asked if name == "save_item_price"]
    assert len(set(keys)) == len(keys) == 2
    assert market.there() == [("fee usd", "2000", True)]


async def test_a_product_that_was_deleted_there_is_made_again_with_its_prices(
    world: World,
) -> None:
    market = await open_market(world)
    await market.publish(fee("20"))
    market.provider.kept.clear()

    await market.must("resync_plan", plan_key="pro")
    await market.try_later()

    assert (await market.sync())["state"] == "synced"
    assert market.products() == [("Pro", True)]
    assert market.there() == [("fee usd", "2000", True)]


async def test_a_revision_that_was_overtaken_tells_nobody_anything(world: World) -> None:
    market = await open_market(world)
    market.gateway.away = True
    await market.publish(fee("20"))
    await market.publish(fee("25"))
    market.gateway.away = False

    await market.try_later()

    assert (await market.sync())["revision"] == 2
    assert market.there() == [("fee usd", "2500", True)], "what nobody was sold was never there"


async def test_a_plan_that_was_never_published_is_nothing_to_the_provider(world: World) -> None:
    market = await open_market(world)
    await market.shop.plan("pro", [fee("20")])

    for name in ("get_plan_sync", "resync_plan"):
        outcome = await market.ask(name, plan_key="pro")
        assert outcome.error is not None
        assert outcome.error.code == "plan_not_published"
    assert market.products() == []


async def test_a_plan_is_waiting_until_its_publication_was_heard(world: World) -> None:
    market = await open_market(world)
    await market.shop.plan("pro", [fee("20")])
    await market.shop.publish("pro")

    sync = await market.sync()

    assert (sync["state"], sync["revision"], sync["prices"]) == ("waiting", 0, [])


async def test_a_publication_that_nobody_heard_is_made_up_for_within_a_day(
    world: World,
) -> None:
    market: Market = await open_market(world)
    await market.shop.plan("pro", [fee("20")])
    await market.shop.publish("pro")

    await market.daily(hear=False)

    assert (await market.sync())["state"] == "synced"
