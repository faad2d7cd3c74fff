"""Trials: once for each project and product, told of before they end, and then paid or over."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from core.kernel.caller import SYSTEM
from core.payers.tables import methods
from core.subscriptions import AtTrialEnd
from core.subscriptions.errors import MethodRequired
from tests.core.coupons.offers import offered, redeem
from tests.core.subscriptions.counter import Counter, credits, day
from tests.world import PROJECT, World

pytestmark = pytest.mark.anyio


async def keep_method(world: World) -> None:
    """Have a card that could be charged."""
    row: dict[str, Any] = {
        "project_id": PROJECT,
        "external_id": "pm_1",
        "customer_id": "cus_1",
        "kind": "card",
        "created_at": world.clock.now(),
        "seen_at": world.clock.now(),
    }
    async with world.database.begin(SYSTEM) as work:
        await work.execute(insert(methods), row | {"id": work.ids.new("pmt")})


async def test_a_trial_is_told_of_three_days_before_and_then_converted_and_billed(
    world: World,
) -> None:
    counter = await Counter.open(world, at=day("2026-01-01"))
    await counter.plan("small", "10", trial_days=14)
    await keep_method(world)
    one = await counter.subscribe("small")
    assert (one.state, one.trial_ends_at) == ("trialing", day("2026-01-15"))
    assert (await counter.holds(one), await counter.told(one)) == (
        "small",
        [("trial", "2026-01-01", "0.00")],
    )

    await counter.run(until=day("2026-01-11"))
    assert await counter.times("subscription.trial_will_end") == 0
    await counter.run(until=day("2026-01-12"))
    assert await counter.times("subscription.trial_will_end") == 1
    await counter.run(until=day("2026-02-15"))

    assert await counter.times("subscription.trial_will_end") == 1
    assert (await counter.now(one)).state == "active"
    assert await counter.told(one) == [
        ("trial", "2026-01-01", "0.00"),
        ("period", "2026-01-15", "10.00"),
        ("period", "2026-02-15", "10.00"),
    ]


async def test_a_trial_without_a_way_to_pay_expires_and_access_with_it(world: World) -> None:
    counter = await Counter.open(world, at=day("2026-01-01"))
    await counter.plan("small", "10", trial_days=14, included=credits("9"))
    one = await counter.subscribe("small")
    assert await counter.credits() == "9.000000"

    await counter.run(until=day("2026-01-20"))

    one = await counter.now(one)
    assert (one.state, one.ended_at) == ("expired", day("2026-01-15"))
    assert (await counter.holds(one), await counter.credits()) == (None, "0.000000")
    assert len(await counter.told(one)) == 1


async def test_a_trial_that_is_to_be_billed_is_billed_without_a_way_to_pay(world: World) -> None:
    counter = await Counter.open(world, at=day("2026-01-01"))
    await counter.plan("small", "10", trial_days=14)
    one = await counter.subscribe("small", at_trial_end=AtTrialEnd.BILL)

    await counter.run(until=day("2026-01-20"))

    assert (await counter.now(one)).state == "active"
    assert (await counter.told(one))[1:] == [("period", "2026-01-15", "10.00")]


async def test_a_project_has_one_trial_of_a_product_unless_an_operator_gives_another(
    world: World,
) -> None:
    counter = await Counter.open(world)
    await counter.plan("small", trial_days=14)
    await counter.plan("large", "20", trial_days=14)
    first = await counter.subscribe("small")
    await counter.cancel(first, at_once=True)

    second = await counter.subscribe("large")
    await counter.cancel(second, at_once=True)
    third = await counter.subscribe("large", trial_days=7)

    assert (first.state, second.state, third.state) == ("trialing", "active", "trialing")
    assert third.trial_ends_at == world.clock.now() + timedelta(days=7)


async def test_a_paid_trial_waits_for_its_payment_and_a_draft_that_nobody_pays_expires(
    world: World,
) -> None:
    counter = await Counter.open(world, at=day("2026-01-01"))
    await counter.plan("small", "10")
    paid: dict[str, Any] = {"trial_days": 7, "trial_price": "1.00", "when_paid": True}
    one = await counter.subscribe("small", **paid)
    assert (one.state, await counter.holds(one)) == ("draft", None)
    one = await counter.pay(one)
    assert (one.state, await counter.holds(one)) == ("trialing", "small")
    await counter.cancel(one, at_once=True)

    other = await counter.subscribe("small", when_paid=True)
    await counter.run(until=day("2026-01-02"))

    assert (await counter.now(other)).state == "expired"


async def test_a_trial_that_needs_a_way_to_pay_is_refused_without(world: World) -> None:
    counter = await Counter.open(world)
    await counter.plan("small", trial_days=14)

    with pytest.raises(MethodRequired):
        await counter.subscribe("small", needs_method=True)
    await keep_method(world)

    assert (await counter.subscribe("small", needs_method=True)).state == "trialing"


async def test_a_coupon_makes_a_trial_longer_once(world: World) -> None:
    counter = await Counter.open(world, at=day("2026-01-01"))
    await counter.plan("small", trial_days=14)
    code = await offered(world, kind="trial", trial_days=10)
    await redeem(world, PROJECT, code)

    one = await counter.subscribe("small")

    assert one.trial_ends_at == day("2026-01-25")
    told = await counter.house.staff("list_discounts", include_ended=True)
    assert [each["state"] for each in told["items"]] == ["used"]
