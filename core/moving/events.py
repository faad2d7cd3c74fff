"""What moving tells: that a migration began, and that it is finished."""

from collections.abc import Mapping
from typing import Any

from core import audit, messaging
from core.db.work import Work

BEGUN = "plan_migration.begun"
FINISHED = "plan_migration.finished"


async def tell(work: Work, happened: str, object_id: str, told: Mapping[str, Any]) -> None:
    """Publish what happened, and note it in the trail."""
    await messaging.publish(work, happened, object_id, told)
    await audit.record(work, happened, object_id, **told)
