"""Move the projects that hold one version of a plan to another one, in batches.

Nothing moves by itself: who holds a version keeps it until this is asked for. Moved is who held the
version when it was asked, and holds it still by the same assignment; who changed meanwhile chose.
A batch is one unit of work, so that of each project it happened or did not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, insert, select, update

from core import catalog, jobs, messaging
from core.catalog import PlanVersion
from core.db.schema import PLATFORM
from core.db.work import Work
from core.entitlements import events, resolving, standing, tables
from core.entitlements.errors import (
    NotOneProductLine,
    PlanMigrationNotFound,
    PlanMigrationUnderWay,
)
from core.entitlements.holders import holds_now
from core.entitlements.holding import MIGRATED
from core.entitlements.model import Assignment, Version
from core.jobs import job
from core.operations.errors import invalid

BATCH = 200
"""So many projects are moved, and locked, in one unit."""
RUNNING, FINISHED = "running", "finished"


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """How far the projects of one version have been moved to another."""

    id: str
    from_version_id: str
    to_version_id: str
    state: str
    total: int
    moved: int
    before_id: str
    reached: str | None
    asked_by: str
    created_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Route:
    """From which version to which."""

    start: PlanVersion
    goal: PlanVersion


async def route(
    work: Work, plan_key: str, number: int, to_plan_key: str | None, to_number: int | None
) -> Route:
    """Find both versions, of one product line. Without a number the goal is what is sold now."""
    start = await catalog.find_version(work, plan_key, number)
    goal = await catalog.find_version(work, to_plan_key or plan_key, to_number)
    if start.product_key != goal.product_key:
        lines = start.plan_key, start.product_key, goal.plan_key, goal.product_key
        raise NotOneProductLine(*lines)
    if start.id == goal.id:
        raise invalid("to_version", "must be another version than version")
    return Route(start, goal)


async def begin(work: Work, there: Route) -> Migration:
    """Have everybody moved who holds the version now. Raises PlanMigrationUnderWay."""
    if there.goal.plan.archived_at:
        raise catalog.PlanArchived(there.goal.plan_key)
    m = tables.migrations.c
    # Two who ask at once would both find none: the one who asks second waits here for the first.
    await catalog.find_plan(work, there.start.plan_key, lock=True)
    running = m.from_version_id == there.start.id, m.state == RUNNING
    under_way = (await work.execute(select(m.id).where(*running))).scalar_one_or_none()
    if under_way:
        raise PlanMigrationUnderWay(there.start.plan_key, there.start.number, under_way)
    before_id = work.ids.new("asg")
    count = select(func.count()).where(*_candidates(work, there.start.id, before_id))
    migration = Migration(
        id=work.ids.new("plm"),
        from_version_id=there.start.id,
        to_version_id=there.goal.id,
        state=RUNNING,
        total=(await work.execute(count)).scalar_one(),
        moved=0,
        before_id=before_id,
        reached=None,
        asked_by=work.caller.subject[:160],
        created_at=work.now,
        finished_at=None,
    )
    row = {name: getattr(migration, name) for name in migration.__slots__}
    await work.execute(insert(tables.migrations), row)
    await _enqueue(work, migration)
    work.record("began", migration.id)
    told = {"from": _named(Version.of(there.start)), "to": _named(Version.of(there.goal))}
    facts = told | {"total": migration.total}
    await events.tell(work, events.MIGRATION_BEGUN, migration.id, facts)
    return migration


async def find(work: Work, migration_id: str, *, lock: bool = False) -> Migration:
    """Find a migration. Raises PlanMigrationNotFound."""
    query = select(tables.migrations).where(tables.migrations.c.id == migration_id)
    row = (await work.execute(query.with_for_update() if lock else query)).first()
    if row is None:
        raise PlanMigrationNotFound(migration_id)
    return Migration(**row._asdict())


def _candidates(work: Work, version_id: str, before_id: str) -> list[ColumnElement[bool]]:
    """Choose who holds the version by an assignment that is older than the asking."""
    a = tables.assignments.c
    return [a.version_id == version_id, a.id < before_id, *holds_now(work)]


@job("migrate_plan")
async def migrate_batch(work: Work, *, migration_id: str, after: str | None) -> None:
    """Move the next projects, and leave the rest to the next job."""
    migration = await find(work, migration_id, lock=True)
    if migration.state != RUNNING or migration.reached != after:
        return
    a = tables.assignments.c
    chosen = _candidates(work, migration.from_version_id, migration.before_id)
    query = select(a.project_id).where(*chosen)
    if after is not None:
        query = query.where(a.project_id > after)
    rows = await work.execute(query.order_by(a.project_id).limit(BATCH))
    project_ids = [row.project_id for row in rows]
    if not project_ids:
        await _finish(work, migration)
        return
    moved = await _move(work, migration, project_ids, chosen)
    values = {"moved": migration.moved + moved, "reached": project_ids[-1]}
    await _write(work, migration, values)
    await _enqueue(work, await find(work, migration_id))


async def _move(
    work: Work, migration: Migration, project_ids: Sequence[str], chosen: Sequence[Any]
) -> int:
    """Move those of these projects that still hold the version, and return how many did."""
    await standing.lock_all(work, project_ids)
    a = tables.assignments.c
    # Read again: who waited for a lock here may wait for somebody who took the plan away.
    query = select(tables.assignments).where(a.project_id.in_(project_ids), *chosen)
    held = [resolving.assignment_of(row) for row in await work.execute(query)]
    if not held:
        return 0
    this = update(tables.assignments).where(a.project_id.in_(project_ids), *chosen)
    closed = await work.execute(this.values(closed_at=work.now, closed_for=MIGRATED))
    assert closed.rowcount == len(held), "the projects are locked"
    rows = [_moved_row(work, migration, each) for each in held]
    await work.execute(insert(tables.assignments), rows)
    await standing.changed(work, [each.project_id for each in held])
    start = await resolving.version(work, migration.from_version_id)
    goal = await resolving.version(work, migration.to_version_id)
    told = {"migration_id": migration.id, "from": _named(start), "to": _named(goal)}
    await messaging.publish_many(
        [
            (work.within(each.project_id), events.MOVED, row["id"], told | {"source": each.source})
            for each, row in zip(held, rows, strict=True)
        ]
    )
    return len(held)


def _moved_row(work: Work, migration: Migration, before: Assignment) -> dict[str, Any]:
    """Say the same of the new version as of the one before: from whom, since when counted."""
    return {
        "project_id": before.project_id,
        "id": work.ids.new("asg"),
        "product_key": before.product_key,
        "version_id": migration.to_version_id,
        "source": before.source,
        "assigned_by": migration.asked_by,
        "anchor_at": before.anchor_at,
        "starts_at": work.now,
        "ends_at": before.ends_at,
        "migration_id": migration.id,
    }


async def _finish(work: Work, migration: Migration) -> None:
    await _write(work, migration, {"state": FINISHED, "finished_at": work.now})
    told = {"total": migration.total, "moved": migration.moved}
    await events.tell(work, events.MIGRATION_FINISHED, migration.id, told)


async def _write(work: Work, migration: Migration, values: dict[str, Any]) -> None:
    m = tables.migrations.c
    await work.execute(update(tables.migrations).where(m.id == migration.id).values(values))


async def _enqueue(work: Work, migration: Migration) -> None:
    reached, platform = migration.reached, work.within(PLATFORM)
    key = f"{migration.id}:{reached or 'first'}"
    named = {"migration_id": migration.id, "after": reached}
    await jobs.enqueue_all(platform, migrate_batch, {key: named})


def _named(version: Version) -> dict[str, Any]:
    return {"plan_key": version.plan_key, "plan_version": version.number}
