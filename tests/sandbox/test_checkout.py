"""The hosted payment page: everything a payer may do, and what the shop is told of it."""

from typing import Any

import pytest
import stripe

from tests.sandbox.conftest import Place

pytestmark = pytest.mark.anyio

PAYS, DECLINES, ASKS = "4242424242424242", "4000000000000002", "4000000000003220"


async def look(place: Place, session: Any, **options: Any) -> Any:
    return await place.v1.checkout.sessions.retrieve_async(session.id, options)


async def test_a_card_pays_and_the_payer_is_sent_back(place: Place) -> None:
    session = await place.checkout(client_reference_id="order", metadata={"pack": "pk_1"})
    answer = await place.press(session.url, do="pay", number="4242 4242 4242 4242", email="a@b.co")
    paid = await look(place, session, expand=["payment_intent", "line_items"])

    assert session.url.startswith(place.url)
    assert (session.status, session.payment_status, session.payment_intent) == (
        "open",
        "unpaid",
        None,
    )
    assert answer.status_code == 303
    assert answer.headers["location"] == f"https://shop.example/done?session={session.id}"
    assert (paid.status, paid.payment_status, paid.url) == ("complete", "paid", None)
    assert (paid.amount_total, paid.customer_details.email) == (4000, "a@b.co")
    assert (paid.client_reference_id, paid.metadata.to_dict()) == ("order", {"pack": "pk_1"})
    assert paid.payment_intent.amount_received == 4000
    assert [each.quantity for each in paid.line_items.data] == [2]
    assert (await place.event_types())[-4:] == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.completed",
    ]


async def test_a_declined_payer_is_told_why_and_pays_with_another_card(place: Place) -> None:
    session = await place.checkout()
    declined = await place.press(session.url, do="pay", number=DECLINES)
    page = await place.http.get(session.url)
    between = await look(place, session)
    await place.press(session.url, do="pay", number=PAYS)
    paid = await look(place, session)

    assert declined.headers["location"] == f"/checkout/{session.id}"
    assert "Your card was declined." in page.text
    assert (between.status, between.payment_status) == ("open", "unpaid")
    assert (paid.status, paid.payment_intent) == ("complete", between.payment_intent)


@pytest.mark.parametrize(("answer", "status"), [("complete", "complete"), ("fail", "open")])
async def test_a_bank_asks_on_a_page_of_its_own(place: Place, answer: str, status: str) -> None:
    session = await place.checkout()
    asked = await place.press(session.url, do="pay", number=ASKS)
    bank = place.url + asked.headers["location"]
    page = await place.http.get(bank)
    answered = await place.press(bank, answer=answer)

    assert "3-D Secure" in page.text
    assert (await look(place, session)).status == status
    back = {"complete": "https://shop.example/done", "fail": f"/checkout/{session.id}"}
    assert answered.headers["location"].startswith(back[answer])
    assert ("unable to authenticate" in (await place.http.get(session.url)).text) == (
        status == "open"
    )


@pytest.mark.parametrize(
    ("debit", "told", "payment_status"),
    [
        ("settles", "checkout.session.async_payment_succeeded", "paid"),
        ("fails", "checkout.session.async_payment_failed", "unpaid"),
    ],
)
async def test_a_bank_debit_is_complete_before_it_is_paid(
    place: Place, debit: str, told: str, payment_status: str
) -> None:
    session = await place.checkout()
    await place.press(session.url, do="pay", debit=debit)
    before = await look(place, session)
    place.sandbox.advance(60)

    assert (before.status, before.payment_status) == ("complete", "unpaid")
    assert (await look(place, session)).payment_status == payment_status
    assert (await place.event_types())[-1] == told


async def test_a_page_that_nobody_finishes_expires(place: Place) -> None:
    session = await place.checkout()
    place.sandbox.advance(24 * 3600)

    assert (await look(place, session)).status == "expired"
    assert (await place.event_types())[-1] == "checkout.session.expired"
    assert "has expired" in (await place.http.get(session.url)).text
    late = await place.press(session.url, do="pay", number=PAYS)
    assert "checkout.session.completed" not in await place.event_types()
    assert late.status_code == 200


async def test_a_finished_page_takes_no_second_payment(place: Place) -> None:
    session = await place.checkout()
    await place.press(session.url, do="pay", number=PAYS)
    await place.press(session.url, do="pay", number=PAYS)
    behind = await place.http.post(
        f"{place.url}/v1/payment_pages/{session.id}/confirm",
        data={"payment_method": "pm_card_visa"},
        headers={"Authorization": f"Bearer {place.key}"},
    )

    assert behind.status_code == 400
    assert (await place.event_types()).count("charge.succeeded") == 1
    with pytest.raises(stripe.InvalidRequestError, match="can be expired"):
        await place.v1.checkout.sessions.expire_async(session.id)


async def test_a_promotion_code_takes_its_part_off(place: Place) -> None:
    coupon = await place.v1.coupons.create_async({"percent_off": 25})
    await place.v1.promotion_codes.create_async(
        {
            "promotion": {"type": "coupon", "coupon": coupon.id},
            "code": "LAUNCH",
            "max_redemptions": 1,
        }
    )
    session = await place.checkout(allow_promotion_codes=True)
    wrong = await place.press(session.url, do="code", promotion_code="NONSENSE")
    await place.press(session.url, do="code", promotion_code="LAUNCH")
    page = await place.http.get(session.url)
    await place.press(session.url, do="pay", number=PAYS)
    paid = await look(place, session, expand=["line_items"])
    other = await place.checkout(allow_promotion_codes=True)
    spent = await place.press(other.url, do="code", promotion_code="LAUNCH")

    assert (wrong.status_code, spent.status_code) == (422, 422)
    assert "$30.00" in page.text
    assert (paid.amount_subtotal, paid.amount_total) == (4000, 3000)
    assert paid.total_details.amount_discount == 1000
    assert paid.line_items.data[0].amount_total == 3000


async def test_what_costs_nothing_needs_no_card(place: Place) -> None:
    coupon = await place.v1.coupons.create_async({"percent_off": 100})
    session = await place.checkout(discounts=[{"coupon": coupon.id}])
    await place.press(session.url, do="pay")
    done = await look(place, session)

    assert (done.status, done.payment_status) == ("complete", "no_payment_required")
    assert done.payment_intent is None


async def test_a_saved_card_pays_with_one_press(place: Place) -> None:
    customer, method = await place.saved()
    session = await place.checkout(customer=customer.id)
    page = await place.http.get(session.url)
    await place.press(session.url, do="pay", saved=method.id)
    _, somebody_elses = await place.saved()
    other = await place.checkout(customer=customer.id)
    refused = await place.press(other.url, do="pay", saved=somebody_elses.id)

    assert "visa ending in 4242" in page.text
    assert (await look(place, session)).payment_status == "paid"
    assert refused.status_code == 422


async def test_a_card_is_kept_for_later_when_that_was_agreed(place: Place) -> None:
    customer = await place.customer()
    session = await place.checkout(
        customer=customer.id, payment_intent_data={"setup_future_usage": "off_session"}
    )
    await place.press(session.url, do="pay", number="5555555555554444")
    kept = (await place.v1.customers.payment_methods.list_async(customer.id)).data

    assert [each.card.brand for each in kept] == ["mastercard"]


async def test_setup_mode_saves_a_card_and_charges_nothing(place: Place) -> None:
    customer = await place.customer()
    session = await place.v1.checkout.sessions.create_async(
        {
            "mode": "setup",
            "customer": customer.id,
            "currency": "usd",
            "success_url": "https://shop.example/saved",
        }
    )
    await place.press(session.url, do="pay", number=PAYS)
    done = await look(place, session, expand=["setup_intent.payment_method"])

    assert (done.status, done.payment_status) == ("complete", "no_payment_required")
    assert done.setup_intent.status == "succeeded"
    assert done.setup_intent.payment_method.customer == customer.id
    assert "charge.succeeded" not in await place.event_types()


async def test_a_customer_is_made_when_that_is_asked_for(place: Place) -> None:
    session = await place.checkout(customer_creation="always")
    await place.press(session.url, do="pay", number=PAYS, email="new@example.com")
    paid = await look(place, session, expand=["customer"])

    assert paid.customer.email == "new@example.com"


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"customer": "cus_nobody"}, "resource_missing"),
        ({"success_url": "javascript:alert(1)"}, "url_invalid"),
        ({"line_items": [{"price": "price_nowhere", "quantity": 1}]}, "resource_missing"),
        ({"line_items": []}, "parameter_missing"),
        ({"mode": "subscription"}, None),
        ({"expires_at": 1}, None),
    ],
)
async def test_a_checkout_that_cannot_be_is_refused(
    place: Place, asked: Any, code: str | None
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await place.checkout(**asked)

    assert refused.value.code == code
    assert "checkout.session.completed" not in await place.event_types()


async def test_too_little_is_refused_before_anybody_sees_a_page(place: Place) -> None:
    data = {"currency": "usd", "unit_amount": 49, "product_data": {"name": "Crumb"}}
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await place.checkout(line_items=[{"price_data": data, "quantity": 1}])

    assert refused.value.code == "amount_too_small"
