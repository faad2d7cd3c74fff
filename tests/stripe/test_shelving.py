"""Plans at the stand-in for Stripe: each request and each answer is held to its types."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from core import inbox, payments
from core.kernel.caller import SYSTEM
from core.kernel.money import Asset
from core.payments import Cost, Tier
from tests.core.catalog.shop import Shop
from tests.core.checkouts.shop import delivery_of
from tests.core.shelving.shelf import CALLS, TIERS, Market, fee
from tests.stripe.people import AtTheSandbox
from tests.world import World

pytestmark = pytest.mark.anyio

USD, EUR = Asset("USD", 2), Asset("EUR", 2)
PACKAGES = {"model": "package", "amount": "1.50", "size": "1000"}
BY_CALLS = CALLS | {"prices": {"usd": TIERS, "eur": PACKAGES}}
MONTHLY: dict[str, Any] = {"interval": "month"}


@pytest.fixture
async def there(world: World) -> AsyncIterator[AtTheSandbox]:
    there = AtTheSandbox()
    there.clock = world.clock
    yield there
    await there.close()


async def open_market(world: World, there: AtTheSandbox) -> Market:
    gateway: Any = there.gateway
    return Market(world, await Shop.open(world), gateway)


async def hear(market: Market, there: AtTheSandbox) -> None:
    """Deliver everything that was told, and handle what is new of it."""
    async for event in there.gateway.events_since(None):
        async with market.world.database.begin(SYSTEM) as work:
            await inbox.store(work, [delivery_of(event)])
    await market.work()


async def prices(market: Market, there: AtTheSandbox) -> list[payments.Price]:
    product_id = (await market.sync())["product_id"]
    return [each async for each in there.gateway.prices_of(product_id)]


async def test_a_plan_stands_there_with_recurring_tiered_and_metered_prices(
    world: World, there: AtTheSandbox
) -> None:
    market = await open_market(world, there)

    await market.publish(fee("20", eur="18.50"), BY_CALLS)
    await hear(market, there)

    assert (await market.sync())["state"] == "synced", "our own changes are no drift"
    found = {
        (each.metadata["item_key"], each.metadata["book_key"]): each
        for each in await prices(market, there)
    }
    [meter] = {each.meter_id for each in found.values() if each.meter_id}
    tiers = (Tier(up_to=10, unit="50", flat=200), Tier(up_to=None, unit="30"))
    assert {place: each.cost for place, each in found.items()} == {
        ("fee", "usd"): Cost(asset=USD, unit="2000", **MONTHLY),
        ("fee", "eur"): Cost(asset=EUR, unit="1850", **MONTHLY),
        ("calls", "usd"): Cost(asset=USD, tiers=tiers, mode="graduated", meter_id=meter, **MONTHLY),
        ("calls", "eur"): Cost(asset=EUR, unit="150", package=1000, meter_id=meter, **MONTHLY),
    }


async def test_a_later_version_and_the_end_of_a_plan_archive_what_was_there(
    world: World, there: AtTheSandbox
) -> None:
    market = await open_market(world, there)
    await market.publish(fee("20"))
    await market.publish(fee("25"))

    told = [(each.metadata["version"], each.active) for each in await prices(market, there)]
    await market.archive()

    assert told == [("2", True), ("1", False)]
    assert [each.active for each in await prices(market, there)] == [False, False]
    product = await there.gateway.read_product((await market.sync())["product_id"])
    assert not product.active


async def test_a_change_there_is_heard_though_its_event_leaves_tiers_out(
    world: World, there: AtTheSandbox
) -> None:
    market = await open_market(world, there)
    await market.publish(fee("20", eur="18.50"), BY_CALLS)
    await hear(market, there)
    world.clock.advance(seconds=5)
    tiered = next(each for each in await prices(market, there) if each.unit is None)

    await there.gateway.archive_price(tiered.id, key="by somebody else")
    await hear(market, there)

    drifted = "items.calls.prices.usd (version 1): it was archived there"
    assert (await market.sync())["reason"] == drifted
    assert (await market.must("resync_plan", plan_key="pro"))["state"] == "synced"
    assert all(each.active for each in await prices(market, there))


async def test_an_answer_that_was_lost_on_the_wire_makes_nothing_twice(
    world: World, there: AtTheSandbox
) -> None:
    market = await open_market(world, there)
    there.lose_an_answer()

    await market.publish(fee("20"))
    assert (await market.sync())["state"] == "waiting"
    world.clock.advance(hours=1)
    await market.work()

    assert (await market.sync())["state"] == "synced"
    now = world.clock.now()
    whole = payments.Window(start=now.replace(year=2000), end=now.replace(year=2100))
    assert len([each async for each in there.gateway.products_in(whole)]) == 1
    assert len(await prices(market, there)) == 1
