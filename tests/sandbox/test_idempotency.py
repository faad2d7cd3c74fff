"""Idempotency keys behave as Stripe's do, where it helps and where it hurts."""

import asyncio
from typing import Any

import pytest
import stripe

from tests.sandbox.conftest import Place

pytestmark = pytest.mark.anyio

KEY: Any = {"idempotency_key": "order:1"}


async def test_the_same_request_is_answered_as_it_was_and_done_once(place: Place) -> None:
    first = await place.v1.customers.create_async({"name": "Ada"}, KEY)
    again = await place.v1.customers.create_async({"name": "Ada"}, KEY)

    assert again.to_dict() == first.to_dict()
    assert "idempotent-replayed" not in first.last_response.headers
    assert again.last_response.headers["idempotent-replayed"] == "true"
    assert again.last_response.headers["original-request"] == first.last_response.request_id
    assert len((await place.v1.customers.list_async()).data) == 1


async def test_a_used_key_is_refused_to_other_parameters(place: Place) -> None:
    await place.v1.customers.create_async({"name": "Ada"}, KEY)

    with pytest.raises(stripe.IdempotencyError) as refused:
        await place.v1.customers.create_async({"name": "Grace"}, KEY)
    assert refused.value.http_status == 400
    with pytest.raises(stripe.IdempotencyError):
        await place.v1.products.create_async({"name": "Ada"}, KEY)


async def test_a_decline_is_the_answer_for_ever(place: Place) -> None:
    asked = {"amount": 2000, "currency": "usd", "confirm": True}
    declined = asked | {"payment_method": "pm_card_chargeDeclined"}
    errors = []
    for _ in range(2):
        with pytest.raises(stripe.CardError) as refused:
            await place.v1.payment_intents.create_async(declined, KEY)
        body: Any = refused.value.json_body
        errors.append(body["error"]["payment_intent"]["id"])

    assert errors[0] == errors[1]
    assert len((await place.v1.payment_intents.list_async()).data) == 1


async def test_a_failure_of_the_server_is_kept_though_the_work_was_done(place: Place) -> None:
    place.sandbox.switch(fault="error", fault_times=1)
    statuses = []
    for _ in range(2):
        with pytest.raises(stripe.APIError) as failed:
            await place.v1.customers.create_async({"name": "Ada"}, KEY)
        statuses.append(failed.value.http_status)

    assert statuses == [500, 500]
    assert len((await place.v1.customers.list_async()).data) == 1


@pytest.mark.parametrize("fault", ["unavailable", "rate_limited"])
async def test_what_was_refused_before_it_began_may_be_tried_again(
    place: Place, fault: str
) -> None:
    place.sandbox.switch(fault=fault, fault_times=1)
    with pytest.raises(stripe.StripeError) as refused:
        await place.v1.customers.create_async({"name": "Ada"}, KEY)
    made = await place.v1.customers.create_async({"name": "Grace"}, KEY)

    assert refused.value.http_status == {"unavailable": 503, "rate_limited": 429}[fault]
    assert made.name == "Grace"


async def test_a_wrong_request_leaves_its_key_unused(place: Place) -> None:
    wrong: Any = {"payment_intent": "pi_nowhere"}
    with pytest.raises(stripe.InvalidRequestError):
        await place.v1.refunds.create_async(wrong, KEY)

    assert (await place.v1.customers.create_async({"name": "Ada"}, KEY)).name == "Ada"


async def test_while_a_request_is_answered_its_twin_is_refused(place: Place) -> None:
    place.sandbox.switch(fault="hang", fault_times=1)
    first = asyncio.create_task(place.v1.customers.create_async({"name": "Ada"}, KEY))
    async with asyncio.timeout(10):
        while place.sandbox.switches.fault:  # noqa: ASYNC110 - the sandbox tells nobody
            await asyncio.sleep(0.01)

    with pytest.raises(stripe.APIError) as refused:
        await place.v1.customers.create_async({"name": "Ada"}, KEY)
    assert refused.value.http_status == 409
    body: Any = refused.value.json_body
    assert body["error"]["code"] == "idempotency_key_in_use"
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)


async def test_an_answer_that_never_came_is_found_by_asking_again(place: Place) -> None:
    place.sandbox.switch(fault="hang", fault_times=1)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await place.v1.customers.create_async({"name": "Ada"}, KEY)
    async with asyncio.timeout(10):
        # It notices by and by that nobody waits.
        while not (await place.v1.customers.list_async()).data:  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.01)
    found = await place.v1.customers.create_async({"name": "Ada"}, KEY)

    assert found.last_response.headers["idempotent-replayed"] == "true"
    assert len((await place.v1.customers.list_async()).data) == 1


async def test_a_key_is_forgotten_after_a_day(place: Place) -> None:
    first = await place.v1.customers.create_async({"name": "Ada"}, KEY)
    place.sandbox.advance(24 * 3600 + 1)
    other = await place.v1.customers.create_async({"name": "Grace"}, KEY)

    assert other.id != first.id


async def test_the_second_version_repeats_a_failure_and_never_a_success(place: Place) -> None:
    _, options = await place.saved(), {"idempotency_key": "usage:1"}
    used = {"event_name": "tokens", "payload": {"stripe_customer_id": "cus_no", "value": "1"}}
    meter_events = place.v2.billing.meter_events
    with pytest.raises(stripe.StripeError) as failed:
        await meter_events.create_async({**used, "identifier": "one"}, options)
    customer = await place.customer()
    meter = {"display_name": "T", "event_name": "tokens"}
    await place.v1.billing.meters.create_async({**meter, "default_aggregation": {"formula": "sum"}})
    right = {**used, "payload": {"stripe_customer_id": customer.id, "value": "1"}}
    first = await meter_events.create_async({**right, "identifier": "one"}, options)
    again = await meter_events.create_async({**right, "identifier": "one"}, options)

    assert failed.value.code == "no_meter"
    assert again.to_dict() == first.to_dict()
