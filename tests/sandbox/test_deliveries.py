"""Webhooks arrive signed, and as badly as the switches say."""

import asyncio
import json
from collections import Counter
from typing import Any

import pytest
import stripe

from tests.sandbox.conftest import OLD_SECRET, SECRET, THIN_SECRET, Heard, Place

pytestmark = pytest.mark.anyio

verify: Any = stripe.WebhookSignature.verify_header


async def arrived(place: Place, count: int) -> list[Heard]:
    """Wait until so many webhooks have arrived, and none is under way."""
    async with asyncio.timeout(20):
        while len(place.ears.heard) < count:  # noqa: ASYNC110 - the ears tell nobody
            await asyncio.sleep(0.01)
    await place.deliverer.deliver_all()
    return place.ears.heard


def events(heard: list[Heard]) -> list[Any]:
    return [json.loads(each.body) for each in heard]


async def test_an_event_arrives_as_the_sdk_expects_it(place: Place) -> None:
    customer = await place.customer()
    heard = (await arrived(place, 1))[0]
    event = place.stripe.construct_event(heard.body, heard.signature, SECRET)

    assert heard.path == "/stripe/webhook"
    assert (event.type, event.api_version) == ("customer.created", "2026-10-28.endive")
    assert event.data.object["id"] == customer.id
    assert event.request
    assert event.request.id == customer.last_response.request_id


async def test_while_a_secret_is_replaced_both_verify(place: Place) -> None:
    await place.customer()
    heard = (await arrived(place, 1))[0]

    assert verify(heard.body, heard.signature, SECRET, 300)
    assert verify(heard.body, heard.signature, OLD_SECRET, 300)
    with pytest.raises(stripe.SignatureVerificationError):
        verify(heard.body, heard.signature, THIN_SECRET, 300)


async def test_what_was_not_taken_is_sent_again_with_growing_patience(place: Place) -> None:
    place.ears.answers = [500, 302, 404]
    await place.customer()
    heard = await arrived(place, 1)
    counts = [len(heard)]
    for seconds in (1.5, 0.6, 3.5, 0.6, 8.1):
        place.clock.advance(seconds=seconds)
        await place.deliverer.deliver_all()
        counts.append(len(heard))

    assert counts == [1, 1, 2, 2, 3, 4]
    assert len({each.body for each in heard}) == 1
    place.clock.advance(days=1)
    await place.deliverer.deliver_all()
    assert len(heard) == 4


async def test_what_nobody_takes_is_given_up_and_listed_as_undelivered(place: Place) -> None:
    place.ears.answers = [500] * 100
    await place.customer()
    for _ in range(20):
        place.clock.advance(hours=2)
        await place.deliverer.deliver_all()
    missed = await place.v1.events.list_async({"delivery_success": False})
    place.ears.answers = []
    await place.v1.products.create_async({"name": "Pack"})
    await arrived(place, 17)

    assert [each.type for each in missed.data] == ["customer.created"]
    assert missed.data[0].pending_webhooks == 0
    assert len(place.ears.heard) == 17
    found = await place.v1.events.list_async({"delivery_success": True})
    assert [each.type for each in found.data] == ["product.created"]


async def test_copies_are_delivered(place: Place) -> None:
    place.sandbox.switch(duplicates=2)
    await place.customer()
    heard = await arrived(place, 3)

    assert len(heard) == 3
    assert len({event["id"] for event in events(heard)}) == 1


async def test_deliveries_are_delayed(place: Place) -> None:
    place.sandbox.switch(delay_seconds=3600)
    await place.customer()
    await place.deliverer.deliver_all()
    before = len(place.ears.heard)
    place.clock.advance(seconds=3601)
    await arrived(place, 1)

    assert before == 0


async def test_deliveries_are_held_back_until_they_are_let_go(place: Place) -> None:
    place.sandbox.switch(webhooks_held=True)
    await place.customer()
    await place.deliverer.deliver_all()
    before = len(place.ears.heard)
    place.sandbox.switch(webhooks_held=False)
    await arrived(place, 1)

    assert before == 0


async def test_deliveries_come_out_of_order(place: Place) -> None:
    place.sandbox.switch(reorder=True, webhooks_held=True)
    for _ in range(30):
        await place.customer()
    made = [each.id for each in (await place.v1.events.list_async({"limit": 100})).data][::-1]
    place.sandbox.switch(webhooks_held=False)
    place.clock.advance(seconds=3)
    heard = [event["id"] for event in events(await arrived(place, 30))]

    assert sorted(heard) == sorted(made)
    assert heard != made


async def test_a_corrupted_delivery_does_not_verify_and_comes_whole_later(place: Place) -> None:
    place.sandbox.switch(corrupt_every=1)
    place.ears.answers = [400]
    await place.customer()
    first = (await arrived(place, 1))[0]
    place.clock.advance(seconds=3)
    second = (await arrived(place, 2))[1]
    differs = Counter(
        (one ^ other).bit_count() for one, other in zip(first.body, second.body, strict=True)
    )

    assert differs == {0: len(first.body) - 1, 1: 1}
    with pytest.raises(stripe.SignatureVerificationError):
        verify(first.body, first.signature, SECRET, 300)
    assert verify(second.body, second.signature, SECRET, 300)


async def test_a_delivery_is_signed_by_everybodys_clock(place: Place) -> None:
    place.sandbox.advance(30 * 86_400)
    await place.customer()
    heard = (await arrived(place, 1))[0]
    event = place.stripe.construct_event(heard.body, heard.signature, SECRET, 300)

    signed_at = int(heard.signature.partition(",")[0].removeprefix("t="))
    assert abs(signed_at - place.clock()) < 60
    assert event.created >= place.clock() + 30 * 86_400 - 60


async def test_an_endpoint_hears_what_it_asked_for(place: Place) -> None:
    asked = {"url": "http://app.internal/second", "enabled_events": ["product.created"]}
    made = await place.v1.webhook_endpoints.create_async(asked)
    await place.customer()
    await place.v1.products.create_async({"name": "Pack"})
    heard = await arrived(place, 3)
    second = [each for each in heard if each.path == "/second"]

    assert [event["type"] for event in events(second)] == ["product.created"]
    assert verify(second[0].body, second[0].signature, made.secret, 300)
    found = await place.v1.webhook_endpoints.retrieve_async(made.id)
    assert "secret" not in found.to_dict()


async def test_a_disabled_or_deleted_endpoint_hears_nothing(place: Place) -> None:
    asked = {"url": "http://app.internal/second", "enabled_events": ["*"]}
    off = await place.v1.webhook_endpoints.create_async(asked)
    gone = await place.v1.webhook_endpoints.create_async(asked)
    await place.v1.webhook_endpoints.update_async(off.id, {"disabled": True})
    await place.v1.webhook_endpoints.delete_async(gone.id)
    await place.customer()

    assert {each.path for each in await arrived(place, 1)} == {"/stripe/webhook"}


async def test_a_thin_event_is_a_hint_and_its_facts_are_fetched(place: Place) -> None:
    used = {"event_name": "nothing", "payload": {"stripe_customer_id": "x", "value": "1"}}
    await place.v1.billing.meter_events.create_async({**used, "identifier": "one"})
    heard = (await arrived(place, 1))[0]
    notice = place.stripe.parse_event_notification(heard.body, heard.signature, THIN_SECRET)
    event = await place.v2.core.events.retrieve_async(notice.id)

    assert heard.path == "/stripe/thin"
    assert notice.type == "v1.billing.meter.no_meter_found"
    assert "data" not in json.loads(heard.body)
    error = event.data.reason.error_types[0]
    assert (error.code, error.sample_errors[0].request.identifier) == ("no_meter", "one")
