"""What a caller can do about who holds which plan: assign, withdraw and list."""

from core import catalog, projects
from core.db import paging
from core.db.work import Work
from core.entitlements import finding, holding, resolving
from core.entitlements.errors import (
    PlanHeldBySubscription,
    PlanNotHeld,
)
from core.entitlements.finding import Listed
from core.entitlements.model import OPERATOR, Assignment
from core.entitlements.plan_shapes import (
    AssignmentList,
    AssignmentView,
    AssignPlan,
    ListPlanAssignments,
    WithdrawPlan,
    assignment_view,
    bounded,
)
from core.kernel.caller import PlatformRole, Role
from core.kernel.ids import is_id
from core.operations.operation import Effect, Example, operation
from core.operations.scopes import Toolset

PROJECT = "prj_01jd3x8k5vq2m7r9t4w6y0z1ab"


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


OPERATIONS = (assign_plan, withdraw_plan, list_plan_assignments)
