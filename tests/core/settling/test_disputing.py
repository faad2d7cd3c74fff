"""A payer goes to the bank: credits are frozen, then released or taken, by the status alone."""

import itertools
from dataclasses import replace

import pytest

from core.payments import DisputeState
from tests.core.settling.selling import sold
from tests.fakes.provider import DISPUTE_FEE
from tests.world import World

pytestmark = pytest.mark.anyio

OPENED = {
    "clearing USD/2": -DISPUTE_FEE,
    "disputed USD/2": 1000,
    "fees USD/2": DISPUTE_FEE,
    "exchange USD/2": 1000,
    "exchange CREDIT/6": -1_000_000_000,
    "wallet CREDIT/6": 1_000_000_000,
}


async def test_while_a_dispute_is_open_its_credits_are_frozen_and_nobody_can_free_them(
    world: World,
) -> None:
    this = await sold(world)
    shop = this.shop
    shop.provider.dispute(this.external)
    await shop.hear()

    told = await this.dispute()
    assert (told["status"], told["amount"]) == ("needs_response", "10.00")
    assert (told["frozen_credits"], await shop.available()) == ("1000.000000", "0.000000")
    assert await shop.accounts() == OPENED
    assert (await this.record())["disputed"] == "10.00"
    for settle in ("release_hold", "capture_hold"):
        assert await shop.refused(settle, hold_id=told["hold_id"]) == "hold_not_open"
    assert (await this.refund()).error.code == "payment_disputed"
    assert await shop.must("get_dispute", dispute_id=told["id"]) == told
    await shop.must_agree()


async def test_a_dispute_that_is_won_gives_credits_and_money_back(world: World) -> None:
    this = await sold(world)
    shop, before = this.shop, await this.shop.accounts()
    opened = shop.provider.dispute(this.external)
    await shop.hear()
    shop.provider.decide(opened.id, DisputeState.WON)
    await shop.hear()

    told = await this.dispute()
    assert (told["status"], told["frozen_credits"]) == ("won", "0.000000")
    assert await shop.available() == "1000.000000"
    assert await shop.accounts() == before
    assert (await this.record())["disputed"] == "0.00"
    await this.hear_again()
    assert await shop.accounts() == before
    await shop.must_agree()


async def test_a_dispute_that_is_lost_takes_the_credits_and_names_what_it_cost(
    world: World,
) -> None:
    this = await sold(world, bonus_credits="100")
    shop = this.shop
    await this.spend("300")
    opened = shop.provider.dispute(this.external)
    await shop.hear()
    assert (await this.dispute())["frozen_credits"] == "800.000000"
    shop.provider.decide(opened.id, DisputeState.LOST)
    await shop.hear()

    told = await this.dispute()
    taken = told["credits_taken_back"], told["credits_lost"], told["frozen_credits"]
    assert taken == ("800.000000", "300.000000", "0.000000")
    accounts = await shop.accounts()
    assert await shop.available() == "0.000000"
    assert accounts == {
        "clearing USD/2": -DISPUTE_FEE,
        "fees USD/2": DISPUTE_FEE,
        "losses CREDIT/6": 300_000_000,
        "wallet CREDIT/6": 300_000_000,
    }
    await this.hear_again()
    assert await shop.accounts() == accounts
    assert (await this.refund()).error.code == "payment_disputed"
    await shop.must_agree()


async def test_an_inquiry_moves_nothing_until_it_becomes_a_dispute(world: World) -> None:
    this = await sold(world)
    shop, before = this.shop, await this.shop.accounts()
    opened = shop.provider.dispute(this.external, inquiry=True)
    await shop.hear()

    assert (await this.dispute())["status"] == "warning_needs_response"
    assert (await shop.accounts(), await shop.available()) == (before, "1000.000000")
    shop.provider.decide(opened.id, DisputeState.WARNING_CLOSED)
    await shop.hear()
    assert (await this.dispute())["status"] == "warning_closed"
    assert await shop.accounts() == before
    assert (await this.refund()).unwrap()["state"] == "succeeded"
    await shop.must_agree()


@pytest.mark.parametrize("end", [DisputeState.WON, DisputeState.LOST])
async def test_in_whatever_order_events_come_the_books_are_the_same(
    world: World, end: DisputeState
) -> None:
    this = await sold(world)
    shop = this.shop
    opened = shop.provider.dispute(this.external)
    shop.provider.decide(opened.id, end)
    events = [each for each in shop.provider.events if each.id not in shop.heard]
    told, *others = itertools.islice(itertools.permutations(events), 0, None, 5)
    shop.provider.events = list(told)
    await shop.hear()
    first = await shop.accounts()

    for order in others:
        shop.provider.events = list(order)
        await this.hear_again()
        assert await shop.accounts() == first
    assert (await this.dispute())["status"] == str(end)
    await shop.must_agree()


async def test_what_was_decided_stays_decided_when_an_old_picture_comes_late(world: World) -> None:
    this = await sold(world)
    shop = this.shop
    opened = shop.provider.dispute(this.external)
    shop.provider.decide(opened.id, DisputeState.LOST)
    await shop.hear("charge.dispute.closed")
    lost = await shop.accounts()

    shop.gateway.away = True
    await shop.hear()

    assert (await this.dispute())["status"] == "lost"
    assert await shop.accounts() == lost
    await shop.must_agree()


async def test_a_dispute_that_is_lost_is_not_open_again_whatever_is_read(world: World) -> None:
    this = await sold(world)
    shop = this.shop
    opened = shop.provider.dispute(this.external)
    lost = shop.provider.decide(opened.id, DisputeState.LOST)
    await shop.hear()
    before = await shop.accounts()

    stale = replace(lost, state=DisputeState.UNDER_REVIEW)
    shop.provider.keep(stale, "charge.dispute.updated")
    await shop.hear()

    told = await this.dispute()
    assert (told["status"], told["frozen_credits"]) == ("lost", "0.000000")
    assert await shop.accounts() == before
    await shop.must_agree()


async def test_a_dispute_is_heard_of_before_its_payment_is(world: World) -> None:
    this = await sold(world)
    shop = this.shop
    checkout = await shop.buy()
    shop.provider.pay(await shop.page_of(checkout))
    shop.provider.dispute(this.external)

    await shop.hear("charge.dispute.created")

    [told] = (await shop.must("list_disputes"))["items"]
    assert told["payment_id"] == checkout["payment_id"]
    assert await shop.available() == "1000.000000"
    await shop.hear()
    await shop.must_agree()
