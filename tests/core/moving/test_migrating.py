"""Nothing moves by itself; who moves is told before, moved once, and left alone if it changed."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select

from core import catalog, surface
from core.entitlements import tables
from core.jobs import Runtime, run_due
from core.kernel.ids import compose
from core.moving import migrating
from core.moving.errors import (
    NotOneProductLine,
    PlanMigrationNotFound,
    PlanMigrationUnderWay,
)
from core.operations.errors import InvalidRequest
from tests.core.entitlements.house import SSO, House, calls, seats
from tests.world import AUDITOR, OPERATOR, PROJECT, World

pytestmark = pytest.mark.anyio

FIRST_TO_SOLD = {"plan_key": "pro", "version": 1}


async def crowded(world: World, count: int) -> tuple[House, list[str]]:
    """So many projects hold the first of two versions."""
    house = await House.open(world)
    await house.plan("pro", seats(5), calls(3), SSO)
    projects = [PROJECT, *[compose("prj", n) for n in range(2, count + 1)]]
    for each in projects[1:]:
        await house.project(each)
    for each in projects:
        await house.staff("assign_plan", plan_key="pro", project_id=each)
    await house.next_version("pro", seats(9), calls(1))
    return house, projects


async def holders(house: House, **sent: Any) -> dict[str, int]:
    """Which version each project holds now."""
    told = await house.ask("list_plan_assignments", AUDITOR, limit=200, **sent)
    return {each["project_id"]: each["plan_version"] for each in told["items"]}


async def test_who_holds_a_version_keeps_it_when_another_is_sold(world: World) -> None:
    house, [project, *_] = await crowded(world, 2)
    world.clock.advance(days=400)
    await house.run_jobs()

    assert set((await holders(house)).values()) == {1}
    assert (await house.check("seats"))["limit"] == "5"
    assert project == PROJECT


async def test_a_preview_says_what_each_would_gain_and_lose_and_who_is_over(world: World) -> None:
    house, [one, other] = await crowded(world, 2)
    await house.record("a", "b")
    wide = {"feature_key": "sso", "mode": "grant", "reason": "A promise"}
    await house.staff("set_entitlement_override", project_id=other, **wide)

    told = await house.ask("preview_plan_migration", AUDITOR, **FIRST_TO_SOLD)

    lowered = {
        "feature_key": "calls",
        "effect": "lowered",
        "before": {"enabled": True, "limit": "3", "per": "month"},
        "after": {"enabled": True, "limit": "1", "per": "month"},
        "used": "0",
        "over": False,
    }
    raised = {
        "feature_key": "seats",
        "effect": "raised",
        "before": {"enabled": True, "limit": "5", "per": None},
        "after": {"enabled": True, "limit": "9", "per": None},
        "used": None,
        "over": False,
    }
    lost = {
        "feature_key": "sso",
        "effect": "lost",
        "before": {"enabled": True, "limit": None, "per": None},
        "after": None,
        "used": None,
        "over": False,
    }
    assert told == {
        "plan_key": "pro",
        "version": 1,
        "to_plan_key": "pro",
        "to_version": 2,
        "projects": 2,
        "items": [
            {"project_id": one, "changes": [lowered | {"used": "2", "over": True}, raised, lost]},
            {"project_id": other, "changes": [lowered, raised]},
        ],
        "next_cursor": None,
    }
    assert set((await holders(house)).values()) == {1}


async def test_a_preview_is_told_page_by_page(world: World) -> None:
    house, projects = await crowded(world, 3)
    sent: dict[str, Any] = {**FIRST_TO_SOLD, "limit": 2}

    first = await house.ask("preview_plan_migration", OPERATOR, **sent)
    rest = await house.ask("preview_plan_migration", OPERATOR, **sent, cursor=first["next_cursor"])

    assert [each["project_id"] for each in first["items"] + rest["items"]] == projects
    assert rest["next_cursor"] is None


async def test_staff_of_one_project_preview_that_project_alone(world: World) -> None:
    house, [one, other, _] = await crowded(world, 3)
    await house.staff("withdraw_plan", product_key="app", project_id=one)
    told = []
    for each in (one, other):
        bound = replace(AUDITOR, project_id=each)
        told.append(await house.ask("preview_plan_migration", bound, **FIRST_TO_SOLD))

    found = [(each["projects"], [of["project_id"] for of in each["items"]]) for each in told]
    assert found == [(0, []), (1, [other])]


async def test_a_preview_tells_of_who_was_given_the_version_by_a_faster_clock(
    world: World,
) -> None:
    house, projects = await crowded(world, 2)
    world.clock.advance(seconds=-1)

    told = await house.ask("preview_plan_migration", AUDITOR, **FIRST_TO_SOLD, to_version=2)

    assert [each["project_id"] for each in told["items"]] == projects


async def test_all_are_moved_in_batches_each_once_with_what_was_said_of_them(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrating, "BATCH", 2)
    house, projects = await crowded(world, 5)
    ends = {"anchor_at": "2026-11-02T00:00:00Z", "ends_at": "2027-11-02T00:00:00Z"}
    await house.staff("assign_plan", plan_key="pro", version=1, **ends)

    begun = await house.ask("migrate_plan", OPERATOR, **FIRST_TO_SOLD)
    await house.run_jobs()
    done = await house.ask("get_plan_migration", AUDITOR, migration_id=begun["id"])

    assert (begun["state"], begun["total"], begun["moved"], begun["left_alone"]) == (
        "running",
        5,
        0,
        None,
    )
    assert (done["state"], done["moved"], done["left_alone"]) == ("finished", 5, 0)
    assert await holders(house) == dict.fromkeys(projects, 2)
    assert (await house.check("seats"))["limit"] == "9"
    [kept] = (await house.staff("list_plan_assignments"))["items"]
    assert {name: kept[name] for name in ends} == ends
    assert kept["source"] == "operator"
    async with world.database.read(OPERATOR) as work:
        a = tables.assignments.c
        closed = select(func.count()).where(a.closed_for == "migrated")
        assert (await work.execute(closed)).scalar_one() == 5


async def test_two_workers_at_once_move_each_project_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrating, "BATCH", 2)
    house, projects = await crowded(world, 6)
    begun = await house.ask("migrate_plan", OPERATOR, **FIRST_TO_SOLD)
    known = {each.name: each for each in surface.JOBS}
    runtime = Runtime(world.database, {"migrate_plan": known["migrate_plan"]})

    await asyncio.gather(run_due(runtime), run_due(runtime), run_due(runtime))
    await house.run_jobs()

    done = await house.ask("get_plan_migration", OPERATOR, migration_id=begun["id"])
    assert (done["state"], done["moved"]) == ("finished", 6)
    everything = await house.ask("list_plan_assignments", AUDITOR, limit=200, include_closed=True)
    assert len(everything["items"]) == 2 * len(projects)


async def test_who_changed_meanwhile_and_who_came_later_is_left_alone(world: World) -> None:
    house, [gone, other, stays, upgraded] = await crowded(world, 4)
    late = await house.project(compose("prj", 9))
    await house.plan("max", seats(50))
    begun = await house.ask("migrate_plan", OPERATOR, **FIRST_TO_SOLD)
    await house.staff("withdraw_plan", product_key="app", project_id=gone)
    await house.staff("assign_plan", plan_key="max", project_id=upgraded)
    # Given anew after the asking, it is a choice of its own.
    await house.staff("withdraw_plan", product_key="app", project_id=stays)
    for each in (stays, late):
        await house.staff("assign_plan", plan_key="pro", version=1, project_id=each)

    await house.run_jobs()

    done = await house.ask("get_plan_migration", OPERATOR, migration_id=begun["id"])
    assert (done["total"], done["moved"], done["left_alone"]) == (4, 1, 3)
    assert await holders(house, plan_key="pro") == {other: 2, stays: 1, late: 1}
    assert await holders(house, plan_key="max") == {upgraded: 1}


async def test_a_batch_waits_for_who_is_changing_and_then_leaves_that_one_alone(
    world: World,
) -> None:
    """The change is made after the batch has chosen its projects, and before it has their locks."""
    house, projects = await crowded(world, 3)
    begun = await house.ask("migrate_plan", OPERATOR, **FIRST_TO_SOLD)

    await asyncio.gather(
        house.run_jobs(),
        *(house.staff("withdraw_plan", product_key="app", project_id=each) for each in projects),
    )

    told = await house.ask("list_plan_assignments", AUDITOR, include_closed=True)
    done = await house.ask("get_plan_migration", OPERATOR, migration_id=begun["id"])
    moved = [each for each in told["items"] if each["closed_for"] == "migrated"]
    assert [each for each in told["items"] if each["closed_at"] is None] == []
    assert done["moved"] == len(moved)


async def test_of_ten_who_ask_for_one_migration_at_once_one_begins_it(world: World) -> None:
    house, _ = await crowded(world, 1)

    outcomes = await asyncio.gather(
        *(house.perform("migrate_plan", OPERATOR, **FIRST_TO_SOLD) for _ in range(10))
    )

    begun = [each.body["id"] for each in outcomes if each.error is None]
    errors = [each.error for each in outcomes if each.error]
    assert len(begun) == 1
    assert [type(each) for each in errors] == [PlanMigrationUnderWay] * 9
    assert {each.facts["migration_id"] for each in errors} == set(begun)
    await house.run_jobs()
    again = await house.ask("migrate_plan", OPERATOR, **FIRST_TO_SOLD)
    assert again["total"] == 0


async def test_a_way_that_leads_nowhere_is_refused(world: World) -> None:
    house, _ = await crowded(world, 1)
    await house.plan("post", product="mail")
    await house.plan("old")
    async with world.database.begin(OPERATOR) as work:
        await catalog.archive_plan(work, "old")

    async def refused(**sent: Any) -> type[Exception]:
        outcome = await house.perform("migrate_plan", OPERATOR, **FIRST_TO_SOLD | sent)
        return type(outcome.error) if outcome.error else AssertionError

    assert await refused(to_version=1) is InvalidRequest
    assert await refused(version=7) is catalog.PlanVersionNotFound
    assert await refused(to_plan_key="post") is NotOneProductLine
    assert await refused(to_plan_key="old", to_version=1) is catalog.PlanArchived
    missing = await house.perform("get_plan_migration", OPERATOR, migration_id=compose("plm", 5))
    assert isinstance(missing.error, PlanMigrationNotFound)
