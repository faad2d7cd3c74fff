"""Subscriptions and their invoices at the stand-in for Stripe: what is told, in its order."""

from itertools import pairwise
from typing import Any

import pytest
import stripe

from tests.sandbox.conftest import Place

pytestmark = pytest.mark.anyio

DAY = 86_400
PAYS, DECLINES, ASKS = "4242424242424242", "4000000000000002", "4000000000003220"
PAID = [
    "invoice.finalized",
    "payment_intent.created",
    "charge.succeeded",
    "payment_intent.succeeded",
    "invoice.paid",
    "invoice.payment_succeeded",
    "invoice_payment.paid",
]


async def monthly(place: Place, amount: int = 2000, **given: Any) -> Any:
    product = await place.v1.products.create_async({"name": "Pro"})
    return await place.v1.prices.create_async(
        {
            "product": product.id,
            "currency": "usd",
            "unit_amount": amount,
            "recurring": {"interval": "month"},
            **given,
        }
    )


async def subscribed(place: Place, method: str = "pm_card_visa", **given: Any) -> Any:
    customer, saved = await place.saved(method)
    price = await monthly(place)
    return await place.v1.subscriptions.create_async(
        {
            "customer": customer.id,
            "items": [{"price": price.id}],
            "default_payment_method": saved.id,
            **given,
        }
    )


async def look(place: Place, one: Any, **given: Any) -> Any:
    return await place.v1.subscriptions.retrieve_async(one.id, given)


async def latest(place: Place, one: Any) -> Any:
    found = await look(place, one, expand=["latest_invoice.payments"])
    return found.latest_invoice


async def since(place: Place, before: list[str]) -> list[str]:
    return (await place.event_types())[len(before) :]


async def test_it_is_told_of_in_stripes_order_and_its_invoice_names_its_payment(
    place: Place,
) -> None:
    one = await subscribed(place, metadata={"tenant": "t1"})

    told = await place.event_types()
    assert told[told.index("customer.subscription.created") :] == [
        "customer.subscription.created",
        "invoice.created",
        *PAID,
        "customer.subscription.updated",
    ]
    invoice = await latest(place, one)
    assert invoice.parent.subscription_details.subscription == one.id
    assert invoice.parent.subscription_details.metadata.to_dict() == {"tenant": "t1"}
    [paid] = invoice.payments.data
    assert (paid.payment.type, paid.status, paid.amount_paid) == ("payment_intent", "paid", 2000)
    assert invoice.number.endswith("-0001")
    assert not hasattr(one, "current_period_end")


async def test_a_renewal_is_a_draft_for_an_hour_and_then_charged(place: Place) -> None:
    one = await subscribed(place)
    [item] = one["items"]["data"]

    place.sandbox.advance(item["current_period_end"] - place.sandbox.now)
    drafted = await latest(place, one)
    place.sandbox.advance(3600)

    assert (drafted.status, drafted.number, drafted.billing_reason) == (
        "draft",
        None,
        "subscription_cycle",
    )
    assert (await latest(place, one)).status == "paid"
    assert (await place.event_types())[-10:] == [
        "invoice.upcoming",
        "customer.subscription.updated",
        "invoice.created",
        *PAID,
    ]


async def test_a_year_that_passes_at_once_has_twelve_invoices_of_months_that_follow(
    place: Place,
) -> None:
    one = await subscribed(place)

    place.sandbox.advance(366 * DAY)

    listed = await place.v1.invoices.list_async({"subscription": one.id, "limit": 100})
    spans = [(each.lines.data[0].period.start, each.lines.data[0].period.end)
             for each in listed.data[::-1]]  # fmt: skip
    assert len(spans) == 13
    assert all(end == start for (_, end), (start, _) in pairwise(spans))
    assert {each.status for each in listed.data} == {"paid"}


@pytest.mark.parametrize(
    ("given_up", "status", "event"),
    [
        ("canceled", "canceled", "customer.subscription.deleted"),
        ("unpaid", "unpaid", "customer.subscription.updated"),
        ("past_due", "past_due", "invoice.payment_failed"),
    ],
)
async def test_a_card_that_fails_is_tried_again_and_then_given_up(
    place: Place, given_up: str, status: str, event: str
) -> None:
    place.sandbox.switch(given_up=given_up)
    one = await subscribed(place)
    broken = await place.v1.payment_methods.attach_async(
        "pm_card_chargeCustomerFail", {"customer": one.customer}
    )
    await place.v1.subscriptions.update_async(one.id, {"default_payment_method": broken.id})

    place.sandbox.advance(31 * DAY + 3600)
    failed = await latest(place, one)
    first = (await look(place, one)).status
    place.sandbox.advance(15 * DAY)

    assert (failed.status, failed.attempt_count, first) == ("open", 1, "past_due")
    assert failed.next_payment_attempt
    assert (await look(place, one)).status == status
    told = [each for each in await place.event_types() if not each.startswith("invoice.upcoming")]
    assert told.count("invoice.payment_failed") == 4
    assert told[-1] == event or event in told[-4:]


async def test_what_failed_and_is_paid_after_all_is_active_again(place: Place) -> None:
    one = await subscribed(place)
    broken = await place.v1.payment_methods.attach_async(
        "pm_card_chargeCustomerFail", {"customer": one.customer}
    )
    await place.v1.subscriptions.update_async(one.id, {"default_payment_method": broken.id})
    place.sandbox.advance(31 * DAY + 3600)
    invoice = await latest(place, one)

    with pytest.raises(stripe.CardError):
        await place.v1.invoices.pay_async(invoice.id)
    paid = await place.v1.invoices.pay_async(
        invoice.id, {"payment_method": one.default_payment_method}
    )

    assert (paid.status, (await look(place, one)).status) == ("paid", "active")


async def test_a_first_payment_that_nobody_makes_lets_it_expire(place: Place) -> None:
    one = await subscribed(place, payment_behavior="default_incomplete")

    assert one.status == "incomplete"
    place.sandbox.advance(DAY)

    after = await look(place, one, expand=["latest_invoice"])
    assert (after.status, after.latest_invoice.status) == ("incomplete_expired", "void")


async def test_a_trial_is_told_of_three_days_before_its_end(place: Place) -> None:
    one = await subscribed(place, trial_period_days=14)
    before = await place.event_types()
    place.sandbox.advance(11 * DAY - 60)
    early = await since(place, before)
    place.sandbox.advance(120)

    assert early == ["invoice.upcoming"]
    assert (await since(place, before))[-1] == "customer.subscription.trial_will_end"
    assert (one.status, (await latest(place, one)).amount_due) == ("trialing", 0)


async def test_a_trial_without_a_method_pauses_or_ends_as_was_said(place: Place) -> None:
    customer, price = await place.customer(), await monthly(place)
    for missing, status in (("pause", "paused"), ("cancel", "canceled")):
        one = await place.v1.subscriptions.create_async(
            {
                "customer": customer.id,
                "items": [{"price": price.id}],
                "trial_period_days": 2,
                "trial_settings": {"end_behavior": {"missing_payment_method": missing}},
            }
        )
        place.sandbox.advance(2 * DAY)
        assert (await look(place, one)).status == status


async def test_collection_that_is_paused_voids_what_comes_and_the_status_stays(
    place: Place,
) -> None:
    one = await subscribed(place)
    await place.v1.subscriptions.update_async(one.id, {"pause_collection": {"behavior": "void"}})

    place.sandbox.advance(31 * DAY + 3600)

    assert (await latest(place, one)).status == "void"
    assert (await look(place, one)).status == "active"
    after = await place.v1.subscriptions.update_async(one.id, {"pause_collection": ""})
    assert after.pause_collection is None


async def test_a_pause_and_a_new_period_that_is_paid_before_it_goes_on(place: Place) -> None:
    one = await subscribed(place)
    paused = await place.v1.subscriptions.pause_async(one.id, {"type": "subscription"})
    place.sandbox.advance(60 * DAY)
    resumed = await place.v1.subscriptions.resume_async(
        one.id, {"billing_cycle_anchor": {"type": "now"}}
    )

    assert paused.status_details.paused.subscription.type == "pause_requested"
    assert (await look(place, resumed)).status == "active"
    invoice = await latest(place, one)
    assert (invoice.status, invoice.billing_reason) == ("paid", "subscription_update")
    listed = await place.v1.invoices.list_async({"subscription": one.id})
    assert len(listed.data) == 2


async def test_taxes_are_on_top_or_in_the_price(place: Place) -> None:
    for inclusive, total in ((False, 2380), (True, 2000)):
        rate = await place.v1.tax_rates.create_async(
            {"display_name": "VAT", "percentage": 19, "inclusive": inclusive}
        )
        one = await subscribed(place, default_tax_rates=[rate.id])
        invoice = await latest(place, one)
        tax = 380 if not inclusive else 319
        assert (invoice.total, invoice.total_excluding_tax) == (total, total - tax)
        assert [each.amount for each in invoice.total_taxes] == [tax]


async def test_what_is_given_back_is_the_customers_and_pays_the_next_invoice(
    place: Place,
) -> None:
    one = await subscribed(place)
    await place.v1.subscriptions.cancel_async(one.id, {"prorate": True, "invoice_now": True})
    customer = await place.v1.customers.retrieve_async(one.customer)
    assert customer.balance < -1900

    again = await place.v1.subscriptions.create_async(
        {
            "customer": one.customer,
            "items": [{"price": one["items"]["data"][0]["price"]["id"]}],
            "default_payment_method": one.default_payment_method,
        }
    )

    invoice = await latest(place, again)
    assert invoice.amount_due == 2000 + customer.balance
    assert (await place.v1.customers.retrieve_async(one.customer)).balance == 0


# -- On a payment page ----------------------------------------------------------------------------


async def page(place: Place, **given: Any) -> Any:
    price = await monthly(place)
    customer = await place.customer()
    return await place.v1.checkout.sessions.create_async(
        {
            "mode": "subscription",
            "customer": customer.id,
            "line_items": [{"price": price.id, "quantity": 2}],
            "success_url": "https://shop.example/done?session={CHECKOUT_SESSION_ID}",
            **given,
        }
    )


async def test_a_page_subscribes_when_it_is_paid(place: Place) -> None:
    session = await page(place, subscription_data={"metadata": {"tenant": "t1"}})
    before = await place.event_types()
    answer = await place.press(session.url, do="pay", number=PAYS)

    assert answer.headers["location"].startswith("https://shop.example/done")
    done = await place.v1.checkout.sessions.retrieve_async(
        session.id, {"expand": ["subscription", "invoice"]}
    )
    assert (session.amount_total, done.payment_status, done.payment_intent) == (4000, "paid", None)
    assert (done.subscription.status, done.invoice.status) == ("active", "paid")
    assert done.subscription.metadata.to_dict() == {"tenant": "t1"}
    assert done.subscription.default_payment_method
    told = await since(place, before)
    assert told.count("payment_intent.created") == 1
    assert told[-1] == "checkout.session.completed"
    place.sandbox.advance(31 * DAY + 3600)
    assert (await latest(place, done.subscription)).status == "paid"


async def test_a_page_that_nobody_can_pay_subscribes_nobody(place: Place) -> None:
    session = await page(place)
    await place.press(session.url, do="pay", number=DECLINES)
    assert not (await place.v1.subscriptions.list_async({"status": "all"})).data

    asked = await place.press(session.url, do="pay", number=ASKS)
    await place.press(place.url + asked.headers["location"], answer="complete")

    [one] = (await place.v1.subscriptions.list_async()).data
    assert one.status == "active"


async def test_a_page_with_a_trial_takes_a_card_and_no_money(place: Place) -> None:
    session = await page(place, subscription_data={"trial_period_days": 7})
    await place.press(session.url, do="pay", number=PAYS)

    done = await place.v1.checkout.sessions.retrieve_async(session.id)
    [one] = (await place.v1.subscriptions.list_async()).data
    assert (session.amount_total, done.status, done.payment_status) == (
        0,
        "complete",
        "no_payment_required",
    )
    assert one.status == "trialing"
    place.sandbox.advance(7 * DAY + 3600)
    assert (await latest(place, one)).amount_paid == 4000
