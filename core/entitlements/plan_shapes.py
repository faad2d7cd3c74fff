"""What is sent to the operations on who holds which plan, and what they answer."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import Field

from core.entitlements.finding import Listed
from core.entitlements.migrating import Migration
from core.entitlements.model import Allowance, Version
from core.entitlements.previewing import Preview
from core.entitlements.shapes import UpgradeGives
from core.entitlements.upgrading import gives
from core.kernel.quantity import as_text
from core.operations.errors import invalid
from core.operations.fields import Code, Identifier, When
from core.operations.operation import (
    PageRequest,
    ProjectOrPlatformRequest,
    ProjectRequest,
    Request,
    Result,
)

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
"""Beyond them a zone's midnight may be no instant at all."""

PlanKey = Annotated[Code, Field(examples=["pro"])]
ProductKey = Annotated[Code, Field(examples=["app"])]
VersionNumber = Annotated[int, Field(ge=1, le=1_000_000)]
MigrationId = Annotated[str, Identifier("plm")]


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


class PreviewPlanMigration(PageRequest):
    plan_key: PlanKey
    version: VersionNumber = Field(description="The version that is held now.")
    to_plan_key: PlanKey | None = Field(
        None, description="Another plan of the product line. Leave out for the same plan."
    )
    to_version: VersionNumber | None = Field(
        None, description="Leave out for the version that is sold now."
    )


class MigratePlan(Request):
    plan_key: PlanKey
    version: VersionNumber = Field(description="The version that is held now.")
    to_plan_key: PlanKey | None = Field(
        None, description="Another plan of the product line. Leave out for the same plan."
    )
    to_version: VersionNumber | None = Field(
        None, description="Leave out for the version that is sold now."
    )


class NamedPlanMigration(Request):
    migration_id: MigrationId


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


class ChangeView(Result):
    feature_key: str
    effect: Literal["gained", "lost", "raised", "lowered"]
    before: UpgradeGives | None
    after: UpgradeGives | None
    used: str | None
    """Of a quota, as it would be counted; null for what only your own system counts."""
    over: bool
    """More is used already than there would be."""


class PreviewView(Result):
    project_id: str
    changes: list[ChangeView]


class MigrationPreview(Result):
    plan_key: str
    version: int
    to_plan_key: str
    to_version: int
    projects: int
    """How many hold the version now."""
    items: list[PreviewView]
    next_cursor: str | None


class MigrationView(Result):
    id: str
    state: Literal["running", "finished"]
    plan_key: str
    version: int
    to_plan_key: str
    to_version: int
    total: int
    """How many held the version when it was asked for."""
    moved: int
    left_alone: int | None
    """Those who changed meanwhile; null while it is running."""
    asked_by: str
    created_at: datetime
    finished_at: datetime | None


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


def preview_view(preview: Preview) -> PreviewView:
    return PreviewView(
        project_id=preview.project_id,
        changes=[
            ChangeView(
                feature_key=each.feature_key,
                effect=each.effect.value,
                before=_gives(each.before),
                after=_gives(each.after),
                used=as_text(each.used) if each.used is not None else None,
                over=each.is_over,
            )
            for each in preview.changes
        ],
    )


def _gives(allowance: Allowance | None) -> UpgradeGives | None:
    return UpgradeGives.model_validate(gives(allowance)) if allowance else None


def migration_view(migration: Migration, start: Version, goal: Version) -> MigrationView:
    finished = migration.finished_at is not None
    return MigrationView(
        id=migration.id,
        state="finished" if finished else "running",
        plan_key=start.plan_key,
        version=start.number,
        to_plan_key=goal.plan_key,
        to_version=goal.number,
        total=migration.total,
        moved=migration.moved,
        left_alone=max(0, migration.total - migration.moved) if finished else None,
        asked_by=migration.asked_by,
        created_at=migration.created_at,
        finished_at=migration.finished_at,
    )
