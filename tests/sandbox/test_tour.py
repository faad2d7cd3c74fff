"""A tour of everything the sandbox offers, by the real SDK.

Both contracts are held on the way (see `checked.py`): each request is one that Stripe's own types
allow, and each answer is one that its resource classes know.
"""

from typing import Any

import pytest

from tests.sandbox.conftest import Place
from tests.stripe.responses import wrong_with

pytestmark = pytest.mark.anyio


async def shelf(place: Place) -> Any:
    v1 = place.v1
    product = await v1.products.create_async(
        {"name": "Pack", "default_price_data": {"currency": "usd", "unit_amount": 500}}
    )
    await v1.products.update_async(product.id, {"metadata": {"pack": "1"}, "active": True})
    price = await v1.prices.create_async(
        {"product": product.id, "currency": "usd", "unit_amount": 2000, "lookup_key": "pack"}
    )
    await v1.prices.update_async(price.id, {"nickname": "twenty"})
    await v1.prices.list_async({"product": product.id, "lookup_keys": ["pack"]})
    await v1.products.list_async({"active": True, "ids": [product.id]})
    spare = await v1.products.create_async({"name": "Nothing"})
    await v1.products.delete_async(spare.id)
    coupon = await v1.coupons.create_async({"percent_off": 12.5, "duration": "once"})
    code = await v1.promotion_codes.create_async(
        {"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "LAUNCH"}
    )
    await v1.promotion_codes.update_async(code.id, {"metadata": {"by": "us"}})
    await v1.promotion_codes.list_async({"code": "LAUNCH", "expand": ["data.promotion.coupon"]})
    await v1.coupons.update_async(coupon.id, {"name": "Launch"})
    return price


async def people(place: Place) -> Any:
    v1 = place.v1
    customer, method = await place.saved()
    settings = {"default_payment_method": method.id}
    await v1.customers.update_async(customer.id, {"invoice_settings": settings, "name": "Ada"})
    await v1.customers.list_async({"email": "ada@example.com"})
    await v1.payment_methods.update_async(method.id, {"card": {"exp_month": 11}})
    await v1.customers.payment_methods.list_async(customer.id, {"type": "card"})
    setup = await v1.setup_intents.create_async(
        {"customer": customer.id, "automatic_payment_methods": {"enabled": True}}
    )
    await v1.setup_intents.confirm_async(
        setup.id, {"payment_method": "pm_card_mastercard", "return_url": "https://shop.example"}
    )
    portal = {"customer": customer.id, "return_url": "https://shop.example/account"}
    flow = {"flow_data": {"type": "payment_method_update"}}
    await v1.billing_portal.sessions.create_async({**portal, **flow})
    gone = await place.customer()
    await v1.customers.delete_async(gone.id)
    assert (await v1.customers.retrieve_async(gone.id)).deleted
    return customer


async def money(place: Place, price: Any, customer: Any) -> None:
    v1 = place.v1
    session = await v1.checkout.sessions.create_async(
        {
            "mode": "payment",
            "customer": customer.id,
            "client_reference_id": "order",
            "line_items": [{"price": price.id, "quantity": 2}],
            "success_url": "https://shop.example/?session_id={CHECKOUT_SESSION_ID}",
            "payment_intent_data": {"metadata": {"order_id": "order"}},
            "invoice_creation": {"enabled": True},
            "allow_promotion_codes": True,
            "automatic_tax": {"enabled": False},
            "expand": ["line_items"],
        }
    )
    await place.press(session.url, do="pay", number="4242424242424242")
    setup = {"mode": "setup", "currency": "usd", "success_url": "https://shop.example"}
    await v1.checkout.sessions.create_async({**setup, "customer": customer.id})
    done = await v1.checkout.sessions.retrieve_async(
        session.id, {"expand": ["line_items", "payment_intent.latest_charge.balance_transaction"]}
    )
    paid = done.payment_intent
    await v1.refunds.create_async({"payment_intent": paid.id, "amount": 500})
    await v1.charges.retrieve_async(paid.latest_charge.id, {"expand": ["refunds"]})
    disputed = await place.pay("pm_card_createDispute")
    found = (await v1.disputes.list_async({"payment_intent": disputed.id})).data[0]
    evidence = {"evidence": {"uncategorized_text": "winning_evidence"}, "submit": True}
    await v1.disputes.update_async(found.id, evidence)
    await place.pay("pm_usBankAccount_success")
    await place.pay("pm_card_pendingRefund")
    await v1.balance_transactions.list_async({"limit": 100, "expand": ["data.source"]})
    await v1.balance.retrieve_async()


async def usage(place: Place, customer: Any) -> None:
    billing = place.v1.billing
    meter = await billing.meters.create_async(
        {
            "display_name": "Tokens",
            "event_name": "tokens",
            "default_aggregation": {"formula": "sum"},
            "customer_mapping": {"type": "by_id", "event_payload_key": "stripe_customer_id"},
            "value_settings": {"event_payload_key": "value"},
        }
    )
    used = {"event_name": "tokens", "payload": {"stripe_customer_id": customer.id, "value": "5"}}
    await billing.meter_events.create_async({**used, "identifier": "one"})
    await place.v2.billing.meter_events.create_async({**used, "identifier": "two"})
    session = await place.v2.billing.meter_event_session.create_async()
    wrong = {"event_name": "tokens", "payload": {"stripe_customer_id": "nobody", "value": "5"}}
    await place.v2.billing.meter_event_stream.create_async(
        {"events": [{**used, "identifier": "three"}, wrong]},
        {"api_key": session.authentication_token},
    )
    cancel = {"event_name": "tokens", "type": "cancel", "cancel": {"identifier": "one"}}
    await billing.meter_event_adjustments.create_async(cancel)
    await billing.meters.deactivate_async(meter.id)


async def test_every_answer_and_every_event_is_one_that_stripe_could_have_given(
    place: Place,
) -> None:
    price = await shelf(place)
    customer = await people(place)
    await money(place, price, customer)
    await usage(place, customer)
    place.sandbox.advance(3600)

    found = await place.v1.events.list_async({"limit": 100})
    told = [each.to_dict() async for each in found.auto_paging_iter()]
    told += [each.to_dict() for each in (await place.v2.core.events.list_async()).data]
    thin = {each["type"] for each in told if each["object"] == "v2.core.event"}

    assert [wrong for each in told for wrong in wrong_with(each)] == []
    shown = [each["data"]["object"] for each in told if each["object"] == "event"]
    assert [wrong for each in shown for wrong in wrong_with(each)] == []
    assert thin == {"v1.billing.meter.error_report_triggered"}
    assert {
        "checkout.session.completed",
        "charge.dispute.funds_reinstated",
        "charge.refunded",
        "customer.deleted",
        "payment_intent.processing",
        "payment_method.attached",
        "setup_intent.succeeded",
    } <= {each["type"] for each in told}
