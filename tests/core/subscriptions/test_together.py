"""Many subscriptions renewed in one unit are renewed as they would be one by one."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import select

from core import subscriptions
from core.dues import tables as dues
from core.invoicing import tables as invoicing
from core.kernel.caller import SYSTEM
from core.kernel.ids import compose
from core.ledger.tables import accounts
from core.lifecycles import AtTrialEnd
from core.messaging.tables import outbox
from core.subscriptions import Subscription, tables
from core.subscriptions.renewing import Place, due_after, step_together
from tests.core.coupons.offers import offered, redeem
from tests.core.dues.desk import Desk
from tests.core.invoicing.office import numbers
from tests.core.subscriptions.counter import SEATS, credits, day, fee
from tests.world import World

pytestmark = pytest.mark.anyio
KINDS = ("plain", "discounted", "included", "tried", "ending")


async def subscribed(desk: Desk, first: int, kinds: Sequence[str] = KINDS) -> list[Subscription]:
    """Subscribe a project to a plan of each kind."""
    found = []
    for n, kind in enumerate(kinds, first):
        project_id = await desk.house.project(compose("prj", n))
        if kind == "discounted":
            await redeem(desk.world, project_id, await offered(desk.world, f"offer-{n}"))
        if kind == "included":
            await desk.house.staff(
                "create_wallet", name="Credits", asset="CREDIT/6", project_id=project_id
            )
        more: dict[str, Any] = {}
        if kind == "tried":
            more = {"trial_days": 20, "at_trial_end": AtTrialEnd.BILL}
        plan = "free" if kind == "included" else "team"
        one = await desk.subscribe(plan, project_id=project_id, **more)
        found.append(await desk.cancel(one) if kind == "ending" else one)
    return found


async def opened(world: World) -> Desk:
    desk = await Desk.open_desk(world, at=day("2026-01-15"))
    await desk.plan("team", items=[fee("9.99"), SEATS])
    await desk.plan("free", "0", included=credits("50", rollover="20"))
    return desk


async def facts(world: World, one: Subscription) -> dict[str, list[Any]]:
    """Say all that is known of a subscription and its project, but for ids, order and numbers."""
    i, b, h, a = invoicing.invoices.c, dues.bills.c, tables.history.c, accounts.c
    queries = {
        "bills": (b, (b.reason, b.total, b.without_invoice, b.period_end_at)),
        "invoices": (i, (i.state, i.total, i.version, i.due_at)),
        "history": (h, (h.revision, h.verb, h.after, h.effective_at, h.done_by)),
        "accounts": (a, (a.role, a.asset, a.posted)),
        "told": (outbox.c, (outbox.c.type,)),
        "lines": (invoicing.lines.c, (invoicing.lines.c.net, invoicing.lines.c.tax)),
        "earned": (invoicing.earnings.c, (invoicing.earnings.c.net, invoicing.earnings.c.next_at)),
    }
    found: dict[str, list[Any]] = {}
    async with world.database.read(SYSTEM) as work:
        for name, (columns, shown) in queries.items():
            query = select(*shown).where(columns.project_id == one.project_id)
            found[name] = sorted((tuple(row) for row in await work.execute(query)), key=str)
    return found


async def test_renewed_in_one_unit_each_is_what_it_would_be_alone(world: World) -> None:
    desk = await opened(world)
    together, alone = await subscribed(desk, 10), await subscribed(desk, 20)
    world.clock.instant = day("2026-02-16")
    due = [Place(world.clock.now(), each.project_id, each.id) for each in together]

    while due:
        async with world.database.begin(SYSTEM) as work:
            due = await step_together(work, due, {})
    for each in alone:
        after: Subscription | None = each
        while after and after.next_due_at and after.next_due_at <= world.clock.now():
            async with world.database.begin(SYSTEM) as work:
                after = await subscriptions.step(work.within(each.project_id), each.id)

    for one, other in zip(together, alone, strict=True):
        assert await facts(world, one) == await facts(world, other)
    assert [verb for _, verb, _, _ in await desk.history(together[0])] == ["create", "renew"]
    assert await numbers(world) == [f"INV-2026-{n:06d}" for n in range(1, 13)]
    assert await desk.wrong() == []


async def test_of_two_workers_who_renew_the_same_at_once_each_subscription_is_renewed_once(
    world: World,
) -> None:
    desk = await opened(world)
    all_of_them = await subscribed(desk, 10, ["plain"] * 6)
    world.clock.instant = day("2026-02-16")
    due = await due_after(world.database, None)

    async def work_on(places: Sequence[Place]) -> None:
        async with world.database.begin(SYSTEM) as work:
            await step_together(work, places, {})

    await asyncio.gather(work_on(due), work_on(due[::-1]), work_on(due[2:5]))

    for one in all_of_them:
        assert [verb for _, verb, _, _ in await desk.history(one)] == ["create", "renew"]
    assert await numbers(world) == [f"INV-2026-{n:06d}" for n in range(1, 13)]


async def test_a_unit_that_is_killed_leaves_no_number_missing(world: World) -> None:
    desk = await opened(world)
    await subscribed(desk, 10, ["plain"] * 3)
    world.clock.instant = day("2026-02-16")
    due = await due_after(world.database, None)

    async def die() -> None:
        async with world.database.begin(SYSTEM) as work:
            await step_together(work, due, {})
            await work.send_written()
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await die()
    assert await numbers(world) == [f"INV-2026-{n:06d}" for n in range(1, 4)]

    await desk.run()

    assert await numbers(world) == [f"INV-2026-{n:06d}" for n in range(1, 7)]
    assert await desk.wrong() == []


async def test_one_that_cannot_be_renewed_takes_no_other_with_it_and_no_number(
    world: World,
) -> None:
    desk = await opened(world)
    all_of_them = await subscribed(desk, 10, ["plain"] * 5)
    broken = all_of_them[2]
    s = tables.subscriptions
    async with world.database.begin(SYSTEM) as work:
        nowhere = {"version_id": "plv_00000000000000000000000000"}
        row = (await work.execute(select(s.c.choice).where(s.c.id == broken.id))).scalar_one()
        change = s.update().where(s.c.project_id == broken.project_id, s.c.id == broken.id)
        await work.execute(change.values(choice=row | nowhere))

    await desk.run(until=day("2026-02-16"))

    assert [(await desk.now(each)).revision for each in all_of_them] == [2, 2, 1, 2, 2]
    assert await numbers(world) == [f"INV-2026-{n:06d}" for n in range(1, 10)]
