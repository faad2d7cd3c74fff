"""What staff can do about who holds an old version: see what would change, and migrate."""

from core import catalog, entitlements
from core.db import paging
from core.db.work import Work
from core.kernel.caller import PlatformRole
from core.kernel.ids import is_id
from core.moving import migrating, previewing
from core.moving.errors import NotOneProductLine, PlanMigrationNotFound, PlanMigrationUnderWay
from core.moving.migrating import Migration, Route
from core.moving.shapes import (
    MigratePlan,
    MigrationPreview,
    MigrationView,
    NamedPlanMigration,
    PreviewPlanMigration,
    migration_view,
    preview_view,
)
from core.operations.operation import Effect, Example, operation
from core.operations.scopes import Toolset

NO_ROUTE = (
    catalog.PlanNotFound,
    catalog.PlanVersionNotFound,
    catalog.PlanArchived,
    NotOneProductLine,
)


@operation(
    "GET /v1/plans/{plan_key}/migration-preview",
    title="Preview plan migration",
    toolset=Toolset.CATALOG,
    effect=Effect.READ,
    platform=PlatformRole.AUDITOR,
    raises=(*NO_ROUTE, paging.InvalidCursor),
    examples=(Example(title="To what is sold now", arguments={"plan_key": "pro", "version": 1}),),
)
async def preview_plan_migration(work: Work, request: PreviewPlanMigration) -> MigrationPreview:
    """Tell who would move from one version of a plan to another, and what changes for each.

    gained, lost, raised or lowered, with all that a project has besides; over means that more is
    used already than there would be. Nothing is changed: migrate_plan does that. Staff only.
    """
    there = await _route(work, request)
    after = paging.after(request.cursor, parts=1)
    last = _project(after[0]) if after else None
    found = await previewing.preview(work, there, last, request.limit + 1)
    shown = paging.page(found, request.limit, lambda each: [each.project_id])
    count = await entitlements.Holders().count(work, [there.start.id])
    return MigrationPreview(
        plan_key=there.start.plan_key,
        version=there.start.number,
        to_plan_key=there.goal.plan_key,
        to_version=there.goal.number,
        projects=count.get(there.start.id, 0),
        items=[preview_view(each) for each in shown.items],
        next_cursor=shown.next_cursor,
    )


@operation(
    "POST /v1/plans/{plan_key}/migrations",
    title="Migrate plan",
    toolset=Toolset.CATALOG,
    effect=Effect.CHANGE,
    platform=PlatformRole.OPERATOR,
    status=202,
    raises=(*NO_ROUTE, PlanMigrationUnderWay),
    examples=(
        Example(title="To what is sold now", arguments={"plan_key": "pro", "version": 1}),
        Example(
            title="To another plan of the line",
            arguments={"plan_key": "pro", "version": 1, "to_plan_key": "team", "to_version": 3},
        ),
    ),
)
async def migrate_plan(work: Work, request: MigratePlan) -> MigrationView:
    """Move all projects that hold one version to another, in batches. Platform operators only.

    Call preview_plan_migration first. Each is moved once; who changes plans meanwhile is left
    alone, and so is who gets the version later. get_plan_migration tells how far it is.
    """
    migration = await migrating.begin(work, await _route(work, request))
    return await _told(work, migration)


@operation(
    "GET /v1/plan-migrations/{migration_id}",
    title="Get plan migration",
    toolset=Toolset.CATALOG,
    effect=Effect.READ,
    platform=PlatformRole.AUDITOR,
    raises=(PlanMigrationNotFound,),
    examples=(
        Example(
            title="How far is it?", arguments={"migration_id": "plm_01jd3x8k5vq2m7r9t4w6y0z1ab"}
        ),
    ),
)
async def get_plan_migration(work: Work, request: NamedPlanMigration) -> MigrationView:
    """Tell how many projects a migration has moved, and how many changed meanwhile. Staff only."""
    return await _told(work, await migrating.find(work, request.migration_id))


async def _route(work: Work, request: PreviewPlanMigration | MigratePlan) -> Route:
    to = request.to_plan_key, request.to_version
    return await migrating.route(work, request.plan_key, request.version, *to)


async def _told(work: Work, migration: Migration) -> MigrationView:
    start = await entitlements.find_version(work, migration.from_version_id)
    goal = await entitlements.find_version(work, migration.to_version_id)
    return migration_view(migration, start, goal)


def _project(told: str) -> str:
    """Refuse a cursor that another list gave."""
    if not is_id("prj", told):
        raise paging.InvalidCursor
    return told


OPERATIONS = (preview_plan_migration, migrate_plan, get_plan_migration)
