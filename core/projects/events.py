"""What projects tell: each fact once for whoever listens, and once for the audit trail.

Both are written in the unit of the change itself, about the project that changed.
"""

from typing import Any

from core import audit, messaging
from core.db.work import Work

PROJECT_CREATED = "project.created"
PROJECT_UPDATED = "project.updated"
MEMBER_ADDED = "member.added"
MEMBER_REMOVED = "member.removed"
MEMBER_ROLE_CHANGED = "member.role_changed"
OWNERSHIP_TRANSFERRED = "ownership.transferred"
INVITATION_SENT = "invitation.sent"
INVITATION_ACCEPTED = "invitation.accepted"
INVITATION_REVOKED = "invitation.revoked"


async def tell(
    work: Work,
    happened: str,
    object_id: str,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Publish what happened, and note it in the trail. Neither carries a secret."""
    await messaging.publish(work, happened, object_id, {"before": before, "after": after})
    await audit.record(work, happened, object_id, before=before, after=after)
