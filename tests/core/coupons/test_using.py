"""What a project redeemed is used by whoever bills: each period once, no more than there are."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from core import catalog, coupons
from core.db.work import Work
from core.kernel.caller import SYSTEM
from core.kernel.errors import EngineError
from core.kernel.money import Asset
from tests.core.catalog.shop import product
from tests.core.coupons.bills import EUR, USD, bill, usd
from tests.core.coupons.offers import CREDITS, discounts, offer, offered, redeem
from tests.core.wallets.bank import admin, must, open_project, open_wallet, refused, told
from tests.world import World

pytestmark = pytest.mark.anyio


async def active(
    world: World, project: str, currency: Asset | None = None, reference: str | None = None
) -> list[str]:
    async with world.database.read(SYSTEM) as work:
        found = await coupons.active(work, project, currency=currency, reference=reference)
    return [each.coupon_key for each in found]


async def consume(world: World, project: str, discount_id: str, period: str) -> str:
    """Take a period in a unit of its own; tell what came of it."""
    try:
        async with world.database.begin(SYSTEM) as unit:
            work = unit.within(project)
            taken = await coupons.consume(work, discount_id, period=period, amount=usd("1.00"))
    except EngineError as error:
        return error.code
    return "taken" if taken else "taken before"


async def test_a_bill_is_made_smaller_by_what_is_active_in_the_order_redeemed(
    world: World,
) -> None:
    project = await open_project(world)
    terms_of: dict[str, dict[str, Any]] = {
        "fixed": {"kind": "amount", "amount": "15.00", "asset": "USD/2"},
        "percent": {"kind": "percent", "percent": "10"},
        "euros": {"kind": "amount", "amount": "15.00", "asset": "EUR/2"},
        "longer": {"kind": "trial", "trial_days": 14},
    }
    for key, terms in terms_of.items():
        await redeem(world, project, await offered(world, key, **terms))

    async def taken(work: Work) -> coupons.Discounted:
        found = await coupons.active(work, project, currency=USD)
        return coupons.apply(bill(plan="100.00", seats="15.00"), found)

    async with world.database.read(SYSTEM) as work:
        discounted = await taken(work)

    assert (discounted.off, discounted.total) == (1500 + 1000, 9000)
    assert await active(world, project, USD) == ["fixed", "percent"]
    assert await active(world, project, EUR) == ["percent", "euros"]
    assert await active(world, project) == ["fixed", "percent", "euros"]


async def test_trial_days_are_for_trials_of_their_products(world: World) -> None:
    project = await open_project(world)
    await redeem(world, project, await offered(world, "any", kind="trial", trial_days=7))
    async with world.database.begin(SYSTEM) as work:
        await catalog.create_product(work, product(work, "pro"))
    pro: dict[str, Any] = {"kind": "trial", "trial_days": 14, "product_keys": ["pro"]}
    await redeem(world, project, await offered(world, "pro", **pro))

    async def days(product: str) -> list[int | None]:
        async with world.database.read(SYSTEM) as work:
            found = await coupons.trials(work, project, product)
        return [each.coupon.trial_days for each in found]

    assert (await days("pro"), await days("team")) == ([7, 14], [7])
    assert await active(world, project) == []
    [first, _] = await discounts(world, project)
    assert await consume(world, project, first["id"], "sub") == "taken"
    assert await days("pro") == [14]


@pytest.mark.parametrize(
    ("terms", "billed"),
    [
        ({}, 1),
        ({"duration": "repeating", "periods": 3}, 3),
        ({"duration": "forever"}, 8),
    ],
)
async def test_a_discount_lasts_as_many_periods_as_it_says(
    world: World, terms: dict[str, Any], billed: int
) -> None:
    project = await open_project(world)
    made = await redeem(world, project, await offered(world, **terms))
    periods = 0

    while await active(world, project) and periods < 8:
        assert await consume(world, project, made["id"], f"month {periods}") == "taken"
        periods += 1

    assert periods == billed
    [after] = await discounts(world, project, include_ended=True)
    is_over = billed < 8
    assert after["state"] == ("used" if is_over else "active")
    assert after["periods_left"] == (0 if is_over else None)
    assert (after["ended_at"] is not None) == is_over
    assert len(await told(world, "discount.used_up")) == is_over
    late = await consume(world, project, made["id"], "one more")
    assert late == ("discount_not_active" if is_over else "taken")


async def test_a_period_is_taken_once_whoever_bills_it_again(world: World) -> None:
    project = await open_project(world)
    made = await redeem(world, project, await offered(world, duration="repeating", periods=2))

    done = await asyncio.gather(
        *(consume(world, project, made["id"], "november") for _ in range(10))
    )

    assert Counter(done) == {"taken": 1, "taken before": 9}
    [after] = await discounts(world, project)
    assert after["periods_left"] == 1


async def test_of_ten_periods_that_race_for_the_last_one_exactly_one_gets_it(
    world: World,
) -> None:
    project = await open_project(world)
    made = await redeem(world, project, await offered(world))

    done = await asyncio.gather(
        *(consume(world, project, made["id"], f"period {n}") for n in range(10))
    )

    assert Counter(done) == {"taken": 1, "discount_not_active": 9}


async def test_a_discount_that_is_removed_is_taken_off_nothing_more_and_stays_counted(
    world: World,
) -> None:
    project = await open_project(world)
    code = await offered(world, duration="forever")
    made = await redeem(world, project, code)

    removed = await must(world, "remove_discount", admin(project), discount_id=made["id"])
    again = await must(world, "remove_discount", admin(project), discount_id=made["id"])

    assert removed == again
    assert removed["state"] == "removed"
    assert await active(world, project) == []
    assert await consume(world, project, made["id"], "november") == "discount_not_active"
    assert (
        await refused(world, "redeem_promotion_code", admin(project), code=code)
        == "promotion_code_refused"
    )
    assert len(await told(world, "discount.removed")) == 1


async def test_what_was_granted_or_used_cannot_be_removed(world: World) -> None:
    project = await open_project(world)
    await open_wallet(world, project, asset="CREDIT/6")
    granted = await redeem(world, project, await offered(world, "credits", **CREDITS))
    used = await redeem(world, project, await offered(world, "once"))
    await consume(world, project, used["id"], "november")

    for each in (granted, used):
        sent = {"discount_id": each["id"]}
        code = await refused(world, "remove_discount", admin(project), **sent)
        assert code == "discount_not_active"


async def test_another_projects_discount_is_not_found(world: World) -> None:
    ours, theirs = [await open_project(world, name) for name in ("Acme", "Heron")]
    made = await redeem(world, theirs, await offered(world))

    sent = {"discount_id": made["id"]}
    assert await refused(world, "remove_discount", admin(ours), **sent) == "discount_not_found"
    assert await consume(world, ours, made["id"], "november") == "discount_not_found"
    assert await discounts(world, ours) == []


async def test_discounts_are_listed_page_by_page(world: World) -> None:
    project = await open_project(world)
    for n in range(3):
        await redeem(world, project, await offered(world, f"offer{n}"))
    await offer(world, "never")

    first = await must(world, "list_discounts", admin(project), limit=2)
    rest = await must(world, "list_discounts", admin(project), limit=2, cursor=first["next_cursor"])

    keys = [[each["coupon_key"] for each in page["items"]] for page in (first, rest)]
    assert keys == [["offer2", "offer1"], ["offer0"]]
