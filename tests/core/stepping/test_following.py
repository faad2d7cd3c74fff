"""What the provider bills is followed: states, plans held, credits and books, in every order."""

import asyncio
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from core import inbox, payments, stepping, subscriptions
from core.kernel.caller import SYSTEM
from core.kernel.money import Asset, Money
from core.lifecycles import State
from core.stepping import STATES, keeping
from core.subscriptions import BilledByProvider, Ending, renew_subscriptions
from core.subscriptions.renewing import due_after
from tests.core.stepping.agency import Agency, become_customer, open_agency, there
from tests.core.subscriptions.counter import credits
from tests.world import PROJECT, World

pytestmark = pytest.mark.anyio

USD = Asset("USD", 2)
MONTH = 2000
CREDITS = 5_000_000_000
"""What a month of the plan brings, in the wallet's smallest unit."""


async def subscribed(agency: Agency, **more: int) -> str:
    made = agency.billing.subscribe(agency.customer_id, {agency.prices["pro"]: 1}, **more)
    await agency.hear()
    return made.id


async def pass_months(agency: Agency, months: int) -> None:
    for _ in range(months):
        agency.world.clock.advance(days=31)
        agency.billing.catch_up()
        await agency.hear()


def paid_by(agency: Agency, provider_id: str) -> str:
    """Return the provider's name of the payment that paid the newest invoice."""
    [settled] = agency.billing.invoices(provider_id)[-1].settlements
    return settled.payment_id or ""


# -- One life -------------------------------------------------------------------------------------


async def test_it_is_held_with_its_period_and_its_credits_come_once(world: World) -> None:
    agency = await open_agency(world)
    provider_id = await subscribed(agency)

    one = await agency.one()
    original = agency.billing.find(provider_id)
    assert (one.state, one.choice.plan_key, one.provider_id) == (State.ACTIVE, "pro", provider_id)
    assert (one.period_start_at, one.period_end_at) == (
        original.items[0].start_at,
        original.items[0].end_at,
    )
    assert await agency.holds() == {"pro"}
    books = await agency.accounts()
    assert books["wallet CREDIT/6"] == CREDITS
    assert books["deferred USD/2"] == MONTH
    assert books["clearing USD/2"] == MONTH - 88, "the processor keeps its fee"
    assert books["fees USD/2"] == 88
    assert "exchange USD/2" not in books
    await agency.must_agree()


async def test_each_paid_period_brings_its_credits_and_is_earned_as_it_passes(
    world: World,
) -> None:
    agency = await open_agency(world)
    await subscribed(agency)

    await pass_months(agency, 2)
    agency.world.clock.advance(days=40)
    async with world.database.begin(SYSTEM) as work:
        await stepping.earning.earn_due(work, 50)

    one = await agency.one()
    bills = await agency.counter.bills(one)
    assert [each.total.amount for each in bills] == [MONTH, MONTH, MONTH]
    assert {each.paid_at is not None for each in bills} == {True}
    books = await agency.accounts()
    assert books["revenue USD/2"] == 3 * MONTH
    assert "deferred USD/2" not in books
    await agency.must_agree()


async def test_a_trial_is_told_of_once_and_then_billed(world: World) -> None:
    agency = await open_agency(world)
    provider_id = await subscribed(agency, trial_days=14)
    assert (await agency.one()).state is State.TRIALING
    assert (await agency.accounts())["wallet CREDIT/6"] == CREDITS

    agency.world.clock.advance(days=11, hours=1)
    agency.billing.warn(provider_id)
    agency.billing.warn(provider_id)
    await agency.hear()
    agency.world.clock.advance(days=3)
    agency.billing.catch_up()
    await agency.hear()

    one = await agency.one()
    verbs = [verb for _, verb, _, _ in await agency.counter.history(one)]
    assert one.state is State.ACTIVE
    assert verbs == ["create", "notice", "convert"]
    await agency.must_agree()


@pytest.mark.parametrize("state", STATES)
async def test_every_state_there_is_one_here_and_says_whether_the_plan_is_held(
    world: World, state: str
) -> None:
    agency = await open_agency(world)
    provider_id = await subscribed(agency)

    agency.billing.become(provider_id, state)
    await agency.hear()

    one = await agency.one()
    assert one.state is STATES[state]
    assert await agency.holds() == ({"pro"} if state in SERVED else set())
    await agency.must_agree()


SERVED = {"trialing", "active", "past_due"}


async def test_all_states_of_the_provider_are_ones_of_ours() -> None:
    assert STATES == {
        "incomplete": State.DRAFT,
        "incomplete_expired": State.EXPIRED,
        "trialing": State.TRIALING,
        "active": State.ACTIVE,
        "past_due": State.PAST_DUE,
        "unpaid": State.SUSPENDED,
        "paused": State.PAUSED,
        "canceled": State.CANCELED,
    }


async def test_collection_that_is_paused_is_no_state_and_access_goes_on(world: World) -> None:
    agency = await open_agency(world)
    provider_id = await subscribed(agency)
    before = await agency.one()

    agency.billing.pause_collection(provider_id, paused=True)
    await agency.hear()

    assert await agency.one() == before
    assert await agency.holds() == {"pro"}


async def test_another_plan_is_held_at_once_and_brings_what_it_has_more(world: World) -> None:
    agency = await open_agency(world)
    await agency.publish("max", "60", included=credits("8000"))
    provider_id = await subscribed(agency)
    half = (await agency.one()).period.end_at - (await agency.one()).period.start_at

    agency.world.clock.instant += half / 2
    agency.billing.change(provider_id, {agency.prices["max"]: 1})
    await agency.hear()

    one = await agency.one()
    assert (one.choice.plan_key, await agency.holds()) == ("max", {"max"})
    assert (await agency.accounts())["wallet CREDIT/6"] == CREDITS + 1_500_000_000
    assert [each.total.amount for each in await agency.counter.bills(one)] == [2000, 2000]
    await agency.must_agree()


# -- Nothing of ours moves it ---------------------------------------------------------------------


async def test_our_clock_neither_renews_nor_bills_it(world: World) -> None:
    agency = await open_agency(world)
    await subscribed(agency)
    before, bills = await agency.one(), await agency.counter.bills(await agency.one())

    agency.world.clock.advance(days=100)
    await agency.do(renew_subscriptions)

    assert await due_after(world.database, None) == []
    async with world.database.begin(SYSTEM) as work:
        assert await subscriptions.step(work.within(PROJECT), before.id) is None
    assert await agency.one() == before
    assert await agency.counter.bills(before) == bills


async def test_what_is_billed_there_is_changed_there(world: World) -> None:
    agency = await open_agency(world)
    provider_id = await subscribed(agency)
    one = await agency.one()

    for verb in (
        subscriptions.pause,
        subscriptions.resume,
        subscriptions.reactivate,
        subscriptions.suspend,
    ):
        with pytest.raises(BilledByProvider) as refused:
            await agency.counter.do(verb, one)
        assert refused.value.provider_id == provider_id
    with pytest.raises(BilledByProvider):
        await agency.counter.do(subscriptions.cancel, one, how=Ending(at_once=True))
    with pytest.raises(BilledByProvider):
        await agency.counter.change(one, "pro", quantities={"fee": 2})
    assert await agency.one() == one


async def test_what_was_read_before_a_later_reading_was_applied_is_not_applied(
    world: World,
) -> None:
    agency = await open_agency(world)
    provider_id = await subscribed(agency)

    old = await agency.gateway.read_subscription(provider_id)
    with pytest.raises(inbox.Overtaken):
        async with world.database.begin(SYSTEM) as work:
            await keeping.keep(work, old, 0)


# -- What nobody here knows -----------------------------------------------------------------------


async def test_what_is_of_nobody_we_know_is_shown_and_applied_once_it_is(world: World) -> None:
    agency = await open_agency(world)
    agency.customer_id = await there(agency, "stranger")
    provider_id = await subscribed(agency)

    [kept] = await agency.kept()
    assert (kept.provider_id, kept.problem) == (provider_id, "unknown_customer")
    assert agency.customer_id in kept.reason
    assert await agency.mirrored() == []
    assert await agency.accounts() == {}

    await become_customer(agency, agency.customer_id, generation=2)
    await agency.look()

    one = await agency.one()
    [kept] = await agency.kept()
    assert (one.state, kept.problem, kept.subscription_id) == (State.ACTIVE, None, one.id)
    assert (await agency.accounts())["wallet CREDIT/6"] == CREDITS
    await agency.must_agree()


async def test_a_price_that_is_not_on_our_shelf_is_told_and_applied_never_by_halves(
    world: World,
) -> None:
    agency = await open_agency(world)
    product = await agency.gateway.save_product(payments.ProductDraft(name="Else"), key="else")
    draft = payments.PriceDraft(product_id=product.id, unit=Money.of("7.00", USD), interval="month")
    foreign = await agency.gateway.save_price(draft, key="foreign")
    prices = {agency.prices["pro"]: 1, foreign.id: 1}

    agency.billing.subscribe(agency.customer_id, prices)
    await agency.hear()
    await agency.look()

    [kept] = await agency.kept()
    assert kept.problem == "unknown_price"
    assert foreign.id in kept.reason
    assert (await agency.mirrored(), await agency.holds()) == ([], set())
    assert await agency.unmatched() == [(kept.provider_id, "unknown_price")], "it is told once"


async def test_a_second_one_of_a_product_is_reported_and_replaces_nothing(world: World) -> None:
    agency = await open_agency(world)
    await agency.counter.plan("mine", "10")
    ours = await agency.counter.subscribe("mine")

    provider_id = await subscribed(agency)

    [kept] = await agency.kept()
    assert (kept.provider_id, kept.problem) == (provider_id, "already_subscribed")
    assert ours.id in kept.reason or "app" in kept.reason
    assert [each.id for each in await agency.mirrored()] == [ours.id]
    assert await agency.holds() == {"mine"}

    await agency.counter.cancel(ours, at_once=True)
    await agency.do(stepping.apply_provider_subscription, provider_id=provider_id)

    assert await agency.holds() == {"pro"}
    assert (await agency.accounts())["wallet CREDIT/6"] == CREDITS


async def test_a_draft_that_nobody_paid_gives_way(world: World) -> None:
    agency = await open_agency(world)
    await agency.counter.plan("mine", "10")
    ours = await agency.counter.subscribe("mine", when_paid=True)

    await subscribed(agency)

    states = {each.id: each.state for each in await agency.mirrored()}
    assert states.pop(ours.id) is State.EXPIRED
    assert list(states.values()) == [State.ACTIVE]


# -- Money that goes back -------------------------------------------------------------------------


async def test_what_is_refunded_there_is_taken_off_what_was_earned_and_off_its_taxes(
    world: World,
) -> None:
    agency = await open_agency(world)
    agency.billing.tax_percent = 20
    provider_id = await subscribed(agency)
    [invoice] = agency.billing.invoices(provider_id)
    assert (await agency.accounts())["tax USD/2"] == 400
    payment_id = paid_by(agency, invoice.subscription_id or "")

    refund = payments.RefundDraft(payment_id=payment_id, amount=Money.of("6.00", USD))
    await agency.gateway.refund(refund, key="half")
    await agency.hear()

    books = await agency.accounts()
    assert (books["tax USD/2"], books["deferred USD/2"]) == (300, 1500)
    assert "exchange USD/2" not in books
    await agency.must_agree()

    whole = payments.RefundDraft(payment_id=payment_id)
    given = await agency.gateway.refund(whole, key="rest")
    await agency.hear()
    books = await agency.accounts()
    assert {"tax USD/2", "deferred USD/2", "exchange USD/2"}.isdisjoint(books)
    await agency.must_agree()

    agency.gateway.provider.fail_refund(given.id)
    await agency.hear()
    books = await agency.accounts()
    assert (books["tax USD/2"], books["deferred USD/2"]) == (300, 1500)
    await agency.must_agree()


async def test_a_fee_that_is_known_later_is_booked_when_it_is(world: World) -> None:
    agency = await open_agency(world)
    provider = agency.gateway.provider
    made = agency.billing.subscribe(agency.customer_id, {agency.prices["pro"]: 1})
    payment = provider.find(payments.Payment, paid_by(agency, made.id))
    provider.kept[payment.id] = replace(payment, processor_transaction_id=None)
    await agency.hear()
    assert "fees USD/2" not in await agency.accounts()

    provider.kept[payment.id] = payment
    provider.tell_of_charge(payment.id, "charge.updated")
    await agency.hear()
    report = await agency.reconcile()

    assert (await agency.accounts())["fees USD/2"] == 88
    assert (report.state, report.counts["payments"]) == ("clean", 1)
    await agency.must_agree()


async def test_money_that_came_elsewhere_is_at_the_bank(world: World) -> None:
    agency = await open_agency(world)
    agency.billing.broken.add(agency.customer_id)
    provider_id = await subscribed(agency)
    assert (await agency.one()).state is State.DRAFT

    [invoice] = agency.billing.invoices(provider_id)
    agency.billing.pay(invoice.id, elsewhere=True)
    await agency.hear()

    books = await agency.accounts()
    assert (books["bank USD/2"], books["deferred USD/2"]) == (MONTH, MONTH)
    assert (await agency.one()).state is State.ACTIVE
    await agency.must_agree()


# -- Every order ----------------------------------------------------------------------------------


async def live(agency: Agency) -> None:
    """Live at the provider: a trial, months, a dearer plan, a card that fails, a pause, an end."""
    billing, prices = agency.billing, agency.prices
    provider_id = billing.subscribe(agency.customer_id, {prices["pro"]: 1}, trial_days=14).id
    for step in (
        lambda: None,
        lambda: billing.change(provider_id, {prices["max"]: 1}),
        lambda: billing.broken.add(agency.customer_id),
        lambda: billing.pay(billing.invoices(provider_id)[-1].id),
        billing.broken.clear,
        lambda: billing.pause(provider_id),
        lambda: billing.resume(provider_id),
        lambda: billing.cancel_at_end(provider_id),
    ):
        step()
        agency.world.clock.advance(days=16)
        billing.catch_up()


async def told_of(agency: Agency) -> dict[str, Any]:
    """Say how everything ended, without the names that are made anew each time."""
    one = await agency.one()
    bills = await agency.counter.bills(one)
    return {
        "state": one.state,
        "plan": one.choice.plan_key,
        "period": (one.period_start_at, one.period_end_at, one.ended_at),
        "holds": await agency.holds(),
        "bills": sorted((each.total.amount, str(each.credits)) for each in bills),
        "books": await agency.accounts(),
        "kept": [(each.state, each.problem) for each in await agency.kept()],
    }


@pytest.mark.parametrize("seed", range(2))
async def test_events_in_any_order_thrice_or_not_at_all_end_in_the_same(
    world: World, seed: int
) -> None:
    agency = await open_agency(world)
    await agency.publish("max", "60", included=credits("8000"))
    await live(agency)
    events, random = list(agency.gateway.provider.events), Random(seed)  # noqa: S311 - a seed that can be told
    about = [each for each in events if each.type.startswith(("customer.sub", "invoice", "charge"))]

    storm = about * 3
    random.shuffle(storm)
    storm = [each for each in storm if random.randrange(10) > 2]
    half = len(storm) // 2
    for part in (storm[:half], storm[half:]):
        await asyncio.gather(agency.hear(part[::2]), agency.hear(part[1::2]))
    await agency.look()
    ended = await told_of(agency)

    await agency.hear(events)
    await agency.look()
    assert await told_of(agency) == ended, "all of it again, in order, changes nothing"
    paid = [each for each in agency.billing.invoices(agency.provider_id) if each.is_paid]
    assert len(ended["bills"]) == len(paid)
    await agency.must_agree()
