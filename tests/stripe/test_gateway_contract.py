"""What the payment gateway promises, kept by the fake, and by Stripe's adapter at the sandbox."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from core.kernel.money import Asset, Money
from core.payments import (
    AmountTooSmall,
    Checkout,
    CheckoutDraft,
    CheckoutLine,
    CheckoutMode,
    CheckoutState,
    CustomerDraft,
    DisputeState,
    OffSessionDraft,
    PaidState,
    Payment,
    PaymentDeclined,
    PaymentState,
    PortalDraft,
    PriceDraft,
    ProductDraft,
    ProviderKeyReused,
    ProviderRefused,
    ProviderUnavailable,
    RefundDraft,
    RefundState,
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


async def customer(people: People) -> str:
    draft = CustomerDraft(name="Acme", email="a@example.com", metadata={"project_id": "prj_1"})
    return (await people.gateway.save_customer(draft, key="cus")).id


async def opened(people: People, mode: CheckoutMode = CheckoutMode.PAYMENT) -> Checkout:
    line = CheckoutLine(name="1,000 credits", unit=TEN)
    draft = CheckoutDraft(
        mode=mode,
        customer_id=await customer(people),
        reference="chk_1",
        success_url="https://bursar.test/paid",
        cancel_url="https://bursar.test/left",
        lines=() if mode == CheckoutMode.SETUP else (line,),
        currency=USD if mode == CheckoutMode.SETUP else None,
        metadata={"checkout_id": "chk_1"},
    )
    return await people.gateway.open_checkout(draft, key="chk_1:1")


async def paid(people: People, kind: str = "pays") -> Payment:
    checkout = await opened(people)
    await people.pay(checkout, kind)
    seen = await people.gateway.read_checkout(checkout.id)
    return await people.gateway.read_payment(seen.payment_id or "")


async def off_session(people: People, kind: str = "pays") -> OffSessionDraft:
    customer_id = await customer(people)
    method_id = await people.leave_method(customer_id, kind)
    return OffSessionDraft(
        customer_id=customer_id, method_id=method_id, amount=TEN, metadata={"topup_id": "top_1"}
    )


def whole(people: People) -> Window:
    now = people.clock.now()
    return Window(start=now - timedelta(hours=1), end=now + timedelta(hours=1))


# -- Keys -----------------------------------------------------------------------------------------


async def test_asked_twice_with_one_key_it_happens_once(people: People) -> None:
    draft = CustomerDraft(name="Acme")

    first = await people.gateway.save_customer(draft, key="k")
    again = await people.gateway.save_customer(draft, key="k")

    assert again == first


async def test_one_key_with_other_contents_is_refused(people: People) -> None:
    await people.gateway.save_customer(CustomerDraft(name="Acme"), key="k")

    with pytest.raises(ProviderKeyReused):
        await people.gateway.save_customer(CustomerDraft(name="Heron"), key="k")


async def test_a_payment_whose_answer_was_lost_is_made_once(people: People) -> None:
    draft = await off_session(people)
    people.lose_an_answer()
    with pytest.raises(ProviderUnavailable):
        await people.gateway.pay_off_session(draft, key="top_1:1")

    payment = await people.gateway.pay_off_session(draft, key="top_1:1")

    made = [each async for each in people.gateway.payments_in(whole(people))]
    assert [each.id for each in made] == [payment.id]


# -- Customers and methods ------------------------------------------------------------------------


async def test_a_customer_is_made_changed_and_read(people: People) -> None:
    customer_id = await customer(people)

    change = CustomerDraft(id=customer_id, name="Acme Robotics")
    await people.gateway.save_customer(change, key="cus:2")

    seen = await people.gateway.read_customer(customer_id)
    assert (seen.name, seen.email) == ("Acme Robotics", "a@example.com")
    assert seen.metadata == {"project_id": "prj_1"}
    assert not seen.live


async def test_the_portal_is_a_page_of_one_customer(people: People) -> None:
    draft = PortalDraft(customer_id=await customer(people), return_url="https://bursar.test/")

    assert (await people.gateway.open_portal(draft, key="bps")).startswith("http")


async def test_methods_are_listed_made_the_default_and_detached(people: People) -> None:
    gateway, customer_id = people.gateway, await customer(people)
    first = await people.leave_method(customer_id)
    second = await people.leave_method(customer_id, "declines")

    await gateway.set_default_method(customer_id, first, key="default")

    assert (await gateway.read_customer(customer_id)).default_method_id == first
    assert {each.id for each in await gateway.list_methods(customer_id)} == {first, second}
    method = await gateway.detach_method(first, key="detach")
    assert method.customer_id is None
    assert (method.kind, method.brand, method.last4) == ("card", "visa", "4242")
    assert (await gateway.detach_method(first, key="detach again")).id == first
    assert [each.id for each in await gateway.list_methods(customer_id)] == [second]


# -- What is for sale -----------------------------------------------------------------------------


async def test_products_and_prices_are_put_up_and_archived(people: People) -> None:
    gateway = people.gateway
    product = await gateway.save_product(ProductDraft(name="Credits"), key="prod")
    draft = PriceDraft(product_id=product.id, unit=TEN, metadata={"price_id": "prc_1"})
    price = await gateway.save_price(draft, key="prc")

    assert (price.product_id, price.unit, price.active) == (product.id, TEN, True)
    assert price.metadata == {"price_id": "prc_1"}
    assert not (await gateway.archive_price(price.id, key="off")).active
    assert not (await gateway.archive_price(price.id, key="off again")).active
    assert not (await gateway.archive_product(product.id, key="gone")).active
    renamed = replace(ProductDraft(name="More credits"), id=product.id)
    back = await gateway.save_product(renamed, key="back")
    assert (back.name, back.active) == ("More credits", True)


async def test_what_cannot_be_paid_is_refused_before_anybody_is_asked(people: People) -> None:
    draft = PriceDraft(product_id="prod_nobody_asks", unit=Money(49, USD))

    with pytest.raises(AmountTooSmall):
        await people.gateway.save_price(draft, key="prc")


# -- Checkouts ------------------------------------------------------------------------------------


async def test_a_checkout_is_open_until_it_is_paid(people: People) -> None:
    checkout = await opened(people)

    assert (checkout.state, checkout.paid) == (CheckoutState.OPEN, PaidState.UNPAID)
    assert checkout.url
    assert (checkout.reference, checkout.total) == ("chk_1", TEN)
    await people.pay(checkout)
    seen = await people.gateway.read_checkout(checkout.id)
    assert (seen.state, seen.paid) == (CheckoutState.COMPLETE, PaidState.PAID)
    payment = await people.gateway.read_payment(seen.payment_id or "")
    assert (payment.state, payment.received) == (PaymentState.SUCCEEDED, TEN)
    assert payment.refunded == Money(0, USD)
    assert payment.metadata == {"checkout_id": "chk_1"}


async def test_a_checkout_that_is_over_is_told_as_it_is(people: People) -> None:
    gateway, checkout = people.gateway, await opened(people)

    assert (await gateway.expire_checkout(checkout.id, key="1")).state == CheckoutState.EXPIRED
    assert (await gateway.expire_checkout(checkout.id, key="2")).state == CheckoutState.EXPIRED


async def test_a_paid_checkout_stays_paid_when_it_should_expire(people: People) -> None:
    checkout = await opened(people)
    await people.pay(checkout)

    seen = await people.gateway.expire_checkout(checkout.id, key="1")

    assert (seen.state, seen.paid) == (CheckoutState.COMPLETE, PaidState.PAID)


async def test_setup_keeps_a_method_and_takes_nothing(people: People) -> None:
    checkout = await opened(people, CheckoutMode.SETUP)
    await people.pay(checkout)

    seen = await people.gateway.read_checkout(checkout.id)

    assert (seen.state, seen.paid) == (CheckoutState.COMPLETE, PaidState.NOTHING_DUE)
    kept = await people.gateway.list_methods(seen.customer_id or "")
    assert [each.id for each in kept] == [seen.method_id]


@pytest.mark.parametrize(
    ("bounces", "expected"), [(False, PaidState.PAID), (True, PaidState.UNPAID)]
)
async def test_a_method_that_takes_days_is_complete_before_it_is_paid(
    people: People, *, bounces: bool, expected: PaidState
) -> None:
    checkout = await opened(people)
    await people.pay_later(checkout, bounces=bounces)
    pending = await people.gateway.read_checkout(checkout.id)

    assert (pending.state, pending.paid) == (CheckoutState.COMPLETE, PaidState.UNPAID)
    await people.wait_for_banks()
    assert (await people.gateway.read_checkout(checkout.id)).paid == expected


# -- Payments without the customer ----------------------------------------------------------------


async def test_a_kept_method_pays_while_the_customer_is_away(people: People) -> None:
    payment = await people.gateway.pay_off_session(await off_session(people), key="top_1:1")

    assert (payment.state, payment.received) == (PaymentState.SUCCEEDED, TEN)
    assert payment.metadata == {"topup_id": "top_1"}


async def test_a_decline_is_told_again_to_the_same_key(people: People) -> None:
    draft, told = await off_session(people, "declines"), []
    for _ in range(2):
        with pytest.raises(PaymentDeclined) as raised:
            await people.gateway.pay_off_session(draft, key="top_1:1")
        told.append(raised.value.facts)

    assert told[0] == told[1]
    assert told[0]["provider_code"] == "card_declined"
    assert told[0]["payment_id"]


async def test_a_bank_that_asks_for_the_customer_is_told_apart(people: People) -> None:
    with pytest.raises(PaymentDeclined) as raised:
        await people.gateway.pay_off_session(await off_session(people, "asks"), key="top_1:1")

    assert raised.value.needs_customer


async def test_a_payment_that_failed_can_be_made_impossible(people: People) -> None:
    with pytest.raises(PaymentDeclined) as raised:
        await people.gateway.pay_off_session(await off_session(people, "declines"), key="top_1:1")
    payment_id = raised.value.payment_id or ""

    canceled = await people.gateway.cancel_payment(payment_id, key="cancel")

    assert canceled.state == PaymentState.CANCELED
    again = await people.gateway.cancel_payment(payment_id, key="cancel again")
    assert again.state == PaymentState.CANCELED


async def test_a_paid_payment_stays_paid_when_it_should_be_cancelled(people: People) -> None:
    payment = await paid(people)

    seen = await people.gateway.cancel_payment(payment.id, key="cancel")

    assert seen.state == PaymentState.SUCCEEDED


# -- Refunds and disputes -------------------------------------------------------------------------


async def test_a_payment_is_refunded_in_parts_and_never_above_what_was_paid(
    people: People,
) -> None:
    gateway, payment = people.gateway, await paid(people)
    part = RefundDraft(payment_id=payment.id, amount=Money.of("4.00", USD))

    first = await gateway.refund(part, key="re:1")
    assert await gateway.refund(part, key="re:1") == first
    with pytest.raises(ProviderRefused):
        await gateway.refund(replace(part, amount=Money.of("6.01", USD)), key="re:2")
    rest = await gateway.refund(RefundDraft(payment_id=payment.id), key="re:3")

    assert (first.state, rest.amount) == (RefundState.SUCCEEDED, Money.of("6.00", USD))
    assert (await gateway.read_refund(rest.id)).payment_id == payment.id
    assert (await gateway.read_payment(payment.id)).refunded == TEN
    assert {each.id async for each in gateway.refunds_in(whole(people))} == {first.id, rest.id}


async def test_a_refund_can_fail_after_it_succeeded(people: People) -> None:
    payment = await paid(people, "refunds fail")
    refund = await people.gateway.refund(RefundDraft(payment_id=payment.id), key="re:1")

    assert refund.state == RefundState.SUCCEEDED
    await people.wait_for_banks()
    seen = await people.gateway.read_refund(refund.id)
    assert seen.state == RefundState.FAILED
    assert seen.failure_reason
    assert seen.failure_transaction_id


async def test_a_dispute_takes_the_money_and_gives_it_back_when_it_is_won(people: People) -> None:
    gateway, payment = people.gateway, await paid(people, "disputes")
    [dispute] = [each async for each in gateway.disputes_in(whole(people))]

    assert (dispute.payment_id, dispute.amount) == (payment.id, TEN)
    assert (dispute.state, dispute.is_final) == (DisputeState.NEEDS_RESPONSE, False)
    [withdrawn] = dispute.processor_transactions
    assert withdrawn.amount == -TEN
    assert (await gateway.read_payment(payment.id)).disputed
    await people.decide(dispute.id, DisputeState.WON)
    won = await gateway.read_dispute(dispute.id)
    assert (won.state, won.is_final) == (DisputeState.WON, True)
    assert sorted(each.amount.amount for each in won.processor_transactions) == [-1000, 1000]


async def test_a_lost_dispute_keeps_the_money(people: People) -> None:
    await paid(people, "disputes")
    [dispute] = [each async for each in people.gateway.disputes_in(whole(people))]

    await people.decide(dispute.id, DisputeState.LOST)

    lost = await people.gateway.read_dispute(dispute.id)
    assert lost.state == DisputeState.LOST
    assert len(lost.processor_transactions) == 1


async def test_an_inquiry_moves_no_money(people: People) -> None:
    await paid(people, "inquires")

    [dispute] = [each async for each in people.gateway.disputes_in(whole(people))]

    assert dispute.is_inquiry
    assert dispute.processor_transactions == ()
