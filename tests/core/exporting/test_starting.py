"""Starting an export: what it is told of the provider's meter and price, and what is refused."""

from typing import Any

import pytest

from core import jobs
from core.payments import Meter, Price, Product, ProviderRefused
from tests.core.exporting.counter import PRICED, TERMS, open_counter
from tests.core.wallets.bank import must, told
from tests.world import OPERATOR, World

pytestmark = pytest.mark.anyio


async def test_a_start_makes_a_meter_there_and_no_price_unless_there_are_tiers(
    world: World,
) -> None:
    counter = await open_counter(world)

    export = await counter.start()

    [meter] = counter.provider.all(Meter)
    assert (meter.event_name, export["provider_meter_id"]) == ("llm_tokens", meter.id)
    assert (export["sync_state"], export["provider_price_id"]) == ("synced", None)
    assert [*counter.provider.all(Price)] == []
    assert (await told(world, "usage_export.started"))[0][1]["event_name"] == "llm_tokens"


async def test_tiers_are_a_price_of_that_meter_in_the_providers_units(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = await open_counter(world)
    drafts: list[Any] = []
    save = counter.gateway.save_metered_price

    async def seen(draft: Any, *, key: str) -> Price:
        drafts.append(draft)
        return await save(draft, key=key)

    monkeypatch.setattr(counter.gateway, "save_metered_price", seen)
    export = await counter.start(**PRICED)

    [price], [product] = counter.provider.all(Price), counter.provider.all(Product)
    assert (price.meter_id, price.product_id) == (export["provider_meter_id"], product.id)
    assert export["provider_price_id"] == price.id
    [draft] = drafts
    assert [(each.up_to, each.unit, each.flat) for each in draft.tiers] == [
        (1000, "0.2", None),
        (None, "0.1", 500),
    ]
    assert export["tiers"] == [
        {"up_to": 1000, "unit_price": "0.002", "flat_price": None},
        {"up_to": None, "unit_price": "0.001", "flat_price": "5.00"},
    ]


async def test_started_twice_on_the_same_terms_it_is_started_once(world: World) -> None:
    counter = await open_counter(world)
    first = await counter.start(**PRICED)

    assert await counter.start(**PRICED) == first
    assert await counter.refused("start_usage_export", OPERATOR, **TERMS) == "usage_export_running"
    assert len(await told(world, "usage_export.started")) == 1


async def test_after_a_stop_it_may_start_on_other_terms(world: World) -> None:
    counter = await open_counter(world)
    first = await counter.start(**PRICED)
    await counter.stop()
    world.clock.advance(seconds=1)
    same = await counter.start(**PRICED)
    await counter.stop()
    other = await counter.start(event_name="other")

    assert same["provider_price_id"] == first["provider_price_id"]
    assert other["provider_meter_id"] != first["provider_meter_id"]
    assert (other["provider_price_id"], other["version"]) == (None, 5)


async def test_what_the_provider_refuses_is_shown_and_nothing_is_sent_until_it_takes_it(
    world: World,
) -> None:
    counter = await open_counter(world)
    counter.gateway.failures = [ProviderRefused("No meters for you.", "forbidden")]
    refused = await counter.start()
    assert (refused["sync_state"], refused["sync_reason"]) == ("refused", "No meters for you.")
    await counter.use("a")
    await counter.tick()
    assert await counter.states() == {}

    again = await counter.start()
    await counter.tick()

    assert again["sync_state"] == "synced"
    assert await counter.states() == {"a": "sent"}
    assert len(await told(world, "usage_export.refused")) == 1


async def test_answers_that_are_lost_make_no_second_price(world: World) -> None:
    counter = await open_counter(world)
    counter.gateway.lost_answers = 1
    waiting = await counter.start(**PRICED)
    assert waiting["sync_state"] == "waiting"
    await counter.tick(seconds=5)

    assert (await counter.export())["sync_state"] == "synced"
    assert len([*counter.provider.all(Meter)]) == 1
    assert len([*counter.provider.all(Price)]) == 1


async def test_a_provider_that_stays_away_is_shown_as_the_reason(world: World) -> None:
    counter = await open_counter(world)
    counter.gateway.away = True
    await counter.start()
    for _ in range(9):
        world.clock.advance(hours=1)
        await jobs.run_due(counter.runtime)

    export = await counter.export()
    assert export["sync_state"] == "refused"
    assert "does not answer" in export["sync_reason"]


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({"meter_key": "nothing"}, "meter_not_found"),
        ({"meter_key": "largest"}, "meter_not_exportable"),
        ({"event_name": "taken"}, "event_name_taken"),
        ({"event_name": "no spaces"}, "invalid_request"),
        ({"currency": "USD/2"}, "invalid_request"),
        ({"currency": None}, "invalid_request"),
        ({"currency": "USD/6"}, "currency_not_taken"),
        ({"currency": "XAU/2"}, "currency_not_taken"),
        ({"tiers": []}, "invalid_request"),
        ({"tiers": [{"up_to": 5, "unit_price": "1"}]}, "invalid_request"),
        ({"tiers": [{"unit_price": "1"}, {"unit_price": "2"}]}, "invalid_request"),
        ({"tiers": [{"unit_price": "-1"}]}, "invalid_request"),
        ({"tiers": [{"unit_price": "1e3"}]}, "invalid_request"),
        ({"tiers": [{"unit_price": "1", "flat_price": "0.001"}]}, "invalid_request"),
        (
            {
                "tiers": [
                    {"up_to": 5, "unit_price": "1"},
                    {"up_to": 5, "unit_price": "2"},
                    {"unit_price": "3"},
                ]
            },
            "invalid_request",
        ),
    ],
)
async def test_what_cannot_be_exported_is_refused_before_anybody_is_asked(
    world: World, sent: dict[str, Any], code: str
) -> None:
    counter = await open_counter(world)
    meter = {"name": "M", "unit": "m", "price": "0", "asset": "CREDIT/6"}
    for key, aggregation in {"largest": "max", "calls": "count"}.items():
        named = {"key": key, "aggregation": aggregation}
        await must(world, "create_meter", OPERATOR, **(meter | named))
    await counter.start(meter_key="calls", event_name="taken")
    asked = len(counter.gateway.asked)
    priced = PRICED | sent if "tiers" in sent or sent.get("currency", "") != "USD/2" else None
    call = priced or TERMS | sent

    assert await counter.refused("start_usage_export", OPERATOR, **call) == code
    assert len(counter.gateway.asked) == asked
