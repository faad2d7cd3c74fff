"""What the catalog tells: each change once for whoever listens, and once for the trail."""

from collections.abc import Mapping, Sequence
from typing import Any

from core import audit, messaging
from core.catalog.comparing import Change
from core.catalog.model import Plan, PlanVersion
from core.db.work import Work

PLAN_CREATED = "plan.created"
PLAN_UPDATED = "plan.updated"
PLAN_PUBLISHED = "plan.published"
PLAN_ARCHIVED = "plan.archived"

Facts = Mapping[str, Any]


def plan_facts(plan: Plan) -> Facts:
    return {
        "plan_key": plan.key,
        "product_key": plan.product_key,
        "name": plan.name,
        "description": plan.description,
        "is_archived": plan.archived_at is not None,
    }


def version_facts(version: PlanVersion) -> Facts:
    return {
        **plan_facts(version.plan),
        "version_id": version.id,
        "version": version.number,
        "effective_at": version.effective_at and version.effective_at.isoformat(),
    }


async def tell(
    work: Work, happened: str, object_id: str, after: Facts, before: Facts | None = None
) -> None:
    """Publish what happened, and note it in the trail."""
    told = {"before": before, "after": after}
    await messaging.publish(work, happened, object_id, told)
    await audit.record(work, happened, object_id, **told)
    work.record("changed" if before else "created", object_id)


async def tell_version(
    work: Work, happened: str, version: PlanVersion, changes: Sequence[Change]
) -> None:
    """Tell of a version. The trail keeps what was changed, by path, because drafts are not kept."""
    facts = version_facts(version)
    await messaging.publish(work, happened, version.plan.id, facts)
    told = {each.path: {"before": each.before, "after": each.after} for each in changes}
    await audit.record(work, happened, version.plan.id, **facts, changes=told)
    work.record("changed", version.id)
