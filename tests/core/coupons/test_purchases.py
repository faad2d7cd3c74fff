"""A promotion code makes a pack cheaper on one page, and is free again if nobody pays there."""

import asyncio
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from core import payments
from core.jobs import run_due
from core.kernel.caller import Role
from core.operations.limits import Rate
from core.operations.operation import RateClass
from tests.core.checkouts.shop import Shop, open_shop
from tests.core.coupons.offers import CREDITS, coupon, discounts, give_out, offer, offered, redeem
from tests.core.settling.selling import Sold
from tests.core.wallets.bank import open_project, open_wallet, told
from tests.world import OPERATOR, RATES, World, agent

pytestmark = pytest.mark.anyio


async def reason(shop: Shop, **sent: Any) -> str:
    """Buy with a code that is refused, and return why."""
    outcome = await shop.ask("create_checkout", shop.member, pack_key="starter", **sent)
    assert outcome.error is not None, outcome.body
    facts = outcome.error.facts
    assert facts.get("field", "promotion_code") == "promotion_code"
    return str(facts.get("reason", outcome.error.code))


async def run_out(shop: Shop) -> None:
    """Let the time of every open page pass, and what follows of it be done."""
    for hours in (23, 2):
        shop.world.clock.advance(hours=hours)
        await run_due(shop.runtime)


async def test_a_pack_is_sold_for_what_the_code_leaves_and_booked_as_it_was_paid(
    world: World,
) -> None:
    shop = await open_shop(world, bonus_credits="5")
    code = await offered(world, kind="percent", percent="15")

    checkout = await shop.buy(promotion_code=code.lower(), quantity=2)

    assert (checkout["price"], checkout["discount"], checkout["currency"]) == (
        "17.00",
        "3.00",
        "USD/2",
    )
    [page] = shop.provider.all(payments.Checkout)
    assert page.total
    assert page.total.decimal == "17.00"
    [held] = await discounts(world, shop.project)
    assert (held["id"], held["state"], held["reference"]) == (
        checkout["discount_id"],
        "reserved",
        checkout["id"],
    )
    shop.provider.pay(await shop.page_of(checkout))
    for _ in range(2):
        await shop.hear(again=True)
    paid = await shop.poll(checkout)
    assert (paid["payment_status"], paid["credits"]) == ("succeeded", "2000.000000")
    payment = await shop.must("get_payment", payment_id=paid["payment_id"])
    assert (payment["received"], payment["amount"]) == ("17.00", "17.00")
    assert await shop.available() == "2010.000000"
    assert (await shop.accounts())["clearing USD/2"] == 1700
    await run_out(shop)
    [used] = await discounts(world, shop.project, include_ended=True)
    assert (used["state"], used["periods_left"]) == ("used", 0)
    assert (await coupon(world))["redeemed"] == 1
    assert len(await told(world, "discount.used_up")) == 1
    await shop.must_agree()


async def test_less_than_what_the_code_leaves_buys_nothing(world: World) -> None:
    shop = await open_shop(world)
    code = await offered(world)
    checkout = await shop.buy(promotion_code=code)

    shop.provider.pay_less(await shop.page_of(checkout), 1)
    await shop.hear()

    paid = await shop.poll(checkout)
    assert (paid["price"], paid["payment_status"]) == ("8.00", "underpaid")
    assert await shop.available() == "0.000000"
    await run_out(shop)
    [used] = await discounts(world, shop.project, include_ended=True)
    assert used["state"] == "used"
    await shop.must_agree()


async def test_a_page_that_nobody_paid_on_gives_the_code_back(world: World) -> None:
    shop = await open_shop(world)
    await offer(world, kind="amount", amount="4.00", asset="USD/2", redemptions_max=1)
    code = await give_out(world, redemptions_max=1)
    checkout = await shop.buy(promotion_code=code)
    assert checkout["price"] == "6.00"
    assert await reason(shop, promotion_code=code) == "used_by_project"
    other = await open_project(world, "Heron")
    checked = await shop.must("check_promotion_code", agent(Role.ADMIN, other), code=code)
    assert checked["reason"] == "used_up", "held is redeemed for everybody else"

    await run_out(shop)

    assert (await shop.poll(checkout))["state"] == "expired"
    [released] = await discounts(world, shop.project, include_ended=True)
    assert released["state"] == "released"
    assert (await coupon(world))["redeemed"] == 0
    assert (await redeem(world, other, code))["state"] == "active"
    assert len(await told(world, "discount.released")) == 1


async def test_a_page_that_is_over_gives_the_code_back_at_once_to_who_tries_again(
    world: World,
) -> None:
    shop = await open_shop(world)
    code = await offered(world)
    first = await shop.buy(promotion_code=code)
    shop.provider.expire(await shop.page_of(first))
    await shop.hear()

    second = await shop.buy(promotion_code=code)

    assert (second["price"], second["state"]) == ("8.00", "open")
    states = [each["state"] for each in await discounts(world, shop.project, include_ended=True)]
    assert states == ["released", "reserved"]


async def test_a_code_of_a_page_that_is_over_is_free_for_a_bill_as_the_check_tells(
    world: World,
) -> None:
    shop = await open_shop(world)
    await offer(world, redemptions_max=1, first_purchase_only=True)
    code = await give_out(world, redemptions_max=1)
    checkout = await shop.buy(promotion_code=code)
    held = await shop.must("check_promotion_code", code=code)
    shop.provider.expire(await shop.page_of(checkout))
    await shop.hear()

    free = await shop.must("check_promotion_code", code=code)
    other = agent(Role.ADMIN, await open_project(world, "Heron"))
    elsewhere = await shop.must("check_promotion_code", other, code=code)

    assert (held["reason"], free["reason"], free["redeemable"]) == ("used_by_project", None, True)
    assert "for a checkout that is not over" in held["explanation"]
    assert elsewhere["reason"] == "used_up", "a check gives nothing back"
    assert (await redeem(world, shop.project, code))["state"] == "active"
    states = [each["state"] for each in await discounts(world, shop.project, include_ended=True)]
    assert states == ["released", "active"]
    assert (await coupon(world))["redeemed"] == 1


async def test_a_page_that_the_provider_refuses_gives_the_code_back(world: World) -> None:
    shop = await open_shop(world)
    code = await offered(world)
    shop.gateway.failures = [payments.ProviderRefused("No such thing is sold.", "refused")]
    refused = await shop.ask(
        "create_checkout", shop.member, pack_key="starter", promotion_code=code
    )
    assert refused.error is not None

    assert (await shop.buy(promotion_code=code))["price"] == "8.00"


async def test_the_price_of_a_page_stays_whatever_becomes_of_the_offer(world: World) -> None:
    shop = await open_shop(world)
    code = await offered(world)
    shop.gateway.away = True
    waiting = await shop.buy(promotion_code=code)
    assert waiting["state"] == "opening"
    shop.gateway.away = False
    await shop.must("archive_coupon", OPERATOR, coupon_key="launch")
    await shop.must("update_credit_pack", OPERATOR, pack_key="starter", price="99.00", name="X")
    world.clock.advance(seconds=30)
    await run_due(shop.runtime)

    opened = await shop.poll(waiting)
    assert (opened["state"], opened["price"]) == ("open", "8.00")
    [page] = shop.provider.all(payments.Checkout)
    assert page.total
    assert page.total.decimal == "8.00"


@pytest.mark.parametrize(("comes", "becomes"), [("settle", "used"), ("bounce", "released")])
async def test_what_takes_days_to_be_paid_is_held_until_it_is_known(
    world: World, comes: str, becomes: str
) -> None:
    shop = await open_shop(world)
    code = await offered(world)
    checkout = await shop.buy(promotion_code=code)
    page = await shop.page_of(checkout)
    shop.provider.pay_later(page)
    await shop.hear()
    await run_out(shop)
    [held] = await discounts(world, shop.project)
    assert held["state"] == "reserved"

    getattr(shop.provider, comes)(page)
    await shop.hear()
    world.clock.advance(days=1)
    await run_due(shop.runtime)

    [over] = await discounts(world, shop.project, include_ended=True)
    assert over["state"] == becomes
    await shop.must_agree()


@pytest.mark.parametrize(
    ("terms", "why"),
    [
        (CREDITS, "not_for_purchases"),
        ({"kind": "trial", "trial_days": 3}, "not_for_purchases"),
        ({"kind": "amount", "amount": "1", "asset": "EUR/2"}, "another_currency"),
        (
            {"kind": "percent", "percent": "5", "minimum_amount": "10.01", "asset": "USD/2"},
            "below_minimum",
        ),
        (
            {"kind": "percent", "percent": "5", "minimum_amount": "1", "asset": "EUR/2"},
            "another_currency",
        ),
        ({"kind": "percent", "percent": "100"}, "amount_too_small"),
        ({"kind": "amount", "amount": "9.80", "asset": "USD/2"}, "amount_too_small"),
    ],
)
async def test_a_code_that_takes_nothing_off_is_refused_and_not_redeemed(
    world: World, terms: dict[str, Any], why: str
) -> None:
    shop = await open_shop(world)
    code = await offered(world, **terms)

    assert await reason(shop, promotion_code=code) == why

    assert (await coupon(world))["redeemed"] == 0
    assert await discounts(world, shop.project, include_ended=True) == []


async def test_discounts_of_bills_do_not_stand_beside_a_purchase(world: World) -> None:
    shop = await open_shop(world)
    alone = await offered(world, "alone", kind="percent", percent="50", stackable=False)
    code = await offered(world)
    await redeem(world, shop.project, alone)

    assert (await shop.buy(promotion_code=code))["price"] == "8.00"


async def test_of_ten_pages_that_race_for_the_last_redemption_exactly_one_gets_it(
    world: World,
) -> None:
    shop = await open_shop(world)
    projects = [await open_project(world, f"P{n}") for n in range(10)]
    for each in projects:
        await open_wallet(world, each, asset="CREDIT/6")
    code = await offered(world, redemptions_max=1)

    outcomes = await asyncio.gather(
        *(
            shop.ask(
                "create_checkout",
                agent(Role.MEMBER, each),
                pack_key="starter",
                promotion_code=code,
            )
            for each in projects
        )
    )

    told = Counter(str(each.error.facts["reason"]) if each.error else "done" for each in outcomes)
    assert told == {"done": 1, "used_up": 9}
    assert (await coupon(world))["redeemed"] == 1


async def test_codes_are_guessed_no_faster_by_buying(world: World) -> None:
    shop = await open_shop(world)
    world.gate = replace(world.gate, rates=RATES | {RateClass.STRICT: Rate(calls=3, seconds=60)})

    told = [await reason(shop, promotion_code=f"GUESS-{n}") for n in range(5)]

    assert told == ["promotion_code_unknown"] * 3 + ["rate_limited"] * 2
    assert (await shop.buy())["price"] == "10.00", "who names no code is not held up"


async def bounced(shop: Shop, code: str) -> dict[str, Any]:
    """Buy with a code by a method that takes days, and have the bank refuse it."""
    checkout = await shop.buy(promotion_code=code)
    page = await shop.page_of(checkout)
    shop.provider.pay_later(page)
    await shop.hear()
    shop.provider.bounce(page)
    await shop.hear()
    return checkout


async def test_one_code_does_not_discount_two_purchases_because_a_bank_pays_after_all(
    world: World,
) -> None:
    shop = await open_shop(world)
    code = await offered(world, redemptions_max=1)
    first = await bounced(shop, code)
    page = await shop.page_of(first)
    second = await shop.buy(promotion_code=code)
    shop.provider.pay(await shop.page_of(second))
    await shop.hear()
    assert await shop.available() == "1000.000000"

    shop.provider.settle(page)
    for _ in range(2):
        await shop.hear(again=True)

    late = await shop.poll(first)
    assert (late["payment_status"], late["price"], late["discount"]) == ("underpaid", "10.00", None)
    payment = await shop.must("get_payment", payment_id=late["payment_id"])
    assert (payment["amount"], payment["received"]) == ("10.00", "8.00")
    assert await shop.available() == "1000.000000"
    assert (await coupon(world))["redeemed"] == 1
    await shop.must_agree()
    back = await Sold(shop, late["payment_id"]).refund()
    given = back.unwrap()
    assert (given["state"], given["amount"]) == ("succeeded", "8.00")
    await shop.must_agree()


async def test_a_bank_that_pays_before_the_code_is_given_back_pays_what_it_left(
    world: World,
) -> None:
    shop = await open_shop(world)
    code = await offered(world)
    first = await bounced(shop, code)

    shop.provider.settle(await shop.page_of(first))
    await shop.hear()
    await run_out(shop)

    late = await shop.poll(first)
    assert (late["payment_status"], late["price"], late["discount"]) == (
        "succeeded",
        "8.00",
        "2.00",
    )
    [used] = await discounts(world, shop.project, include_ended=True)
    assert used["state"] == "used"
    await shop.must_agree()


async def test_a_code_is_given_back_once_and_the_price_raised_once(world: World) -> None:
    shop = await open_shop(world)
    code = await offered(world)
    first = await bounced(shop, code)

    for _ in range(3):
        await run_out(shop)
        assert await reason(shop, promotion_code="NONE") == "promotion_code_unknown"

    over = await shop.poll(first)
    assert (over["payment_status"], over["price"], over["discount"]) == ("failed", "10.00", None)
    assert len(await told(world, "discount.released")) == 1
