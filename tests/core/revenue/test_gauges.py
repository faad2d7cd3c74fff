"""The figures that are watched: what stands now, and nothing of what is over."""

import pytest
from sqlalchemy import update

from core import revenue, subscriptions
from core.kernel.caller import SYSTEM
from core.kernel.ids import compose
from core.kernel.period import Period
from core.kernel.proving import Proof
from core.subscriptions import tables
from tests.core.bills.bills import line
from tests.core.invoicing.office import issue, open_office
from tests.core.subscriptions.counter import Counter, day
from tests.world import PROJECT, World

pytestmark = pytest.mark.anyio

BOB, CYD = compose("prj", 2), compose("prj", 3)


async def figures(world: World) -> dict[str, dict[str, str]]:
    async with world.database.read(SYSTEM) as work:
        found = await revenue.figures(work)
    return {
        name: {key: f"{value:f}" for key, value in each.items()} for name, each in found.items()
    }


async def test_the_gauges_tell_what_stands_now_by_currency(world: World) -> None:
    counter = await Counter.open(world, at=day("2026-03-01"))
    assert await figures(world) == {name: {} for name in revenue.FIGURES}
    for each in (BOB, CYD):
        await counter.house.project(each)
    await counter.plan("basic", "10")
    await counter.plan("post", "4", product="mail", trial_days=14)
    ada = await counter.subscribe("basic")
    await counter.subscribe("basic", project_id=BOB, quantities={"fee": 1})
    await counter.subscribe("post", project_id=BOB)
    [bill] = await counter.bills(ada)
    async with world.database.begin(SYSTEM) as work:
        await subscriptions.failed(work.within(PROJECT), bill.id)
    await open_office(world)
    # 100 and 20 of tax, two months of which one is over.
    period = Period(day("2026-03-01"), day("2026-05-01"))
    await issue(world, "one", line("desk", "100.00", period=period), project_id=CYD)

    assert await figures(world) == {
        "mrr": {"USD/2": "20.00"},
        "active_subscriptions": {"USD/2": "2"},
        "trialing_subscriptions": {"USD/2": "1"},
        "churned_subscriptions": {"USD/2": "0"},
        "receivables": {"USD/2": "120.00"},
        "overdue_receivables": {"USD/2": "0"},
        "failed_payments": {"USD/2": "1"},
        "deferred_revenue": {"USD/2": "100.00"},
    }

    world.clock.instant = day("2026-03-20")
    async with world.database.begin(SYSTEM) as work:
        await subscriptions.suspend(work.within(PROJECT), ada.id)

    now = await figures(world)
    assert (now["mrr"], now["active_subscriptions"]) == ({"USD/2": "10.00"}, {"USD/2": "1"})
    assert now["churned_subscriptions"] == {"USD/2": "1"}
    assert now["overdue_receivables"] == {"USD/2": "120.00"}
    # It is paid, and goes on: nobody has gone, and nothing failed.
    await counter.pay(ada)
    now = await figures(world)
    assert now["mrr"] == {"USD/2": "20.00"}
    assert now["churned_subscriptions"] == now["failed_payments"] == {"USD/2": "0"}
    # After thirty days, what stopped is no news.
    world.clock.instant = day("2026-03-21")
    await counter.cancel(ada, at_once=True)
    assert (await figures(world))["churned_subscriptions"] == {"USD/2": "1"}
    world.clock.instant = day("2026-04-21")
    assert (await figures(world))["churned_subscriptions"] == {"USD/2": "0"}


async def test_what_recurs_and_is_not_in_the_history_is_found(world: World) -> None:
    counter = await Counter.open(world, at=day("2026-03-01"))
    await counter.plan("basic", "10")
    one = await counter.subscribe("basic")
    s = tables.subscriptions
    async with world.database.begin(SYSTEM) as work:
        await work.execute(update(s).where(s.c.id == one.id).values(recurring=999))

    proof = Proof()
    async with world.database.read(SYSTEM) as work:
        await revenue.prove(work, proof)

    assert [str(each) for each in proof.differences] == [
        f"{one.id}: 999 recurs, and its history says 1000"
    ]
