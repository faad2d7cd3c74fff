"""What entitlements tell: each change once for whoever listens, and once for the trail."""

from collections.abc import Mapping
from typing import Any

from core import audit, messaging
from core.db.work import Work
from core.entitlements.model import Assignment, Version

ASSIGNED = "plan.assigned"
WITHDRAWN = "plan.withdrawn"
MOVED = "plan.moved"
OVERRIDDEN = "entitlement.overridden"
OVERRIDE_REMOVED = "entitlement.override_removed"


def facts_of(assignment: Assignment, version: Version) -> dict[str, Any]:
    """Say which plan is held, by whom it is held for the project, and for how long."""
    ends_at = assignment.ends_at
    return {
        "product_key": version.product_key,
        **version.named,
        "source": assignment.source,
        "starts_at": assignment.starts_at.isoformat(),
        "ends_at": ends_at.isoformat() if ends_at else None,
    }


async def tell(work: Work, happened: str, object_id: str, told: Mapping[str, Any]) -> None:
    """Publish what happened, and note it in the trail."""
    await messaging.publish(work, happened, object_id, told)
    await audit.record(work, happened, object_id, **told)


async def tell_assigned(
    work: Work, assignment: Assignment, version: Version, *, instead_of: str | None
) -> None:
    """Tell that a project holds a version now, and instead of which one."""
    told = facts_of(assignment, version) | {"instead_of_version_id": instead_of}
    await tell(work, ASSIGNED, assignment.id, told)
