"""Money goes back, once and never too much, and takes with it what it had bought."""

import asyncio
from dataclasses import replace

import pytest

from core import payments
from core.kernel.caller import Role
from core.payments import ProviderRefused, RefundDraft
from tests.core.checkouts.shop import open_shop
from tests.core.settling.selling import Sold, sold
from tests.world import AUDITOR, OPERATOR, World, agent

pytestmark = pytest.mark.anyio

EMPTY: dict[str, int] = {}


async def test_a_whole_refund_takes_all_credits_and_leaves_every_account_empty(
    world: World,
) -> None:
    this = await sold(world, bonus_credits="100")

    told = (await this.refund(reason="duplicate")).unwrap()

    assert (told["state"], told["amount"], told["reason"]) == ("succeeded", "10.00", "duplicate")
    assert (told["credits_taken_back"], told["credits_lost"]) == ("1100.000000", "0.000000")
    assert await this.shop.accounts() == EMPTY
    assert (await this.record())["refunded"] == "10.00"
    await this.shop.must_agree()


async def test_parts_take_their_share_and_sum_to_exactly_what_was_bought(world: World) -> None:
    this = await sold(world, bonus_credits="0.000001")

    for amount in ("3.33", "3.33"):
        (await this.refund(amount)).unwrap()
    assert await this.shop.available() == "334.000001"
    await this.shop.must_agree()
    (await this.refund()).unwrap()

    assert await this.shop.accounts() == EMPTY
    await this.shop.must_agree()


async def test_the_same_key_refunds_once_and_other_arguments_are_refused(world: World) -> None:
    this = await sold(world)

    first, again = [(await this.refund("4", key="once")).unwrap() for _ in range(2)]
    other = await this.refund("5", key="once")

    assert first == again
    assert other.error.code == "idempotency_key_reused"
    assert len(list(this.shop.provider.all(payments.Refund))) == 1
    await this.shop.must_agree()


async def test_more_than_is_left_is_refused_before_the_provider_is_asked(world: World) -> None:
    this = await sold(world)

    over = await this.refund("10.01")
    (await this.refund("9.99")).unwrap()
    asked = len(this.shop.gateway.asked)
    more = await this.refund("0.02")
    (await this.refund("0.01")).unwrap()
    none = await this.refund()

    assert [each.error.code for each in (over, more, none)] == [
        "refund_too_large",
        "refund_too_large",
        "already_refunded",
    ]
    assert (more.error.amount.decimal, more.error.refundable.decimal) == ("0.02", "0.01")
    assert len(this.shop.gateway.asked) == asked + 1


@pytest.mark.parametrize("amount", ["0", "-1", "0.001", "1e3", ""])
async def test_an_amount_that_is_none_is_refused(world: World, amount: str) -> None:
    this = await sold(world)
    here = {"project_id": this.shop.project, "payment_id": this.payment}

    assert await this.shop.refused("refund_payment", OPERATOR, **here, amount=amount) == (
        "invalid_request"
    )


async def test_what_is_not_paid_is_not_refunded(world: World) -> None:
    shop = await open_shop(world)
    checkout = await shop.buy()

    code = (await Sold(shop, checkout["payment_id"]).refund()).error.code
    nobodys = (await Sold(shop, "pay_01jd3x8k5vq2m7r9t4w6y0z1ab").refund()).error.code

    assert (code, nobodys) == ("payment_not_refundable", "payment_not_found")


async def test_of_ten_who_refund_all_of_it_at_once_exactly_one_does(world: World) -> None:
    this = await sold(world)

    outcomes = await asyncio.gather(*(this.refund() for _ in range(10)))

    assert sorted(each.error.code for each in outcomes if each.error) == ["already_refunded"] * 9
    assert len(list(this.shop.provider.all(payments.Refund))) == 1
    assert await this.shop.accounts() == EMPTY
    await this.shop.must_agree()


async def test_what_was_spent_is_lost_by_name_and_the_wallet_stays_above_its_floor(
    world: World,
) -> None:
    this = await sold(world, bonus_credits="100")
    await this.spend("950")

    told = (await this.refund()).unwrap()

    assert (told["credits_taken_back"], told["credits_lost"]) == ("150.000000", "950.000000")
    assert await this.shop.available() == "0.000000"
    accounts = await this.shop.accounts()
    assert accounts["losses CREDIT/6"] == 950_000_000
    assert accounts.keys() == {"losses CREDIT/6", "wallet CREDIT/6"}
    await this.shop.must_agree()


async def test_the_payments_own_grants_are_taken_before_all_others(world: World) -> None:
    this = await sold(world)
    gift = {"wallet_id": this.shop.wallet, "amount": "500", "priority": 1}
    await this.shop.must("grant_credits", OPERATOR, project_id=this.shop.project, **gift)

    (await this.refund("5")).unwrap()

    grants = (await this.shop.must("list_grants", wallet_id=this.shop.wallet))["items"]
    assert {each["source"]: each["remaining"] for each in grants} == {
        "grant": "500.000000",
        "purchase": "500.000000",
    }
    await this.shop.must_agree()


async def test_a_refund_made_at_the_provider_converges_to_one_row(world: World) -> None:
    this = await sold(world)
    external = (await this.record())["provider_payment_id"]
    await this.shop.gateway.refund(RefundDraft(payment_id=external), key="by hand")

    for _ in range(3):
        await this.shop.hear("refund.created", again=True)

    [told] = (await this.shop.must("list_refunds", payment_id=this.payment))["items"]
    assert (told["state"], told["amount"]) == ("succeeded", "10.00")
    assert await this.shop.must("get_refund", refund_id=told["id"]) == told
    assert {k for k in await this.shop.accounts() if "USD" in k} == set()
    assert (await this.refund()).error.code == "already_refunded"
    await this.shop.must_agree()


async def test_a_refund_that_fails_gives_everything_back(world: World) -> None:
    this = await sold(world, bonus_credits="100")
    before = await this.shop.accounts()
    await this.spend("300")
    told = (await this.refund("8")).unwrap()
    external = told["provider_refund_id"]
    this.shop.provider.fail_refund(external)

    for _ in range(2):
        await this.shop.hear(again=True)

    over = await this.shop.must("get_refund", refund_id=told["id"])
    assert (over["state"], over["failure_reason"]) == ("failed", "lost_or_stolen_card")
    assert await this.shop.available() == "800.000000"
    # Of both wallets together it is as before, so it is of everything else.
    after = await this.shop.accounts()
    del after["wallet CREDIT/6"], before["wallet CREDIT/6"]
    assert after == before
    assert (await this.record())["refunded"] == "0.00"
    (await this.refund()).unwrap()
    await this.shop.must_agree()


async def test_the_provider_says_why_it_gives_nothing_back_each_time(world: World) -> None:
    this = await sold(world)
    refusal = ProviderRefused("The balance is too low.", "balance_insufficient")
    this.shop.gateway.failures = [refusal]

    answers = [await this.refund(key="once") for _ in range(2)]

    assert [each.error.facts for each in answers] == [refusal.facts] * 2
    assert (await this.record())["refunded"] == "0.00"
    assert (await this.refund()).unwrap()["state"] == "succeeded"


async def test_an_answer_that_was_lost_is_asked_for_again_and_money_moves_once(
    world: World,
) -> None:
    this = await sold(world)
    this.shop.gateway.lost_answers = 1

    first = (await this.refund(key="once")).unwrap()
    world.clock.advance(seconds=5)
    again = (await this.refund(key="once")).unwrap()

    assert (first["state"], again["state"]) == ("asked", "succeeded")
    assert len(list(this.shop.provider.all(payments.Refund))) == 1
    assert await this.shop.accounts() == EMPTY
    await this.shop.must_agree()


async def test_only_operators_refund(world: World) -> None:
    this = await sold(world)
    here = {"project_id": this.shop.project, "payment_id": this.payment}

    for caller in (
        agent(Role.OWNER, this.shop.project),
        AUDITOR,
        replace(this.shop.admin, role=Role.OWNER),
    ):
        assert await this.shop.refused("refund_payment", caller, **here) == "not_allowed"
