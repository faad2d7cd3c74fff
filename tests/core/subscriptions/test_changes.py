"""Changes of plan and quantity: what each gives back and costs, when, and what is refused."""

from typing import Any

import pytest

from core import catalog, subscriptions
from core.kernel.errors import EngineError
from core.lifecycles import When
from core.proration import Behaviour
from tests.core.coupons.offers import offered, redeem
from tests.core.subscriptions.counter import (
    SEATS,
    SETUP,
    YEAR,
    Counter,
    credits,
    day,
    fee,
)
from tests.world import OPERATOR, PROJECT, World

pytestmark = pytest.mark.anyio


async def test_a_set_up_fee_is_billed_once_and_seats_each_period(world: World) -> None:
    counter = await Counter.open(world, at=day("2026-01-01"))
    await counter.plan("team", items=[fee("20"), SEATS, SETUP])
    one = await counter.subscribe("team", quantities={"seats": 4})
    world.clock.instant = day("2026-01-16T12:00")

    # Half of the period is left: two seats more are half of ten dollars.
    one = await counter.change(one, quantities={"seats": 6})
    await counter.run(until=day("2026-02-02"))
    one = await counter.change(one, quantities={"seats": 1})
    assert one.next
    assert one.next.quantities == {"fee": 1, "seats": 1}
    await counter.run(until=day("2026-03-02"))

    assert await counter.told(one) == [
        ("period", "2026-01-01", "90.00"),
        ("change:2", "2026-01-01", "5.00"),
        ("period", "2026-02-01", "50.00"),
        ("period", "2026-03-01", "25.00"),
    ]


async def test_a_change_and_the_change_back_at_the_same_instant_come_to_nothing(
    world: World,
) -> None:
    counter = await Counter.open(world, at=day("2026-01-01"))
    await counter.plan("small", "9.99")
    await counter.plan("large", "29.99")
    one = await counter.subscribe("small")
    world.clock.instant = day("2026-01-07T07:07:07")

    one = await counter.change(one, "large")
    one = await counter.change(one, "small", when=When.NOW)

    totals = [each.total.amount for each in await counter.bills(one)]
    assert totals[0] == 999
    assert totals[1] == -totals[2] > 0


async def test_a_dearer_plan_for_a_year_begins_a_new_period_and_gives_back_what_is_left(
    world: World,
) -> None:
    counter = await Counter.open(world, at=day("2026-01-31"))
    await counter.plan("monthly", "28")
    await counter.plan("yearly", "500", interval=YEAR)
    one = await counter.subscribe("monthly")
    world.clock.instant = day("2026-02-14")

    one = await counter.change(one, "yearly")

    assert (one.period_start_at, one.period_end_at) == (day("2026-02-14"), day("2027-02-14"))
    assert await counter.told(one) == [
        ("period", "2026-01-31", "28.00"),
        ("period", "2026-02-14", "486.00"),
    ]


async def test_a_cheaper_interval_begins_at_renewal_and_keeps_the_day_of_the_month(
    world: World,
) -> None:
    counter = await Counter.open(world, at=day("2026-01-31"))
    await counter.plan("monthly", "10")
    quarter = catalog.Interval(catalog.IntervalUnit.MONTH, 3)
    await counter.plan("quarterly", "24", interval=quarter)
    one = await counter.subscribe("monthly")
    await counter.change(one, "quarterly")

    await counter.run(until=day("2026-09-01"))

    assert await counter.told(one) == [
        ("period", "2026-01-31", "10.00"),
        ("period", "2026-02-28", "24.00"),
        ("period", "2026-05-31", "24.00"),
        ("period", "2026-08-31", "24.00"),
    ]


async def test_none_of_a_reset_is_given_back_and_its_discount_is_the_new_periods(
    world: World,
) -> None:
    counter = await Counter.open(world, at=day("2026-01-01"))
    await counter.plan("small", "31", included=credits("10", rollover="0"))
    await counter.plan("large", "62", included=credits("100", rollover="0"))
    one = await counter.subscribe("small")
    await counter.pay(one)
    world.clock.instant = day("2026-01-30")
    await redeem(world, PROJECT, await offered(world, kind="percent", percent="50"))

    one = await counter.change(one, "large", behaviour=Behaviour.RESET)
    await counter.pay(one)

    assert (await counter.told(one))[1:] == [("period", "2026-01-30", "31.00")]
    assert await counter.credits() == "110.000000"


async def test_a_discount_comes_off_its_periods_and_off_what_is_given_back_of_them(
    world: World,
) -> None:
    counter = await Counter.open(world, at=day("2026-01-01"))
    await counter.plan("small", "31")
    terms: dict[str, Any] = {
        "kind": "percent",
        "percent": "50",
        "duration": "repeating",
        "periods": 2,
    }
    await redeem(world, PROJECT, await offered(world, **terms))
    one = await counter.subscribe("small")
    await counter.run(until=day("2026-03-05"))
    assert [total for _, _, total in await counter.told(one)] == ["15.50", "15.50", "31.00"]

    # A new one counts for bills to come, and not for what was billed without it.
    await redeem(world, PROJECT, await offered(world, "other", kind="percent", percent="20"))
    world.clock.instant = day("2026-03-11")
    one = await counter.cancel(one, at_once=True, credit=True)

    assert (await counter.told(one))[3:] == [("end", "2026-03-01", "-21.00")]


async def test_credits_of_a_dearer_plan_come_in_part_when_the_change_is_paid(
    world: World,
) -> None:
    counter = await Counter.open(world, at=day("2026-01-01"))
    await counter.plan("small", "31", included=credits("31", rollover="0"))
    await counter.plan("large", "62", included=credits("93", rollover="0"))
    one = await counter.subscribe("small")
    await counter.pay(one)
    world.clock.instant = day("2026-01-31")

    one = await counter.change(one, "large")
    assert await counter.credits() == "31.000000"
    await counter.pay(one)

    # One day of thirty-one is left, of sixty-two credits more.
    assert await counter.credits() == "33.000000"
    assert (await counter.proven()).differences == []


async def test_who_holds_a_version_keeps_it_and_its_price(world: World) -> None:
    counter = await Counter.open(world, at=day("2026-01-01"))
    await counter.plan("small", "30")
    one = await counter.subscribe("small")
    await counter.house.next_version("small", fee="60")
    async with world.database.begin(OPERATOR) as work:
        await catalog.archive_plan(work, "small")

    await counter.run(until=day("2026-02-02"))

    assert await counter.told(one) == [
        ("period", "2026-01-01", "30.00"),
        ("period", "2026-02-01", "30.00"),
    ]


REFUSED: list[tuple[str, str, dict[str, Any]]] = [
    ("plan_of_another_product", "mail", {}),
    ("no_price_in_currency", "euros", {}),
    ("plan_not_found", "nothing", {}),
    ("nothing_changes", "small", {}),
    ("subscription_changed", "large", {"revision": 7}),
    ("quantity_for_nothing", "large", {"quantities": {"desks": 2}}),
]


@pytest.mark.parametrize(("code", "plan_key", "more"), REFUSED, ids=[each[0] for each in REFUSED])
async def test_a_change_that_cannot_be_is_refused_and_changes_nothing(
    world: World, code: str, plan_key: str, more: dict[str, Any]
) -> None:
    counter = await Counter.open(world)
    await counter.plan("small")
    await counter.plan("large", "20")
    await counter.plan("mail", product="mail")
    in_euros = {"eur": {"model": "flat", "amount": "10"}}
    await counter.plan("euros", items=[fee("10") | {"prices": in_euros}])
    one = await counter.subscribe("small", currency="USD/2")

    with pytest.raises(EngineError) as refused:
        await counter.change(one, plan_key, **more)

    assert refused.value.code == code
    assert await counter.now(one) == one
    assert len(await counter.history(one)) == len(await counter.told(one)) == 1


async def test_what_was_set_for_renewal_is_taken_back_by_choosing_what_there_is(
    world: World,
) -> None:
    counter = await Counter.open(world, at=day("2026-01-01"))
    await counter.plan("small")
    await counter.plan("large", "20")
    one = await counter.subscribe("large")
    one = await counter.change(one, "small")
    one = await counter.change(one, "large")
    assert one.next is None

    await counter.run(until=day("2026-02-02"))

    assert [total for _, _, total in await counter.told(one)] == ["20.00", "20.00"]


async def test_of_two_who_read_the_same_revision_the_second_is_refused(world: World) -> None:
    counter = await Counter.open(world)
    await counter.plan("small")
    await counter.plan("large", "20")
    one = await counter.subscribe("small")

    after = await counter.change(one, "large", revision=1)
    with pytest.raises(EngineError) as refused:
        await counter.do(subscriptions.pause, one, revision=1)

    assert refused.value.facts["revision"] == after.revision == 2
    assert (await counter.now(one)).state == "active"
