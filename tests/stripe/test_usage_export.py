"""The export of usage over the real adapter, the real SDK and the sandbox, each request checked."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from core.exporting import sending
from core.payments import ProviderEvent
from tests.core.exporting.counter import PRICED, Counter, open_counter
from tests.stripe.people import AtTheSandbox
from tests.world import World

pytestmark = pytest.mark.anyio


class Killed(BaseException):
    """A process that ends without a word."""


@pytest.fixture
async def people(world: World) -> AsyncIterator[AtTheSandbox]:
    there = AtTheSandbox()
    there.clock = world.clock
    yield there
    await there.close()


async def summed(people: AtTheSandbox, counter: Counter) -> float:
    """Return what the provider's meter has added up of the one customer there is."""
    meter = (await counter.export())["provider_meter_id"]
    [customer] = (await people.get("/v1/customers")).json()["data"]
    now = people.clock.now().replace(second=0, microsecond=0)
    start, end = [int((now + timedelta(days=n)).timestamp()) for n in (-34, 1)]
    query = f"customer={customer['id']}&start_time={start}&end_time={end}"
    told = (await people.get(f"/v1/billing/meters/{meter}/event_summaries?{query}")).json()
    return float(sum(each["aggregated_value"] for each in told["data"]))


async def deliver_thin(people: AtTheSandbox, counter: Counter) -> list[str]:
    """Deliver every thin event there is, and return their types."""
    listed = (await people.get("/v2/core/events")).json()["data"]
    for each in listed:
        about = each.get("related_object") or {}
        await counter.deliver(
            ProviderEvent(
                id=each["id"],
                type=each["type"],
                occurred_at=datetime.fromisoformat(each["created"]),
                live=False,
                api_version=None,
                object_type=about.get("type"),
                object_id=about.get("id"),
                payload=each,
            )
        )
    return [each["type"] for each in listed]


async def test_a_meter_and_its_tiered_price_are_made_there(
    world: World, people: AtTheSandbox
) -> None:
    counter = await open_counter(world, people.gateway)

    export = await counter.start(**PRICED)

    assert export["sync_state"] == "synced", export["sync_reason"]
    price = (await people.get(f"/v1/prices/{export['provider_price_id']}?expand[]=tiers")).json()
    assert price["recurring"]["meter"] == export["provider_meter_id"]
    assert price["billing_scheme"] == "tiered"


@pytest.mark.parametrize("many", [3, 120])
async def test_usage_is_added_up_there_once_though_answers_were_lost(
    world: World, people: AtTheSandbox, many: int
) -> None:
    counter = await open_counter(world, people.gateway)
    await counter.start()
    await counter.use(*(f"e{n}" for n in range(many)))
    people.lose_an_answer()

    for _ in range(3):
        await counter.tick()

    assert set((await counter.states()).values()) == {"sent"}
    assert await summed(people, counter) == 7 * many


async def test_who_dies_before_the_record_has_it_added_up_once(
    world: World, people: AtTheSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = await open_counter(world, people.gateway)
    await counter.start()
    await counter.use("a", "b")

    async def die(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as dying:
        dying.setattr(sending, "close", die)
        with pytest.raises(Killed):
            await counter.tick()
    await counter.tick(seconds=130)

    assert await counter.states() == {"a": "sent", "b": "sent"}
    assert await summed(people, counter) == 14


@pytest.mark.parametrize("many", [2, 9])
async def test_a_customer_that_is_gone_there_is_reported_event_by_event(
    world: World, people: AtTheSandbox, many: int
) -> None:
    counter = await open_counter(world, people.gateway)
    await counter.start()
    [customer] = (await people.get("/v1/customers")).json()["data"]
    await people.forget_customer(customer["id"])
    await counter.use(*(f"e{n}" for n in range(many)))
    await counter.tick()

    types = await deliver_thin(people, counter)

    assert set(types) == {"v1.billing.meter.error_report_triggered"}
    codes = await counter.errors()
    assert set(codes.values()) == {"meter_event_customer_not_found"}
    assert len(codes) == min(many, 5), "it names five at most"
    assert (await counter.export())["reported_errors"] == many


async def test_a_meter_that_was_archived_there_pauses_the_export(
    world: World, people: AtTheSandbox
) -> None:
    counter = await open_counter(world, people.gateway)
    export = await counter.start()
    await people.archive_meter(export["provider_meter_id"])
    await counter.use("a")
    await counter.tick()

    await deliver_thin(people, counter)

    assert await counter.errors() == {"a": "archived_meter"}
    assert (await counter.export())["paused_for"] == "archived_meter"
    again = await counter.start()
    assert (again["state"], again["sync_state"]) == ("on", "synced")
    assert again["provider_meter_id"] != export["provider_meter_id"]
