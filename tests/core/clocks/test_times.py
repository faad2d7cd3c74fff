"""What goes by a project's test clock, and what goes by real time all the same."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from core.clocks import Keeper
from core.db.schema import metadata
from core.db.work import Database
from core.kernel.caller import SYSTEM
from core.ledger import NEVER
from tests.core.clocks.lab import OTHER, Lab
from tests.core.subscriptions.counter import day
from tests.world import PROJECT, World

pytestmark = pytest.mark.anyio
HERE, THERE = day("2026-11-20T09:00"), day("2027-05-20T09:00")


async def told(world: World, table: str, *names: str, project_id: str = PROJECT) -> list[Any]:
    c = metadata.tables[table].c
    query = select(*(c[name] for name in names)).where(c.project_id == project_id)
    async with world.database.read(SYSTEM) as work:
        return [tuple(row) for row in await work.execute(query)]


async def opened(world: World) -> Lab:
    """Open a project that lives half a year ahead, with credits to spend, beside a real one."""
    lab = await Lab.open(world, at=HERE)
    meter = {"key": "steps", "name": "Steps", "aggregation": "count", "unit": "step"}
    await lab.must("create_meter", **meter, price="1", asset="CREDIT/6")
    for project_id in (PROJECT, OTHER):
        [wallet] = (await lab.must("list_wallets", project_id=project_id))["items"]
        await lab.must(
            "grant_credits",
            project_id=project_id,
            wallet_id=wallet["id"],
            amount="50",
            source="goodwill",
            priority=10,
            memo="Welcome",
        )
    assert (await lab.advance(to=THERE.isoformat()))["shows_at"] == "2027-05-20T09:00:00Z"
    return lab


async def test_calls_that_come_at_once_each_go_by_the_time_of_their_project(world: World) -> None:
    lab = await opened(world)

    async def use(n: int) -> dict[str, Any]:
        project_id = (PROJECT, OTHER)[n % 2]
        return await lab.must(
            "charge_usage", project_id=project_id, event_id=f"use-{n}", meter_key="steps"
        )

    await asyncio.gather(*(use(n) for n in range(12)))

    for project_id, at in ((PROJECT, THERE), (OTHER, HERE)):
        events = await told(world, "metering_events", "occurred_at", project_id=project_id)
        charges = await told(
            world, "ledger_transactions", "kind", "posted_at", project_id=project_id
        )
        assert {when for (when,) in events} == {at}
        assert [when for kind, when in charges if kind == "charge"] == [at] * 6
        [wallet] = (await lab.must("list_wallets", project_id=project_id))["items"]
        shown = await lab.must("check_balance", project_id=project_id, wallet_id=wallet["id"])
        assert shown["available"] == "44.000000"
        assert datetime.fromisoformat(shown["as_of"]) == at


async def test_what_is_about_security_order_and_others_goes_by_real_time(world: World) -> None:
    lab = await opened(world)
    key = {"name": "Backend", "role": "member", "scopes": ["metering:write"]}

    made = await lab.must("create_api_key", project_id=PROJECT, expires_in_days=30, **key)
    await lab.must("charge_usage", project_id=PROJECT, event_id="use-1", meter_key="steps")

    assert datetime.fromisoformat(made["expires_at"]) == HERE + timedelta(days=30)
    assert {at for (at,) in await told(world, "audit_invocations", "at")} == {HERE}
    assert {at for (at,) in await told(world, "audit_events", "at")} == {HERE}
    assert {at for (at,) in await told(world, "jobs_jobs", "due_at")} == {HERE}
    outbox = await told(world, "messaging_outbox", "type", "occurred_at", "due_at")
    assert ("usage.charged", THERE, HERE) in outbox
    assert {due for _, _, due in outbox} == {HERE}
    ids = [row for (row,) in await told(world, "ledger_transactions", "id")]
    assert ids == sorted(ids)


async def test_no_sweep_over_projects_takes_one_with_a_clock_of_its_own(world: World) -> None:
    lab = await Lab.open(world, at=HERE)
    await lab.counter.plan("small", "31")
    here, there = (
        await lab.counter.subscribe("small"),
        await lab.counter.subscribe("small", project_id=OTHER),
    )
    [wallet] = (await lab.must("list_wallets", project_id=PROJECT))["items"]
    held = {"wallet_id": lab.counter.wallet_id, "amount": "50", "source": "goodwill"}
    soon = (HERE + timedelta(days=2)).isoformat()
    await lab.must(
        "grant_credits", project_id=PROJECT, priority=1, memo="Soon", expires_at=soon, **held
    )
    world.clock.advance(days=40)

    await lab.work(schedules=True)

    assert (await lab.counter.now(here)).period_start_at == HERE
    assert (await lab.counter.now(there)).period_start_at > HERE
    shown = await lab.must("check_balance", project_id=PROJECT, wallet_id=wallet["id"])
    assert shown["available"] == "50.000000"
    grants = await told(world, "ledger_grants", "remaining", "expires_at")
    assert [left for left, at in grants if at < NEVER] == [50_000_000]


async def test_another_process_learns_of_a_clock_and_looks_at_it_in_each_unit_while_it_moves(
    world: World,
) -> None:
    theirs = Keeper(fresh_seconds=3600)
    there = Database(world.engines, world.clock, world.database.ids, b"key", theirs)
    lab = await Lab.open(world, at=HERE)
    await lab.must("advance_test_clock", project_id=PROJECT, to=THERE.isoformat())

    async with there.read(SYSTEM) as work:
        moving = work.within(PROJECT).own_time
    await lab.work()
    async with there.read(SYSTEM) as work:
        stands, beside = work.within(PROJECT), work.within(OTHER)

    assert moving is not None
    assert (moving.at, moving.is_moving) == (HERE, True)
    assert (stands.now, stands.real_now, beside.now) == (THERE, HERE, HERE)
