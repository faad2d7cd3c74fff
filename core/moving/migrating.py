"""Move the projects that hold one version of a plan to another one, in batches.

A batch is one unit of work, so that for each project it happened or did not. How far a migration
is stands in its row, which a batch locks: of two workers that have the same batch one does it.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update

from core import catalog, entitlements, jobs
from core.catalog import PlanVersion
from core.db.schema import PLATFORM
from core.db.work import Work
from core.jobs import job
from core.moving import events, tables
from core.moving.errors import NotOneProductLine, PlanMigrationNotFound, PlanMigrationUnderWay
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

    @property
    def move(self) -> entitlements.Move:
        return entitlements.Move(
            migration_id=self.id,
            from_version_id=self.from_version_id,
            to_version_id=self.to_version_id,
            before_id=self.before_id,
            moved_by=self.asked_by,
        )


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
    migration = Migration(
        id=work.ids.new("plm"),
        from_version_id=there.start.id,
        to_version_id=there.goal.id,
        state=RUNNING,
        total=0,
        moved=0,
        before_id=work.ids.new("asg"),
        reached=None,
        asked_by=work.caller.subject[:160],
        created_at=work.now,
        finished_at=None,
    )
    row = {name: getattr(migration, name) for name in migration.__slots__}
    row |= {"total": await entitlements.count_to_move(work, migration.move)}
    await work.execute(insert(tables.migrations), row)
    await _enqueue(work, migration)
    work.record("began", migration.id)
    start, goal = (entitlements.Version.of(each) for each in (there.start, there.goal))
    told = {"from": start.named, "to": goal.named, "total": row["total"]}
    await events.tell(work, events.BEGUN, migration.id, told)
    return await find(work, migration.id)


async def find(work: Work, migration_id: str, *, lock: bool = False) -> Migration:
    """Find a migration. Raises PlanMigrationNotFound."""
    query = select(tables.migrations).where(tables.migrations.c.id == migration_id)
    row = (await work.execute(query.with_for_update() if lock else query)).first()
    if row is None:
        raise PlanMigrationNotFound(migration_id)
    return Migration(**row._asdict())


@job("migrate_plan")
async def migrate_batch(work: Work, *, migration_id: str, after: str | None) -> None:
    """Move the next projects, and leave the rest to the next job."""
    migration = await find(work, migration_id, lock=True)
    if migration.state != RUNNING or migration.reached != after:
        return
    projects = await entitlements.next_to_move(work, migration.move, after, BATCH)
    if not projects:
        await _write(work, migration, state=FINISHED, finished_at=work.now)
        told = {"total": migration.total, "moved": migration.moved}
        await events.tell(work, events.FINISHED, migration.id, told)
        return
    moved = await entitlements.move_all(work, migration.move, projects)
    await _write(work, migration, moved=migration.moved + moved, reached=projects[-1])
    await _enqueue(work, await find(work, migration_id))


async def _write(work: Work, migration: Migration, **values: object) -> None:
    m = tables.migrations.c
    await work.execute(update(tables.migrations).where(m.id == migration.id).values(values))


async def _enqueue(work: Work, migration: Migration) -> None:
    reached, platform = migration.reached, work.within(PLATFORM)
    key = f"{migration.id}:{reached or 'first'}"
    named = {"migration_id": migration.id, "after": reached}
    await jobs.enqueue_all(platform, migrate_batch, {key: named})
