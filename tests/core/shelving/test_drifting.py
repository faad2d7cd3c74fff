"""Whoever changes a plan at the provider drifts, is named, and is put right when asked for."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from core import payments
from core.payments import Price, Product
from tests.core.shelving.shelf import TIERS, Market, calls, fee, open_market
from tests.core.wallets.bank import told
from tests.world import World

pytestmark = pytest.mark.anyio


def renamed(market: Market) -> None:
    [product] = market.provider.all(Product)
    market.provider.keep(replace(product, name="Another"), "product.updated")


def product_archived(market: Market) -> None:
    [product] = market.provider.all(Product)
    market.provider.keep(replace(product, active=False), "product.updated")


def product_deleted(market: Market) -> None:
    [product] = market.provider.all(Product)
    market.provider.keep(product, "product.deleted")
    del market.provider.kept[product.id]


def price_of(market: Market, item: str = "fee") -> Price:
    return next(each for each in market.provider.all(Price) if each.metadata["item_key"] == item)


def price_archived(market: Market) -> None:
    market.provider.keep(replace(price_of(market), active=False), "price.updated")


def price_deleted(market: Market) -> None:
    price = price_of(market)
    market.provider.keep(price, "price.deleted")
    del market.provider.kept[price.id]


def another_amount(market: Market) -> None:
    price = price_of(market)
    assert price.cost
    dearer = replace(price, cost=replace(price.cost, unit="9900", interval="year"))
    market.provider.keep(dearer, "price.updated")


def other_tiers(market: Market) -> None:
    price = price_of(market, "calls")
    assert price.cost
    first, last = price.cost.tiers
    tiers = (replace(first, up_to=20, flat=None), last)
    market.provider.keep(replace(price, cost=replace(price.cost, tiers=tiers)), "price.updated")


def fewer_tiers(market: Market) -> None:
    price = price_of(market, "calls")
    assert price.cost
    cost = replace(price.cost, tiers=price.cost.tiers[1:])
    market.provider.keep(replace(price, cost=cost), "price.updated")


FEE, CALLS = "items.fee.prices.usd (version 1): ", "items.calls.prices.usd (version 1): "
DRIFTS: dict[str, tuple[Callable[[Market], None], str]] = {
    "renamed": (renamed, "its product: its name there is 'Another'"),
    "product archived": (product_archived, "its product: it was archived there"),
    "product deleted": (product_deleted, "its product: it was deleted there"),
    "price archived": (price_archived, FEE + "it was archived there"),
    "price deleted": (price_deleted, FEE + "it was deleted there"),
    "amount": (
        another_amount,
        FEE + "its unit there is 9900, and 2000 here; its interval there is year, and month here",
    ),
    "tiers": (
        other_tiers,
        CALLS + "its tiers.0.up_to there is 20, and 10 here;"
        " its tiers.0.flat there is nothing, and 200 here",
    ),
    "fewer tiers": (fewer_tiers, CALLS + "it has 1 tiers there, and 2 here"),
}


async def sold(world: World) -> Market:
    market = await open_market(world)
    await market.publish(fee("20"), calls(TIERS))
    await market.hear()
    assert (await market.sync())["state"] == "synced", "our own changes are no drift"
    return market


@pytest.mark.parametrize(("change", "reason"), DRIFTS.values(), ids=DRIFTS)
async def test_a_change_there_is_heard_and_named(
    world: World, change: Callable[[Market], None], reason: str
) -> None:
    market = await sold(world)
    world.clock.advance(seconds=5)
    change(market)

    await market.hear()

    sync = await market.sync()
    assert (sync["state"], sync["reason"]) == ("drifted", reason)
    facts = {"plan_key": "pro", "reason": reason}
    assert await told(world, "plan.drifted") == [("plan.drifted", facts)]


@pytest.mark.parametrize(("change", "reason"), DRIFTS.values(), ids=DRIFTS)
async def test_a_change_that_nobody_told_of_is_found_within_a_day(
    world: World, change: Callable[[Market], None], reason: str
) -> None:
    market = await sold(world)
    change(market)

    await market.daily()

    sync = await market.sync()
    assert sync["state"] == "drifted"
    assert reason in sync["reason"]
    assert sync["checked_at"]


async def test_what_was_changed_back_is_no_drift_any_more(world: World) -> None:
    market = await sold(world)
    world.clock.advance(seconds=5)
    price_archived(market)
    renamed(market)
    await market.hear()
    assert (await market.states())["fee usd 1"] == "drifted"

    world.clock.advance(seconds=5)
    [product] = market.provider.all(Product)
    market.provider.keep(replace(product, name="Pro"), "product.updated")
    market.provider.keep(replace(price_of(market), active=True), "price.updated")
    await market.hear()

    assert (await market.sync())["state"] == "synced"


@pytest.mark.parametrize(
    "change", [renamed, product_archived, price_archived, price_deleted, another_amount]
)
async def test_what_drifted_is_put_right_when_asked_for(
    world: World, change: Callable[[Market], None]
) -> None:
    market = await sold(world)
    change(market)
    await market.daily()
    assert (await market.sync())["state"] == "drifted"

    sync = await market.must("resync_plan", plan_key="pro")

    assert (sync["state"], sync["reason"]) == ("synced", None)
    assert market.products() == [("Pro", True)]
    on_sale = {name: unit for name, unit, active in market.there() if active}
    assert on_sale == {"fee usd": "2000", "calls usd": "tiers"}
    await market.daily()
    assert (await market.sync())["state"] == "synced"


async def test_what_is_sold_there_again_after_we_stopped_is_drift_too(world: World) -> None:
    market = await sold(world)
    old = price_of(market)
    await market.publish(fee("25"))
    world.clock.advance(seconds=5)
    market.provider.keep(replace(old, active=True), "price.updated")

    await market.hear()

    sync = await market.sync()
    assert sync["reason"] == FEE + "it is active there, and archived here"
    await market.must("resync_plan", plan_key="pro")
    assert [each for each in market.there() if each[2]] == [("fee usd", "2500", True)]
    assert (await market.sync())["state"] == "synced"


async def test_packs_and_plans_hear_of_their_own_and_of_nothing_else(world: World) -> None:
    market = await sold(world)
    draft = payments.ProductDraft(name="Somebody's own", metadata={})
    strange = await market.gateway.save_product(draft, key="strange")
    market.provider.keep(replace(strange, name="Renamed"), "product.updated")

    await market.hear()

    assert (await market.sync())["state"] == "synced"
    assert await told(world, "plan.drifted") == []


async def test_a_meter_that_was_taken_away_there_is_made_again_with_a_price_of_its_own(
    world: World,
) -> None:
    market = await sold(world)
    [meter] = market.provider.all(payments.Meter)
    del market.provider.kept[meter.id]

    await market.must("resync_plan", plan_key="pro")

    [other] = market.provider.all(payments.Meter)
    assert sorted(market.there()) == [
        ("calls usd", "tiers", False),
        ("calls usd", "tiers", True),
        ("fee usd", "2000", True),
    ]
    on_sale = [each for each in market.provider.all(Price) if each.active and each.meter_id]
    assert [each.meter_id for each in on_sale] == [other.id]


async def test_what_the_provider_is_still_to_be_told_of_is_no_drift(world: World) -> None:
    market = await sold(world)
    market.gateway.refuses["save_product"] = payments.ProviderUnavailable()
    await market.rename("Professional")
    world.clock.advance(seconds=1)
    [product] = market.provider.all(Product)
    market.provider.keep(product, "product.updated")

    await market.hear()

    assert await told(world, "plan.drifted") == []
    market.gateway.refuses.clear()
    await market.try_later()
    assert market.products() == [("Professional", True)]
    assert (await market.sync())["state"] == "synced"
