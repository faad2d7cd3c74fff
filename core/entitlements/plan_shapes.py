"""What is sent to the operations on who holds which plan, and what they answer."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import Field

from core.entitlements.finding import Listed
from core.operations.errors import invalid
from core.operations.fields import Code, When
from core.operations.operation import (
    PageRequest,
    ProjectOrPlatformRequest,
    ProjectRequest,
    Result,
)

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
"""Beyond them a zone's midnight may be no instant at all."""

PlanKey = Annotated[Code, Field(examples=["pro"])]
ProductKey = Annotated[Code, Field(examples=["app"])]
VersionNumber = Annotated[int, Field(ge=1, le=1_000_000)]


class AssignPlan(ProjectRequest):
    plan_key: PlanKey
    version: VersionNumber | None = Field(
        None, description="Which version. Leave out for the one that is sold now."
    )
    anchor_at: When | None = Field(
        None,
        description="Where billing periods are counted from. Leave out to keep those of the plan "
        "before, or for now.",
    )
    ends_at: When | None = Field(None, description="From this instant it is held no more.")


class WithdrawPlan(ProjectRequest):
    product_key: ProductKey


class ListPlanAssignments(ProjectOrPlatformRequest, PageRequest):
    plan_key: PlanKey | None = Field(None, description="Only of this plan.")
    include_closed: bool = Field(
        default=False, description="Also those that ended, were withdrawn or replaced."
    )


class AssignmentView(Result):
    id: str
    project_id: str
    product_key: str
    plan_key: str
    plan_version: int
    plan_version_id: str
    source: str
    """Who holds it for the project: operator, or a subscription by its name."""
    assigned_by: str | None
    """Null in what projects are told."""
    anchor_at: datetime
    starts_at: datetime
    ends_at: datetime | None
    closed_at: datetime | None
    closed_for: Literal["withdrawn", "replaced", "migrated"] | None
    active: bool


class AssignmentList(Result):
    items: list[AssignmentView]
    next_cursor: str | None


def bounded(instant: datetime | None, field: str) -> datetime | None:
    """Refuse an instant beyond which time zones cannot be told."""
    if instant is not None and not EARLIEST <= instant < LATEST:
        raise invalid(field, "must lie in the years 2000 to 2199")
    return instant


def assignment_view(listed: Listed, *, active: bool, for_staff: bool) -> AssignmentView:
    """Show who holds what, to projects without who assigned it."""
    held, version = listed.assignment, listed.version
    return AssignmentView(
        id=held.id,
        project_id=held.project_id,
        product_key=held.product_key,
        plan_key=version.plan_key,
        plan_version=version.number,
        plan_version_id=version.id,
        source=held.source,
        assigned_by=held.assigned_by if for_staff else None,
        anchor_at=held.anchor_at,
        starts_at=held.starts_at,
        ends_at=held.ends_at,
        closed_at=held.closed_at,
        closed_for=listed.closed_for,
        active=active,
    )
