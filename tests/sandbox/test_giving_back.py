"""Refunds and disputes: what moves, what is told, and what is refused."""

from typing import Any

import pytest
import stripe

from tests.sandbox.conftest import Place

pytestmark = pytest.mark.anyio


async def moved(place: Place) -> list[tuple[str, int, int]]:
    """Name every movement on the balance: its category, its amount, and its fee."""
    found = (await place.v1.balance_transactions.list_async({"limit": 100})).data
    return [(each.reporting_category, each.amount, each.fee) for each in reversed(found)]


async def test_a_part_is_refunded_and_then_the_rest(place: Place) -> None:
    paid = await place.pay(expand=["latest_charge"])
    refund = place.v1.refunds.create_async
    part = await refund({"payment_intent": paid.id, "amount": 500})
    rest = await refund({"charge": paid.latest_charge.id, "reason": "requested_by_customer"})
    charge = await place.v1.charges.retrieve_async(paid.latest_charge.id)

    assert [(each.amount, each.status) for each in (part, rest)] == [
        (500, "succeeded"),
        (1500, "succeeded"),
    ]
    assert (charge.amount_refunded, charge.refunded) == (2000, True)
    assert await moved(place) == [("charge", 2000, 88), ("refund", -500, 0), ("refund", -1500, 0)]


async def test_no_more_is_refunded_than_was_paid(place: Place) -> None:
    paid = await place.pay()
    refund = place.v1.refunds.create_async
    with pytest.raises(stripe.InvalidRequestError, match=r"\$20.01.*\$20.00"):
        await refund({"payment_intent": paid.id, "amount": 2001})
    await refund({"payment_intent": paid.id})
    with pytest.raises(stripe.InvalidRequestError) as again:
        await refund({"payment_intent": paid.id})

    assert again.value.code == "charge_already_refunded"


async def test_what_was_never_paid_is_not_refunded(place: Place) -> None:
    waiting = await place.pay("pm_card_authenticationRequired")

    with pytest.raises(stripe.InvalidRequestError, match="does not have a successful charge"):
        await place.v1.refunds.create_async({"payment_intent": waiting.id})


async def test_a_refund_is_pending_and_arrives(place: Place) -> None:
    paid = await place.pay("pm_card_pendingRefund")
    refund = await place.v1.refunds.create_async({"payment_intent": paid.id})
    place.sandbox.advance(60)

    assert (refund.status, refund.pending_reason) == ("pending", "processing")
    assert (await place.v1.refunds.retrieve_async(refund.id)).status == "succeeded"
    assert "refund.updated" in await place.event_types()


async def test_a_refund_fails_after_all_and_the_money_is_back(place: Place) -> None:
    paid = await place.pay("pm_card_refundFail", expand=["latest_charge"])
    refund = await place.v1.refunds.create_async({"payment_intent": paid.id})
    place.sandbox.advance(60)
    failed = await place.v1.refunds.retrieve_async(refund.id)
    charge = await place.v1.charges.retrieve_async(paid.latest_charge.id)

    assert (refund.status, failed.status) == ("succeeded", "failed")
    assert (charge.amount_refunded, charge.refunded) == (0, False)
    assert [amount for _, amount, _ in await moved(place)] == [2000, -2000, 2000]
    assert "refund.failed" in await place.event_types()


@pytest.mark.parametrize(
    ("evidence", "status", "told", "kept"),
    [
        (
            "winning_evidence",
            "won",
            ["charge.dispute.funds_reinstated", "charge.dispute.closed"],
            [-2000, 2000],
        ),
        ("losing_evidence", "lost", ["charge.dispute.closed"], [-2000]),
    ],
)
async def test_a_dispute_is_decided_by_its_evidence(
    place: Place, evidence: str, status: str, told: list[str], kept: list[int]
) -> None:
    paid = await place.pay("pm_card_createDispute")
    opened = (await place.v1.disputes.list_async({"payment_intent": paid.id})).data[0]
    closed = await place.v1.disputes.update_async(
        opened.id, {"evidence": {"uncategorized_text": evidence}}
    )
    types = await place.event_types()

    assert (opened.status, opened.reason, opened.amount) == ("needs_response", "fraudulent", 2000)
    assert closed.status == status
    assert [each.amount for each in closed.balance_transactions] == kept
    assert closed.balance_transactions[0].fee == 1500
    assert types[3:5] == ["charge.dispute.created", "charge.dispute.funds_withdrawn"]
    assert types[-len(told) :] == told


async def test_an_inquiry_moves_no_money_and_may_be_refunded(place: Place) -> None:
    paid = await place.pay("pm_card_createDisputeInquiry")
    inquiry = (await place.v1.disputes.list_async()).data[0]
    await place.v1.refunds.create_async({"payment_intent": paid.id, "amount": 500})
    closed = await place.v1.disputes.close_async(inquiry.id)

    assert (inquiry.status, closed.status) == ("warning_needs_response", "warning_closed")
    assert [amount for _, amount, _ in await moved(place)] == [2000, -500]
    assert "charge.dispute.funds_withdrawn" not in await place.event_types()


async def test_disputed_money_is_not_refunded_too(place: Place) -> None:
    paid = await place.pay("pm_card_createDispute")

    with pytest.raises(stripe.InvalidRequestError) as refused:
        await place.v1.refunds.create_async({"payment_intent": paid.id})
    assert refused.value.code == "charge_disputed"


async def test_a_closed_dispute_stays_closed(place: Place) -> None:
    await place.pay("pm_card_createDispute")
    opened = (await place.v1.disputes.list_async()).data[0]
    lost = await place.v1.disputes.close_async(opened.id)

    assert lost.status == "lost"
    with pytest.raises(stripe.InvalidRequestError):
        await place.v1.disputes.close_async(opened.id)


async def press(place: Place, **fields: Any) -> None:
    answer = await place.press(f"{place.url}/control", **fields)
    assert answer.status_code == 303, answer.text


async def test_everything_is_done_by_hand_on_the_control_page(place: Place) -> None:
    charges = []
    for _ in range(3):
        paid = await place.pay(expand=["latest_charge"])
        charges.append(paid.latest_charge.id)
    debit = await place.pay("pm_usBankAccount_success")
    session = await place.checkout()
    await press(place, do="refund", id=charges[0], amount="700")
    await press(place, do="dispute", id=charges[1], why="product_not_received")
    await press(place, do="dispute", id=charges[2])
    lost, won = (await place.v1.disputes.list_async()).data
    await press(place, do="win", id=won.id)
    await press(place, do="lose", id=lost.id)
    await press(place, do="fail", id=debit.id)
    await press(place, do="expire", id=session.id)

    assert (await place.v1.charges.retrieve_async(charges[0])).amount_refunded == 700
    statuses = [(each.reason, each.status) for each in (await place.v1.disputes.list_async()).data]
    assert statuses == [("fraudulent", "lost"), ("product_not_received", "won")]
    failed = await place.v1.payment_intents.retrieve_async(debit.id)
    assert failed.status == "requires_payment_method"
    assert (await place.v1.checkout.sessions.retrieve_async(session.id)).status == "expired"


async def test_the_control_page_says_why_something_cannot_be(place: Place) -> None:
    paid = await place.pay(expand=["latest_charge"])
    answer = await place.press(
        f"{place.url}/control", do="refund", id=paid.latest_charge.id, amount="999999"
    )

    assert answer.status_code == 422
    assert "greater than unrefunded amount" in answer.text


async def test_switches_and_clock_are_set_on_the_control_page(place: Place) -> None:
    before = place.sandbox.now
    await press(place, do="switch", duplicates="3", reorder="true", fault="error", fault_times="2")
    await press(place, do="advance", seconds="86400")

    switches = place.sandbox.switches
    assert (switches.duplicates, switches.reorder, switches.webhooks_held) == (3, True, False)
    assert (switches.fault, switches.fault_times) == ("error", 2)
    assert place.sandbox.now >= before + 86_400
    page = (await place.http.get(f"{place.url}/control")).text
    assert 'name="reorder" value="true" checked' in page
