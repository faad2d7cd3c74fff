"""Prices of plans' items, as both gateways make them, tell them and compare them."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core.kernel.money import Asset, Money
from core.payments import (
    Cost,
    ItemPriceDraft,
    MeterDraft,
    MeteredPriceDraft,
    Price,
    PriceDraft,
    Product,
    ProductDraft,
    ProviderObjectMissing,
    ProviderRefused,
    ProviderUnavailable,
    Tier,
    Window,
)
from tests.stripe.people import AtTheFake, AtTheSandbox, People

pytestmark = pytest.mark.anyio

USD, JPY = Asset("USD", 2), Asset("JPY", 0)
MONTHLY: dict[str, Any] = {"asset": USD, "interval": "month"}
TIERS = (Tier(up_to=1000, unit="0.25", flat=100), Tier(up_to=None, unit="0.1"))
COSTS = {
    "a fixed fee": Cost(unit="3000", **MONTHLY),
    "nothing": Cost(unit="0", **MONTHLY),
    "a fine price of each": Cost(unit="0.000000000125", **MONTHLY),
    "yen, once": Cost(asset=JPY, unit="500"),
    "every third year": Cost(asset=USD, unit="1", interval="year", interval_count=3),
    "packages": Cost(unit="1500", package=10, **MONTHLY),
    "graduated": Cost(tiers=TIERS, mode="graduated", **MONTHLY),
    "volume": Cost(tiers=TIERS, mode="volume", **MONTHLY),
    "only a flat tier": Cost(tiers=(Tier(up_to=None, flat=900),), mode="volume", **MONTHLY),
}


@pytest.fixture(params=[AtTheFake, AtTheSandbox], ids=["fake", "sandbox"])
async def people(request: pytest.FixtureRequest) -> AsyncIterator[People]:
    people: People = request.param()
    yield people
    await people.close()


async def product(people: People | AtTheSandbox) -> Product:
    return await people.gateway.save_product(ProductDraft(name="Pro"), key="prod")


async def priced(people: People | AtTheSandbox, cost: Cost, key: str = "price") -> Price:
    draft = ItemPriceDraft(
        product_id=(await product(people)).id,
        cost=cost,
        name="Pro v1 seats (usd)",
        metadata={"price_id": key},
    )
    return await people.gateway.save_item_price(draft, key=key)


async def told(people: People, product_id: str) -> list[Price]:
    return [each async for each in people.gateway.prices_of(product_id)]


@pytest.mark.parametrize("cost", COSTS.values(), ids=COSTS)
async def test_what_an_item_costs_is_told_as_it_was_asked_for(people: People, cost: Cost) -> None:
    price = await priced(people, cost)

    assert (price.cost, price.active, price.metadata) == (cost, True, {"price_id": "price"})
    assert price.recurring == (cost.interval is not None)
    assert await people.gateway.read_price(price.id) == price
    assert await told(people, price.product_id) == [price]


@pytest.mark.parametrize("cost", [COSTS["graduated"], Cost(unit="0.5", **MONTHLY)])
async def test_what_a_meter_counts_is_priced_by_unit_and_by_tier(
    people: People, cost: Cost
) -> None:
    meter = await people.gateway.save_meter(MeterDraft(name="T", event_name="tokens"), key="m")

    price = await priced(people, replace(cost, meter_id=meter.id))

    assert (price.meter_id, price.cost) == (meter.id, replace(cost, meter_id=meter.id))


async def test_a_metered_price_is_told_with_what_it_costs(people: People) -> None:
    meter = await people.gateway.save_meter(MeterDraft(name="T", event_name="tokens"), key="m")
    shelf = await product(people)
    draft = MeteredPriceDraft(product_id=shelf.id, meter_id=meter.id, asset=USD, tiers=TIERS)

    price = await people.gateway.save_metered_price(draft, key="price")

    assert price.cost == replace(COSTS["graduated"], meter_id=meter.id)
    assert (price.meter_id, price.unit, price.recurring) == (meter.id, None, True)


async def test_a_price_of_one_purchase_tells_what_it_costs_too(people: People) -> None:
    draft = PriceDraft(product_id=(await product(people)).id, unit=Money(1000, USD))

    assert (await people.gateway.save_price(draft, key="prc")).cost == Cost(asset=USD, unit="1000")


async def test_a_price_whose_answer_was_lost_is_made_once(people: People) -> None:
    shelf = await product(people)
    people.lose_an_answer()
    draft = ItemPriceDraft(product_id=shelf.id, cost=COSTS["graduated"])
    with pytest.raises(ProviderUnavailable):
        await people.gateway.save_item_price(draft, key="price")

    price = await people.gateway.save_item_price(draft, key="price")

    assert await told(people, shelf.id) == [price]


async def test_archived_prices_are_told_after_those_for_sale_and_can_be_restored(
    people: People,
) -> None:
    gateway = people.gateway
    first = await priced(people, COSTS["graduated"], "1")
    second = await priced(people, COSTS["a fixed fee"], "2")
    await gateway.archive_price(second.id, key="off")

    listed = await told(people, first.product_id)

    assert [(each.id, each.active) for each in listed] == [(first.id, True), (second.id, False)]
    assert await gateway.restore_price(second.id, key="on") == second
    assert await gateway.restore_price(second.id, key="on again") == second


async def test_products_are_read_and_told_by_when_they_were_made(people: People) -> None:
    made, now = await product(people), people.clock.now()
    hour = timedelta(hours=1)

    found = [each async for each in people.gateway.products_in(Window(start=now, end=now + hour))]
    before = [each async for each in people.gateway.products_in(Window(start=now - hour, end=now))]

    assert (await people.gateway.read_product(made.id), found, before) == (made, [made], [])
    with pytest.raises(ProviderObjectMissing):
        await people.gateway.read_product("prod_of_nobody")
    with pytest.raises(ProviderObjectMissing):
        await people.gateway.read_price("price_of_nobody")
    assert await told(people, "prod_of_nobody") == []


# -- What only the wire shows --------------------------------------------------------------------


@pytest.fixture
async def there() -> AsyncIterator[AtTheSandbox]:
    there = AtTheSandbox()
    yield there
    await there.close()


async def test_the_sandbox_shapes_a_tiered_price_as_stripe_does(there: AtTheSandbox) -> None:
    price = await priced(there, COSTS["graduated"])

    plain = (await there.get(f"/v1/prices/{price.id}")).json()
    whole = (await there.get(f"/v1/prices/{price.id}?expand[]=tiers")).json()
    events = (await there.get("/v1/events?type=price.created")).json()["data"]

    assert "tiers" not in plain
    assert "tiers" not in events[0]["data"]["object"]
    assert whole["tiers"] == [
        {
            "flat_amount": 100,
            "flat_amount_decimal": "100",
            "unit_amount": None,
            "unit_amount_decimal": "0.25",
            "up_to": 1000,
        },
        {
            "flat_amount": None,
            "flat_amount_decimal": None,
            "unit_amount": None,
            "unit_amount_decimal": "0.1",
            "up_to": None,
        },
    ]
    assert {name: whole[name] for name in ("billing_scheme", "tiers_mode", "type")} == {
        "billing_scheme": "tiered",
        "tiers_mode": "graduated",
        "type": "recurring",
    }
    assert (whole["unit_amount"], whole["unit_amount_decimal"]) == (None, None)
    assert whole["recurring"] == {
        "interval": "month",
        "interval_count": 1,
        "meter": None,
        "trial_period_days": None,
        "usage_type": "licensed",
    }


async def test_an_event_that_leaves_tiers_out_says_nothing_of_what_it_costs(
    there: AtTheSandbox,
) -> None:
    await priced(there, COSTS["graduated"])
    [event] = [each async for each in there.gateway.events_since(None, types=["price.created"])]

    seen = there.gateway.seen(event.snapshot or {})

    assert isinstance(seen, Price)
    assert seen.cost is None


@pytest.mark.parametrize(
    ("cost", "param"),
    [
        (Cost(asset=USD, tiers=TIERS, mode="volume"), "tiers"),
        (Cost(tiers=TIERS, **MONTHLY), "tiers_mode"),
        (Cost(tiers=TIERS[:1], mode="volume", **MONTHLY), "tiers[0][up_to]"),
        (Cost(tiers=TIERS[::-1], mode="volume", **MONTHLY), "tiers[0][up_to]"),
        (
            Cost(tiers=(TIERS[0], TIERS[0], TIERS[1]), mode="volume", **MONTHLY),
            "tiers[1][up_to]",
        ),
        (Cost(unit="0.0000000000001", **MONTHLY), "unit_amount_decimal"),
        (Cost(unit="-1", **MONTHLY), "unit_amount"),
        (Cost(unit="1", asset=USD, interval="month", interval_count=37), "recurring"),
        (Cost(unit="1", meter_id="mtr_of_nobody", **MONTHLY), None),
    ],
)
async def test_the_sandbox_refuses_what_stripe_refuses(
    there: AtTheSandbox, cost: Cost, param: str | None
) -> None:
    refusal: Any = ProviderObjectMissing if cost.meter_id else ProviderRefused
    with pytest.raises(refusal) as raised:
        await priced(there, cost)

    if param:
        assert raised.value.param.startswith(param)
