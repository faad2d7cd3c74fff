"""What a provider that bills by itself promises, kept by the fake and at the sandbox.

At the sandbox, requests and answers are held to the types of Stripe itself.
"""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from core.kernel.money import Asset, Money
from core.payments import ProviderObjectMissing, ProviderUnavailable, Window
from core.stepping import ProviderInvoice, ProviderSubscription
from tests.stripe.subscribers import (
    Subscribers,
    SubscribersAtTheFake,
    SubscribersAtTheSandbox,
    billing,
    customer_of,
    shelved,
)

pytestmark = pytest.mark.anyio

USD = Asset("USD", 2)
TWENTY, NOTHING = Money.of("20.00", USD), Money(0, USD)


@pytest.fixture(params=[SubscribersAtTheFake, SubscribersAtTheSandbox], ids=["fake", "sandbox"])
async def people(request: pytest.FixtureRequest) -> AsyncIterator[Subscribers]:
    people: Subscribers = request.param()
    yield people
    await people.close()


async def subscribed(
    people: Subscribers, quantity: int = 1, *, trial_days: int = 0
) -> ProviderSubscription:
    price_id = await shelved(people.gateway, TWENTY)
    customer_id = await customer_of(people.gateway)
    made = await people.subscribe(customer_id, price_id, quantity, trial_days=trial_days)
    return await seen(people, made)


async def seen(people: Subscribers, one: ProviderSubscription) -> ProviderSubscription:
    return await billing(people.gateway).read_subscription(one.id)


async def invoices(people: Subscribers, one: ProviderSubscription) -> list[ProviderInvoice]:
    """Return them, the oldest first."""
    return [each async for each in billing(people.gateway).invoices_of(one.id)][::-1]


async def told(people: Subscribers) -> list[str]:
    """Name what was told of subscriptions and their invoices, in its order."""
    return [
        each.type
        async for each in people.gateway.events_since(None)
        if each.type.startswith(("customer.subscription", "invoice.paid", "invoice.payment_fail"))
    ]


async def test_a_subscription_has_its_period_on_its_items_and_an_invoice_that_paid_it(
    people: Subscribers,
) -> None:
    one = await subscribed(people, 3)

    [item], [invoice] = one.items, await invoices(people, one)
    [line], [settled] = invoice.lines, invoice.settlements
    assert (one.state, one.asset, item.quantity) == ("active", USD, 3)
    assert one.latest_invoice_id == invoice.id
    assert timedelta(days=28) <= item.end_at - item.start_at <= timedelta(days=31)
    assert (invoice.state, invoice.reason, invoice.is_paid) == ("paid", "subscription_create", True)
    assert (invoice.total, invoice.paid) == (Money.of("60.00", USD), Money.of("60.00", USD))
    assert (invoice.tax, invoice.due, invoice.net) == (NOTHING, NOTHING, invoice.total)
    assert (invoice.subscription_id, invoice.customer_id) == (one.id, one.customer_id)
    assert (line.price_id, line.quantity, line.prorated) == (item.price_id, 3, False)
    assert (line.start_at, line.end_at) == (item.start_at, item.end_at)
    assert (settled.amount, settled.is_paid) == (invoice.total, True)
    payment = await people.gateway.read_payment(settled.payment_id or "")
    assert payment.received == invoice.total
    assert await told(people) == [
        "customer.subscription.created",
        "invoice.paid",
        "customer.subscription.updated",
    ]


async def test_a_period_follows_the_one_before_and_is_billed_once(people: Subscribers) -> None:
    one = await subscribed(people)
    [before] = one.items

    await people.wait(31)

    [after] = (await seen(people, one)).items
    assert (after.id, after.start_at) == (before.id, before.end_at)
    first, second = await invoices(people, one)
    assert [each.reason for each in (first, second)] == [
        "subscription_create",
        "subscription_cycle",
    ]
    assert (second.lines[0].start_at, second.lines[0].end_at) == (after.start_at, after.end_at)
    assert second.is_paid


async def test_a_trial_is_billed_with_nothing_and_then_the_first_period(
    people: Subscribers,
) -> None:
    one = await subscribed(people, trial_days=14)
    [free] = await invoices(people, one)
    assert (one.state, free.total, free.is_paid) == ("trialing", NOTHING, True)
    assert one.trial_ends_at == one.items[0].end_at == one.starts_at + timedelta(days=14)

    await people.wait(15)

    after = await seen(people, one)
    assert after.state == "active"
    assert after.items[0].start_at == one.trial_ends_at
    [_, paid] = await invoices(people, one)
    assert (paid.reason, paid.total, paid.is_paid) == ("subscription_cycle", TWENTY, True)


async def test_a_renewal_that_fails_leaves_it_past_due_and_its_invoice_open(
    people: Subscribers,
) -> None:
    one = await subscribed(people)
    await people.break_card(one.customer_id)

    await people.wait(31)

    after, [_, failed] = await seen(people, one), await invoices(people, one)
    assert after.state == "past_due"
    assert (failed.state, failed.due, failed.attempts) == ("open", TWENTY, 1)
    assert failed.next_attempt_at
    assert (await told(people))[-2:] == ["invoice.payment_failed", "customer.subscription.updated"]


async def test_a_change_within_a_period_gives_back_and_charges_what_is_left(
    people: Subscribers,
) -> None:
    one = await subscribed(people)
    await people.wait(10)

    await people.change(one.id, one.items[0].price_id, 4)

    after, [_, changed] = await seen(people, one), await invoices(people, one)
    assert after.items[0].quantity == 4
    assert changed.reason == "subscription_update"
    back, more = sorted(changed.lines, key=lambda each: each.amount.amount)
    assert (back.prorated, more.prorated) == (True, True)
    assert back.amount.amount < 0 < more.amount.amount
    assert changed.total.amount == back.amount.amount + more.amount.amount


async def test_what_is_to_end_says_when_and_ends_with_its_period(people: Subscribers) -> None:
    one = await subscribed(people)

    await people.cancel_at_end(one.id)
    ending = await seen(people, one)
    await people.wait(31)

    assert (ending.state, ending.cancel_at) == ("active", one.items[0].end_at)
    ended = await seen(people, one)
    assert ended.state == "canceled"
    assert ended.ended_at
    assert len(await invoices(people, one)) == 1
    assert (await told(people))[-1] == "customer.subscription.deleted"


async def test_a_pause_and_its_end_are_told_and_nothing_is_billed_meanwhile(
    people: Subscribers,
) -> None:
    one = await subscribed(people)

    await people.pause(one.id)
    paused = await seen(people, one)
    await people.resume(one.id)

    assert paused.state == "paused"
    assert (await seen(people, one)).state == "active"
    assert (await told(people))[-2:] == [
        "customer.subscription.paused",
        "customer.subscription.resumed",
    ]
    assert len(await invoices(people, one)) == 1


async def test_all_are_listed_also_those_that_ended_and_invoices_by_when_they_were_made(
    people: Subscribers,
) -> None:
    one = await subscribed(people)
    await people.cancel(one.id)
    gateway, now = billing(people.gateway), one.starts_at

    listed = [each async for each in gateway.subscriptions()]
    window = Window(start=now - timedelta(hours=1), end=now + timedelta(hours=1))
    made = [each async for each in gateway.invoices_in(window)]
    later = Window(start=window.end, end=window.end + timedelta(days=1))

    assert [(each.id, each.state) for each in listed] == [(one.id, "canceled")]
    assert [each.id for each in made] == [one.latest_invoice_id]
    assert made == await invoices(people, one)
    assert [each async for each in gateway.invoices_in(later)] == []


async def test_what_is_not_there_is_missing_and_nobody_who_is_away_says_so(
    people: Subscribers,
) -> None:
    for asked in (
        billing(people.gateway).read_subscription,
        billing(people.gateway).read_invoice,
    ):
        with pytest.raises(ProviderObjectMissing):
            await asked("gone")
    if isinstance(people, SubscribersAtTheFake):
        people.gateway.away = True
        with pytest.raises(ProviderUnavailable):
            await billing(people.gateway).read_subscription("gone")
