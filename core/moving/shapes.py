"""What is sent to the operations on migrations, and what they answer."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from core.entitlements import Allowance, UpgradeGives, Version, gives
from core.kernel.quantity import as_text
from core.moving.migrating import Migration
from core.moving.previewing import Preview
from core.operations.fields import Code, Identifier
from core.operations.operation import PageRequest, Request, Result

PlanKey = Annotated[Code, Field(examples=["pro"])]
VersionNumber = Annotated[int, Field(ge=1, le=1_000_000)]
MigrationId = Annotated[str, Identifier("plm")]


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
