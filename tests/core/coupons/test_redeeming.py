"""Codes are redeemed by whom they are for, as often as they may be, and never for nothing twice."""

import asyncio
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from core.kernel.caller import Role
from core.operations.limits import Rate
from core.operations.operation import RateClass
from core.operations.perform import Outcome
from tests.core.checkouts.shop import open_shop
from tests.core.coupons.offers import (
    CREDITS,
    coupon,
    discounts,
    give_out,
    last_refusals,
    offer,
    offered,
    redeem,
    why_not,
)
from tests.core.wallets.bank import (
    admin,
    ask,
    available,
    left,
    must,
    must_agree,
    open_project,
    open_wallet,
    refused,
    spend,
    told,
)
from tests.world import OPERATOR, RATES, World, agent

pytestmark = pytest.mark.anyio


def codes(outcomes: list[Outcome]) -> Counter[str]:
    """Count what came of calls: done, or the reason why not."""
    return Counter(
        str(each.error.facts.get("reason", each.error.code)) if each.error else "done"
        for each in outcomes
    )


async def race(world: World, *calls: tuple[str, str]) -> Counter[str]:
    """Have every (project, code) redeemed at once, by another agent each."""
    outcomes = await asyncio.gather(
        *(
            ask(world, "redeem_promotion_code", agent(Role.ADMIN, project, number=n), code=code)
            for n, (project, code) in enumerate(calls, 1)
        )
    )
    return codes(outcomes)


async def test_a_discount_is_kept_for_what_is_billed_next(world: World) -> None:
    project = await open_project(world)
    code = await offered(world, duration="repeating", periods=3, percent="12.50")

    redeemed = await redeem(world, project, code)

    assert redeemed == {
        "id": redeemed["id"],
        "project_id": project,
        "coupon_key": "launch",
        "name": "Offer",
        "description": None,
        "kind": "percent",
        "percent": "12.5",
        "amount": None,
        "asset": None,
        "credits_expire_after_days": None,
        "trial_days": None,
        "duration": "repeating",
        "periods": 3,
        "product_keys": [],
        "minimum_amount": None,
        "stackable": True,
        "first_purchase_only": False,
        "state": "active",
        "periods_left": 3,
        "reference": None,
        "wallet_id": None,
        "transaction_id": None,
        "redeemed_by": admin(project).subject,
        "redeemed_at": "2026-11-20T09:00:00Z",
        "ended_at": None,
    }
    assert await discounts(world, project) == [redeemed]
    assert (await coupon(world))["redeemed"] == 1
    assert len(await told(world, "promotion_code.redeemed")) == 1


async def test_a_check_tells_what_redeeming_would_and_changes_nothing(world: World) -> None:
    project = await open_project(world)
    code = await offered(world)

    checked = await must(world, "check_promotion_code", agent(project_id=project), code=code)

    assert (checked["redeemable"], checked["reason"], checked["explanation"]) == (True, None, None)
    assert (checked["offer"]["coupon_key"], checked["offer"]["percent"]) == ("launch", "20")
    assert (await coupon(world))["redeemed"] == 0
    await redeem(world, project, code)
    again = await must(world, "check_promotion_code", agent(project_id=project), code=code)
    assert (again["redeemable"], again["reason"]) == (False, "used_by_project")
    assert "as often as one project may" in again["explanation"]


async def test_credits_are_in_the_wallet_at_once_and_spent_before_what_was_paid_for(
    world: World,
) -> None:
    project = await open_project(world)
    wallet = await open_wallet(world, project, "10", asset="CREDIT/6")
    code = await offered(world, **CREDITS, credits_expire_after_days=30)

    granted = await redeem(world, project, code)

    assert (granted["state"], granted["wallet_id"]) == ("granted", wallet)
    assert (granted["periods_left"], granted["ended_at"]) == (0, "2026-11-20T09:00:00Z")
    assert await available(world, wallet) == "60.000000"
    await spend(world, wallet, "20")
    assert await left(world, wallet) == {"grant": "10.000000", "coupon": "30.000000"}
    sent = {"wallet_id": wallet}
    page = await must(world, "list_transactions", admin(project), **sent)
    [_, booked, _] = page["items"]
    assert booked["id"] == granted["transaction_id"]
    assert await discounts(world, project) == []
    assert await discounts(world, project, include_ended=True) == [granted]
    world.clock.advance(days=31)
    assert await available(world, wallet) == "10.000000"
    await must_agree(world)


async def test_credits_go_into_the_wallet_that_is_named(world: World) -> None:
    project = await open_project(world)
    for asset in ("CREDIT/6", "USD/2"):
        await open_wallet(world, project, asset=asset)
    named = await open_wallet(world, project, asset="CREDIT/6")
    code = await offered(world, **CREDITS)

    assert (await redeem(world, project, code, wallet_id=named))["wallet_id"] == named
    assert await available(world, named) == "50.000000"


async def test_credits_for_which_there_is_no_wallet_are_not_redeemed(world: World) -> None:
    project = await open_project(world)
    dollars = await open_wallet(world, project)
    code = await offered(world, **CREDITS)

    sent = {"code": code}
    none = await refused(world, "redeem_promotion_code", admin(project), **sent)
    another = await refused(
        world, "redeem_promotion_code", admin(project), **sent, wallet_id=dollars
    )

    assert (none, another) == ("no_wallet_for_asset", "assets_differ")
    assert (await coupon(world))["redeemed"] == 0
    await open_wallet(world, project, asset="CREDIT/6")
    assert (await redeem(world, project, code))["state"] == "granted"


async def test_the_same_idempotency_key_redeems_once(world: World) -> None:
    project = await open_project(world)
    wallet = await open_wallet(world, project, asset="CREDIT/6")
    code = await offered(world, **CREDITS, redemptions_per_project=5)

    for _ in range(3):
        outcome = await ask(world, "redeem_promotion_code", admin(project), "one", code=code)
        assert outcome.error is None

    assert await available(world, wallet) == "50.000000"


# -- Limits ---------------------------------------------------------------------------------------


async def test_a_code_is_good_until_its_end_and_not_a_moment_longer(world: World) -> None:
    first, second, third = [await open_project(world, name) for name in ("A", "B", "C")]
    await offer(world, redeem_by="2026-11-22T00:00:00Z")
    short = await give_out(world, redeem_by="2026-11-21T00:00:00Z")
    long = await give_out(world)
    world.clock.instant = world.clock.instant.replace(day=20, hour=23, minute=59)
    await redeem(world, first, short)

    world.clock.advance(minutes=1)
    assert await why_not(world, second, short) == "expired"
    await redeem(world, second, long)
    world.clock.advance(days=1)
    assert await why_not(world, third, long) == "expired"


async def test_a_project_redeems_as_often_as_one_project_may_by_whichever_code(
    world: World,
) -> None:
    project = await open_project(world)
    await offer(world, redemptions_per_project=2)
    given = [await give_out(world) for _ in range(3)]

    for code in given[:2]:
        await redeem(world, project, code)

    assert await why_not(world, project, given[2]) == "used_by_project"
    assert len(await discounts(world, project)) == 2


async def test_the_limits_of_a_code_and_of_its_coupon_both_hold(world: World) -> None:
    projects = [await open_project(world, f"P{n}") for n in range(4)]
    await offer(world, redemptions_max=2)
    few, many = await give_out(world, redemptions_max=1), await give_out(world)

    await redeem(world, projects[0], few)
    assert await why_not(world, projects[1], few) == "used_up"
    await redeem(world, projects[1], many)
    assert await why_not(world, projects[2], many) == "used_up"

    assert (await coupon(world))["redeemed"] == 2


async def test_a_code_of_another_project_looks_like_one_that_does_not_exist(world: World) -> None:
    ours, theirs = [await open_project(world, name) for name in ("Acme", "Heron")]
    await offer(world)
    code = await give_out(world, for_project_id=theirs)
    told = []

    for typed in (code, "NO-SUCH-CODE", "no such code at all!"):
        checked = await must(world, "check_promotion_code", admin(ours), code=typed)
        tried = await ask(world, "redeem_promotion_code", admin(ours), code=typed)
        assert tried.error is not None
        told.append((checked, tried.error.code, tried.error.facts, str(tried.error)))

    assert told[0] == told[1] == told[2]
    assert told[0][0] == {
        "redeemable": False,
        "reason": "unknown",
        "explanation": "there is no such code",
        "offer": None,
    }
    assert (await redeem(world, theirs, code))["state"] == "active"


async def test_discounts_stand_beside_each_other_only_if_both_allow_it(world: World) -> None:
    ours, theirs = [await open_project(world, name) for name in ("Acme", "Heron")]
    await open_wallet(world, ours, asset="CREDIT/6")
    open_, other = await offered(world, "open"), await offered(world, "other")
    alone = await offered(world, "alone", kind="percent", percent="50", stackable=False)
    credits_ = await offered(world, "credits", **CREDITS, stackable=False)

    await redeem(world, ours, open_)
    assert await why_not(world, ours, alone) == "not_stackable"
    await redeem(world, ours, other)
    await redeem(world, ours, credits_)
    await redeem(world, theirs, alone)
    assert await why_not(world, theirs, open_) == "not_stackable"


async def test_a_first_purchase_is_judged_by_what_was_paid(world: World) -> None:
    shop = await open_shop(world)
    await offer(world, "first", kind="percent", percent="10", first_purchase_only=True)
    await offer(world, "any", redemptions_per_project=2)
    by_coupon = await give_out(world, "first")
    by_code = await give_out(world, "any", first_purchase_only=True)
    for_all = await give_out(world, "any")
    checkout = await shop.buy()
    asked = await must(world, "check_promotion_code", admin(shop.project), code=by_coupon)
    assert asked["redeemable"], "a page that nobody has paid on is no purchase"

    shop.provider.pay(await shop.page_of(checkout))
    await shop.hear()

    assert await why_not(world, shop.project, by_coupon) == "not_first_purchase"
    assert await why_not(world, shop.project, by_code) == "not_first_purchase"
    await redeem(world, shop.project, for_all)


async def test_a_project_has_one_offer_for_a_first_purchase_at_a_time(world: World) -> None:
    project = await open_project(world)
    given = [
        await offered(world, f"first{n}", kind="percent", percent="10", first_purchase_only=True)
        for n in range(2)
    ]

    first = await redeem(world, project, given[0])
    assert await why_not(world, project, given[1]) == "not_first_purchase"
    await must(world, "remove_discount", admin(project), discount_id=first["id"])
    await redeem(world, project, given[1])


# -- Races ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("limited", ["coupon", "code"])
async def test_of_ten_projects_that_race_for_the_last_redemption_exactly_one_gets_it(
    world: World, limited: str
) -> None:
    projects = [await open_project(world, f"P{n}") for n in range(10)]
    for each in projects:
        await open_wallet(world, each, asset="CREDIT/6")
    most: dict[str, Any] = {"redemptions_max": 1}
    await offer(world, **CREDITS | (most if limited == "coupon" else {}))
    code = await give_out(world, **most if limited == "code" else {})

    assert await race(world, *((each, code) for each in projects)) == {"done": 1, "used_up": 9}

    assert (await coupon(world))["redeemed"] == 1
    had = [await discounts(world, each, include_ended=True) for each in projects]
    assert sum(map(len, had)) == 1
    await must_agree(world)


async def test_of_ten_callers_of_a_project_that_race_exactly_as_many_as_may_redeem(
    world: World,
) -> None:
    project = await open_project(world)
    wallet = await open_wallet(world, project, asset="CREDIT/6")
    await offer(world, **CREDITS, redemptions_per_project=2)
    given = [await give_out(world) for _ in range(10)]

    outcomes = await race(world, *((project, code) for code in given))

    assert outcomes == {"done": 2, "used_by_project": 8}
    assert await available(world, wallet) == "100.000000"
    assert (await coupon(world))["redeemed"] == 2
    await must_agree(world)


async def test_of_ten_offers_for_a_first_purchase_that_race_a_project_gets_one(
    world: World,
) -> None:
    project = await open_project(world)
    given = [
        await offered(world, f"first{n}", kind="percent", percent="10", first_purchase_only=True)
        for n in range(10)
    ]

    outcomes = await race(world, *((project, code) for code in given))

    assert outcomes == {"done": 1, "not_first_purchase": 9}


async def test_of_ten_discounts_that_stand_alone_a_project_gets_one(world: World) -> None:
    project = await open_project(world)
    given = [
        await offered(world, f"alone{n}", kind="percent", percent="10", stackable=False)
        for n in range(10)
    ]

    outcomes = await race(world, *((project, code) for code in given))

    assert outcomes == {"done": 1, "not_stackable": 9}


# -- Guessing -------------------------------------------------------------------------------------


async def test_a_refused_redemption_is_in_the_trail(world: World) -> None:
    project = await open_project(world)
    code = await offered(world)
    await redeem(world, project, code)

    await refused(world, "redeem_promotion_code", admin(project), code=code)
    await refused(world, "redeem_promotion_code", admin(project), code="GUESSED")

    who = admin(project).subject
    assert await last_refusals(world, "redeem_promotion_code") == [
        (who, "promotion_code_refused"),
        (who, "promotion_code_unknown"),
    ]


@pytest.mark.parametrize("operation", ["check_promotion_code", "redeem_promotion_code"])
async def test_a_project_guesses_no_faster_with_more_callers(world: World, operation: str) -> None:
    ours, theirs = [await open_project(world, name) for name in ("Acme", "Heron")]
    world.gate = replace(world.gate, rates=RATES | {RateClass.STRICT: Rate(calls=5, seconds=60)})

    guesses: list[dict[str, Any]] = [{"code": f"GUESS-{n}"} for n in range(10)]
    outcomes = [
        await ask(world, operation, agent(Role.ADMIN, ours, number=n), None, **guess)
        for n, guess in enumerate(guesses)
    ]
    other = await ask(world, operation, admin(theirs), None, code="GUESS")

    limited = [each.error is not None and each.error.code == "rate_limited" for each in outcomes]
    assert limited == [False] * 5 + [True] * 5
    assert other.error is None or other.error.code != "rate_limited"


async def test_only_admins_and_owners_redeem(world: World) -> None:
    project = await open_project(world)
    code = await offered(world, redemptions_per_project=5)
    await redeem(world, project, code)
    [discount] = await discounts(world, project)

    for role in (Role.VIEWER, Role.MEMBER):
        who = agent(role, project)
        assert await refused(world, "redeem_promotion_code", who, code=code) == "not_allowed"
        sent = {"discount_id": discount["id"]}
        assert await refused(world, "remove_discount", who, **sent) == "not_allowed"
    assert (
        await refused(world, "check_promotion_code", agent(Role.VIEWER, project), code=code)
        == "not_allowed"
    )
    sent = {"project_id": project, "code": code}
    assert (await must(world, "redeem_promotion_code", OPERATOR, **sent))["state"] == "active"
