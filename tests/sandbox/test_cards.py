"""Stripe's published test cards behave as they are documented."""

from typing import Any

import pytest
import stripe

from mcp_server.sandbox.cards import CARDS, by_number
from tests.sandbox.conftest import Place

pytestmark = pytest.mark.anyio

PUBLISHED = {
    "4242424242424242": "succeeded",
    "5555555555554444": "succeeded",
    "378282246310005": "succeeded",
    "4000000000000002": ("card_declined", "generic_decline"),
    "4000000000009995": ("card_declined", "insufficient_funds"),
    "4000000000009987": ("card_declined", "lost_card"),
    "4000000000009979": ("card_declined", "stolen_card"),
    "4000000000000069": ("expired_card", None),
    "4000000000000127": ("incorrect_cvc", None),
    "4000000000000119": ("processing_error", None),
    "4000002500003155": "requires_action",
    "4000002760003184": "requires_action",
    "4000000000003220": "requires_action",
    "4000000000000341": ("card_declined", "generic_decline"),
    "4000000000000259": "succeeded",
}
"""What a payment comes to while its payer is there, by the number of the card."""


async def paid_with(place: Place, method: str, **given: Any) -> Any:
    try:
        return (await place.pay(method, **given)).status
    except stripe.CardError as declined:
        body: Any = declined.json_body
        return declined.code, body["error"].get("decline_code")


@pytest.mark.parametrize("number", PUBLISHED)
async def test_a_test_card_does_what_is_published_of_it(place: Place, number: str) -> None:
    made = await place.v1.payment_methods.create_async(
        {"type": "card", "card": {"number": number, "exp_month": 12, "exp_year": 2034}}
    )

    assert made.card.last4 == number[-4:]
    assert await paid_with(place, made.id) == PUBLISHED[number]


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("pm_card_visa", "succeeded"),
        ("pm_card_visa_chargeDeclined", ("card_declined", "generic_decline")),
        ("pm_card_chargeDeclinedInsufficientFunds", ("card_declined", "insufficient_funds")),
        ("pm_card_authenticationRequired", "requires_action"),
        ("pm_usBankAccount_success", "processing"),
    ],
)
async def test_a_published_name_stands_for_its_card(
    place: Place, name: str, outcome: object
) -> None:
    assert await paid_with(place, name) == outcome


async def test_what_a_payment_leaves_behind(place: Place) -> None:
    paid = await place.pay(expand=["latest_charge.balance_transaction"])
    charge = paid.latest_charge
    fee = charge.balance_transaction

    assert (paid.amount_received, charge.amount_captured, charge.paid) == (2000, 2000, True)
    assert (fee.amount, fee.fee, fee.net, fee.type) == (2000, 88, 1912, "charge")
    assert fee.available_on == fee.created + 2 * 86_400
    assert await place.event_types() == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
    ]


async def test_what_a_decline_leaves_behind(place: Place) -> None:
    with pytest.raises(stripe.CardError) as declined:
        await place.pay("pm_card_chargeDeclinedInsufficientFunds")
    body: Any = declined.value.json_body
    named = body["error"]["payment_intent"]
    intent = await place.v1.payment_intents.retrieve_async(
        named["id"], {"expand": ["latest_charge"]}
    )

    assert declined.value.user_message == "Your card has insufficient funds."
    assert intent.status == "requires_payment_method"
    assert intent.last_payment_error.decline_code == "insufficient_funds"
    assert intent.latest_charge.failure_code == "card_declined"
    assert await place.event_types() == [
        "payment_intent.created",
        "charge.failed",
        "payment_intent.payment_failed",
    ]


@pytest.mark.parametrize(
    ("number", "outcome"),
    [
        ("4242424242424242", "succeeded"),
        ("4000002500003155", "succeeded"),
        ("4000002760003184", ("authentication_required", "authentication_required")),
        ("4000000000000341", ("card_declined", "generic_decline")),
    ],
)
async def test_a_card_saved_with_its_owner_present_is_charged_without(
    place: Place, number: str, outcome: object
) -> None:
    customer = await place.customer()
    card = {"type": "card", "card": {"number": number, "exp_month": 1, "exp_year": 2030}}
    method = await place.v1.payment_methods.create_async(card)
    setup = await place.v1.setup_intents.create_async(
        {"customer": customer.id, "payment_method": method.id, "confirm": True}
    )
    if setup.status == "requires_action":
        await place.press(setup.next_action.use_stripe_sdk["stripe_js"], answer="complete")
    present = {"customer": customer.id, "off_session": True}

    assert await paid_with(place, method.id, **present) == outcome


async def test_a_card_that_was_never_saved_with_3d_secure_asks_for_it(place: Place) -> None:
    made = await place.pay("pm_card_authenticationRequiredOnSetup", confirm=False)
    with pytest.raises(stripe.CardError) as refused:
        await place.v1.payment_intents.confirm_async(made.id, {"off_session": True})

    assert refused.value.code == "authentication_required"


async def test_a_card_that_the_bank_refuses_is_not_saved(place: Place) -> None:
    customer = await place.customer()
    with pytest.raises(stripe.CardError):
        await place.v1.payment_methods.attach_async(
            "pm_card_chargeDeclined", {"customer": customer.id}
        )

    assert (await place.v1.customers.payment_methods.list_async(customer.id)).data == []


async def test_a_card_of_somebody_else_pays_for_nobody(place: Place) -> None:
    _, method = await place.saved()
    other = await place.customer()

    with pytest.raises(stripe.InvalidRequestError) as refused:
        await place.pay(method.id, customer=other.id)
    assert refused.value.code == "payment_method_customer_mismatch"


async def test_a_number_that_is_not_published_is_taken_by_nobody(place: Place) -> None:
    real: Any = {"number": "4539148803436467", "exp_month": 1, "exp_year": 2030}

    with pytest.raises(stripe.CardError) as refused:
        await place.v1.payment_methods.create_async({"type": "card", "card": real})
    assert refused.value.code == "incorrect_number"


async def test_a_debit_is_pending_until_it_settles_or_fails(place: Place) -> None:
    settles = await place.pay("pm_usBankAccount_success")
    fails = await place.pay("pm_usBankAccount_insufficientFunds")
    place.sandbox.advance(60)

    retrieve = place.v1.payment_intents.retrieve_async
    assert [settles.status, fails.status] == ["processing", "processing"]
    assert (await retrieve(settles.id)).status == "succeeded"
    failed = await retrieve(fails.id)
    assert failed.status == "requires_payment_method"
    assert failed.last_payment_error.code == "insufficient_funds"


async def test_authorized_money_is_taken_when_it_is_captured(place: Place) -> None:
    held = await place.pay(capture_method="manual")
    taken = await place.v1.payment_intents.capture_async(held.id, {"amount_to_capture": 1500})

    assert (held.status, held.amount_capturable) == ("requires_capture", 2000)
    assert (taken.status, taken.amount_received) == ("succeeded", 1500)


async def test_the_fee_may_be_known_later(place: Place) -> None:
    place.sandbox.switch(balance_seconds=30)
    paid = await place.pay(expand=["latest_charge"])
    place.sandbox.advance(31)
    later = await place.v1.charges.retrieve_async(paid.latest_charge.id)

    assert paid.latest_charge.balance_transaction is None
    assert later.balance_transaction.startswith("txn_")
    assert (await place.event_types())[-1] == "charge.updated"


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"amount": 49}, "amount_too_small"),
        ({"amount": 100_000_000}, "amount_too_large"),
        ({"amount": 0}, "parameter_invalid_integer"),
        ({"currency": "zzz"}, None),
        ({"payment_method": "pm_nobody"}, "resource_missing"),
        ({"customer": "cus_nobody"}, "resource_missing"),
    ],
)
async def test_what_cannot_be_paid_is_refused(place: Place, asked: Any, code: str | None) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await place.pay(**asked)

    assert refused.value.code == code
    assert await place.event_types() == []


def test_every_card_is_found_as_people_type_it() -> None:
    assert all(by_number(f" {each.number[:4]} {each.number[4:]}-") == each for each in CARDS)
    assert by_number("4242 4242 4242 4241") is None
