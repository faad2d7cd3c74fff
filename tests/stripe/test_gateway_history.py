"""What the gateway tells of what has happened, and what it takes of our usage; at both."""

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal

import orjson
import pytest

from core.inbox import Endpoint, read_event
from core.kernel.money import Asset, Money
from core.payments import (
    Checkout,
    CheckoutDraft,
    CheckoutLine,
    CheckoutMode,
    CheckoutState,
    CustomerDraft,
    MeterDraft,
    ProviderEvent,
    ProviderObjectMissing,
    RefundDraft,
    UsageDraft,
    Window,
)
from tests.stripe.people import AtTheFake, AtTheSandbox, People

pytestmark = pytest.mark.anyio

USD = Asset("USD", 2)
TEN = Money.of("10.00", USD)


@pytest.fixture(params=[AtTheFake, AtTheSandbox], ids=["fake", "sandbox"])
async def people(request: pytest.FixtureRequest) -> AsyncIterator[People]:
    people: People = request.param()
    yield people
    await people.close()


async def bought(people: People, number: int = 1) -> Checkout:
    customer = await people.gateway.save_customer(CustomerDraft(name="Acme"), key="cus")
    draft = CheckoutDraft(
        mode=CheckoutMode.PAYMENT,
        customer_id=customer.id,
        reference=f"chk_{number}",
        success_url="https://bursar.test/paid",
        lines=(CheckoutLine(name="1,000 credits", unit=TEN),),
    )
    checkout = await people.gateway.open_checkout(draft, key=f"chk_{number}")
    await people.pay(checkout)
    return await people.gateway.read_checkout(checkout.id)


async def told(people: People, after: str | None = None, *types: str) -> list[ProviderEvent]:
    return [each async for each in people.gateway.events_since(after, types=types)]


def whole(people: People) -> Window:
    now = people.clock.now()
    return Window(start=now - timedelta(hours=1), end=now + timedelta(hours=1))


# -- Events ---------------------------------------------------------------------------------------


async def test_events_are_told_in_the_order_they_happened(people: People) -> None:
    first, second = await bought(people, 1), await bought(people, 2)

    completed = await told(people, None, "checkout.session.completed")

    assert [each.object_id for each in completed] == [first.id, second.id]
    whole_story = [each.type for each in await told(people)]
    assert whole_story.index("customer.created") < whole_story.index("checkout.session.completed")


async def test_only_what_came_after_is_told_after_an_event(people: People) -> None:
    await bought(people, 1)
    last = (await told(people))[-1]
    second = await bought(people, 2)

    assert last.id not in {each.id for each in await told(people, last.id)}
    [completed] = await told(people, last.id, "checkout.session.completed")
    assert completed.object_id == second.id
    assert await told(people, (await told(people))[-1].id) == []


async def test_more_events_than_a_page_holds_are_all_told_once(people: People) -> None:
    for number in range(120):
        await people.gateway.save_customer(CustomerDraft(name=f"{number}"), key=f"{number}")

    everything = await told(people, None, "customer.created")

    assert len({each.id for each in everything}) == 120
    halfway = everything[9]
    assert await told(people, halfway.id, "customer.created") == everything[10:]


async def test_events_before_an_instant_are_left_out(people: People) -> None:
    await bought(people, 1)
    people.clock.advance(seconds=3)
    since = people.clock.now()
    second = await bought(people, 2)

    late = [each async for each in people.gateway.events_since(None, since=since)]

    assert second.id in {each.object_id for each in late}
    assert all(each.occurred_at >= since for each in late)


async def test_an_event_can_be_read_again_and_put_into_the_inbox(people: People) -> None:
    checkout = await bought(people)
    [completed] = await told(people, None, "checkout.session.completed")

    again = await people.gateway.read_event(completed.id)
    delivery = read_event(orjson.loads(orjson.dumps(again.payload)), Endpoint.FETCHED)

    assert again == completed
    assert (delivery.external_id, delivery.type) == (completed.id, "checkout.session.completed")
    assert (delivery.object_id, delivery.livemode) == (checkout.id, False)
    assert delivery.occurred_at == completed.occurred_at


async def test_the_snapshot_of_an_event_is_the_object_as_it_was(people: People) -> None:
    checkout = await bought(people)
    [completed] = await told(people, None, "checkout.session.completed")

    seen = people.gateway.seen(completed.snapshot or {})

    assert isinstance(seen, Checkout)
    assert (seen.id, seen.state, seen.total) == (checkout.id, CheckoutState.COMPLETE, TEN)
    assert people.gateway.seen({"object": "something new", "id": "x_1"}) is None


async def test_an_event_that_nobody_knows_is_missing(people: People) -> None:
    with pytest.raises(ProviderObjectMissing):
        await people.gateway.read_event("evt_nobody")
    with pytest.raises(ProviderObjectMissing):
        await told(people, "evt_nobody")


# -- Windows and settlements ----------------------------------------------------------------------


async def test_a_window_holds_its_start_and_not_its_end(people: People) -> None:
    checkout = await bought(people)
    second, at = timedelta(seconds=1), checkout.created_at

    async def within(window: Window) -> list[str]:
        return [each.id async for each in people.gateway.checkouts_in(window)]

    assert await within(Window(start=at, end=at + second)) == [checkout.id]
    assert await within(Window(start=at - second, end=at)) == []
    assert await within(Window(start=at + second / 2, end=at + 2 * second)) == []
    assert await within(Window(start=at - second, end=at + second / 2)) == [checkout.id]


async def test_what_a_payment_brought_is_net_of_its_fee(people: People) -> None:
    checkout = await bought(people)
    payment = await people.gateway.read_payment(checkout.payment_id or "")

    moved = await people.gateway.read_processor_transaction(payment.processor_transaction_id or "")

    assert (moved.kind, moved.category) == ("charge", "charge")
    assert (moved.amount, moved.fee) == (TEN, Money.of("0.59", USD))
    assert moved.net.amount == moved.amount.amount - moved.fee.amount
    assert moved.source_id == payment.charge_id


async def test_every_movement_of_the_balance_is_listed(people: People) -> None:
    checkout = await bought(people)
    refund = await people.gateway.refund(
        RefundDraft(payment_id=checkout.payment_id or "", amount=Money.of("4.00", USD)), key="re"
    )

    moved = [each async for each in people.gateway.processor_transactions_in(whole(people))]

    assert sorted((each.category, each.amount.decimal) for each in moved) == [
        ("charge", "10.00"),
        ("refund", "-4.00"),
    ]
    assert refund.processor_transaction_id in {each.id for each in moved}


async def test_a_payout_says_what_it_consists_of(people: People) -> None:
    await bought(people, 1)
    await bought(people, 2)
    await people.wait_for_payout()

    now = people.clock.now()
    window = Window(start=now - timedelta(days=3), end=now + timedelta(hours=1))
    [payout] = [each async for each in people.gateway.payouts_in(window)]
    parts = [each async for each in people.gateway.paid_out_by(payout.id)]

    assert (payout.state, payout.amount, payout.automatic) == (
        "paid",
        Money.of("18.82", USD),
        True,
    )
    assert await people.gateway.read_payout(payout.id) == payout
    assert sorted((each.kind, each.net.decimal) for each in parts) == [
        ("charge", "9.41"),
        ("charge", "9.41"),
        ("payout", "-18.82"),
    ]
    assert [each.object_id for each in await told(people, None, "payout.paid")] == [payout.id]


# -- Usage ----------------------------------------------------------------------------------------


async def test_usage_is_metered_sent_streamed_and_withdrawn(people: People) -> None:
    gateway = people.gateway
    customer = await gateway.save_customer(CustomerDraft(name="Acme"), key="cus")
    meter = await gateway.save_meter(MeterDraft(name="Tokens", event_name="tokens"), key="m")
    again = await gateway.save_meter(MeterDraft(name="Tokens", event_name="tokens"), key="m2")
    usage = [
        UsageDraft(
            id=f"use_{number}",
            event_name="tokens",
            customer_id=customer.id,
            quantity=str(Decimal(25)),
            occurred_at=people.clock.now(),
        )
        for number in range(3)
    ]

    assert again.id == meter.id
    await gateway.send_usage(usage[0])
    await gateway.send_usage(usage[0])
    await gateway.stream_usage(usage[1:])
    await gateway.stream_usage([])
    await gateway.withdraw_usage("tokens", "use_2", key="withdraw")
    with pytest.raises(ValueError, match="100"):
        await gateway.stream_usage(usage[:1] * 101)
