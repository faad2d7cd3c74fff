"""What a caller can do about who holds which plan: assign, withdraw, list, preview and migrate."""

from core import catalog, projects
from core.db import paging
from core.db.work import Work
from core.entitlements import finding, holding, migrating, previewing, resolving
from core.entitlements.errors import (
    NotOneProductLine,
    PlanHeldBySubscription,
    PlanMigrationNotFound,
    PlanMigrationUnderWay,
    PlanNotHeld,
)
from core.entitlements.finding import Listed
from core.entitlements.holders import Holders
from core.entitlements.migrating import Migration, Route
from core.entitlements.model import OPERATOR, Assignment
from core.entitlements.plan_shapes import (
    AssignmentList,
    AssignmentView,
    AssignPlan,
    ListPlanAssignments,
    MigratePlan,
    MigrationPreview,
    MigrationView,
    NamedPlanMigration,
    PreviewPlanMigration,
    WithdrawPlan,
    assignment_view,
    bounded,
    migration_view,
    preview_view,
)
from core.kernel.caller import PlatformRole, Role
from core.kernel.ids import is_id
from core.operations.operation import Effect, Example, operation
from core.operations.scopes import Toolset

PROJECT = "prj_01jd3x8k5vq2m7r9t4w6y0z1ab"
NO_ROUTE = (
    catalog.PlanNotFound,
    catalog.PlanVersionNotFound,
    catalog.PlanArchived,
    NotOneProductLine,
)


@operation(
    "POST /v1/projects/{project_id}/plans",
    title="Assign plan",
    toolset=Toolset.CATALOG,
    effect=Effect.CREATE,
    platform=PlatformRole.OPERATOR,
    raises=(
        projects.ProjectNotFound,
        catalog.PlanNotFound,
        catalog.PlanVersionNotFound,
        catalog.PlanArchived,
        PlanHeldBySubscription,
    ),
    examples=(
        Example(title="What is sold now", arguments={"project_id": PROJECT, "plan_key": "pro"}),
        Example(
            title="An earlier version, for a year",
            arguments={
                "project_id": PROJECT,
                "plan_key": "pro",
                "version": 2,
                "ends_at": "2027-11-20T00:00:00Z",
            },
        ),
    ),
)
async def assign_plan(work: Work, request: AssignPlan) -> AssignmentView:
    """Have a project hold a plan from now on, without a subscription. Platform operators only.

    It takes the place of another plan of the same product line. Assigning what is held already
    changes nothing. What a subscription holds is changed by that subscription alone.
    """
    version = await catalog.find_version(work, request.plan_key, request.version)
    if version.plan.archived_at:
        raise catalog.PlanArchived(version.plan_key)
    held = await holding.assign(
        work,
        work.project_id,
        version,
        source=OPERATOR,
        anchor_at=bounded(request.anchor_at, "anchor_at"),
        ends_at=bounded(request.ends_at, "ends_at"),
    )
    return await _shown(work, held)


@operation(
    "POST /v1/projects/{project_id}/plans/{product_key}/withdraw",
    title="Withdraw plan",
    toolset=Toolset.CATALOG,
    effect=Effect.DESTROY,
    platform=PlatformRole.OPERATOR,
    raises=(projects.ProjectNotFound, PlanNotHeld, PlanHeldBySubscription),
    examples=(
        Example(title="No plan any more", arguments={"project_id": PROJECT, "product_key": "app"}),
    ),
)
async def withdraw_plan(work: Work, request: WithdrawPlan) -> AssignmentView:
    """Take the plan of a product line that was assigned from a project, now. Operators only.

    What a subscription holds ends when the subscription does.
    """
    held = await holding.withdraw(work, work.project_id, request.product_key, source=OPERATOR)
    return await _shown(work, held)


@operation(
    "GET /v1/plan-assignments",
    title="List plan assignments",
    toolset=Toolset.CATALOG,
    effect=Effect.READ,
    project=Role.VIEWER,
    platform=PlatformRole.AUDITOR,
    raises=(projects.ProjectNotFound, catalog.PlanNotFound, paging.InvalidCursor),
    examples=(
        Example(title="The plans of my project", arguments={}),
        Example(title="Who holds this plan", arguments={"plan_key": "pro"}),
    ),
)
async def list_plan_assignments(work: Work, request: ListPlanAssignments) -> AssignmentList:
    """List who holds which version of which plan, since when, and for whom it is held.

    A project sees its own; platform staff that name no project see all.
    """
    place = _place(paging.after(request.cursor, parts=2))
    found = await finding.list_after(
        work,
        place,
        request.limit + 1,
        plan_key=request.plan_key,
        closed=request.include_closed,
    )
    shown = paging.page(
        found, request.limit, lambda each: [each.assignment.project_id, each.assignment.id]
    )
    return AssignmentList(
        items=[_view(work, each) for each in shown.items], next_cursor=shown.next_cursor
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
    last = _checked("prj", after[0]) if after else None
    found = await previewing.preview(work, there, last, request.limit + 1)
    shown = paging.page(found, request.limit, lambda each: [each.project_id])
    count = await Holders().count(work, [there.start.id])
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
    start = await resolving.version(work, migration.from_version_id)
    return migration_view(migration, start, await resolving.version(work, migration.to_version_id))


async def _shown(work: Work, held: Assignment) -> AssignmentView:
    version = await resolving.version(work, held.version_id)
    return _view(work, Listed(held, version, holding.WITHDRAWN if held.closed_at else None))


def _view(work: Work, listed: Listed) -> AssignmentView:
    active, staff = listed.assignment.is_active_at(work.now), work.caller.is_platform
    return assignment_view(listed, active=active, for_staff=staff)


def _place(key: list[str] | None) -> tuple[str, str] | None:
    return (_checked("prj", key[0]), _checked("asg", key[1])) if key else None


def _checked(prefix: str, told: str) -> str:
    """Refuse a cursor that another list gave."""
    if not is_id(prefix, told):
        raise paging.InvalidCursor
    return told


OPERATIONS = (
    assign_plan,
    withdraw_plan,
    list_plan_assignments,
    preview_plan_migration,
    migrate_plan,
    get_plan_migration,
)
