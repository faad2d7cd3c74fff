"""What is told when it changes who sells, or what a project wants its invoices to say."""

from typing import Any

from core import audit, messaging
from core.db.work import Work

DETAILS_UPDATED = "billing_details.updated"
ENTITY_SET = "legal_entity.set"


async def tell(work: Work, happened: str, object_id: str, **told: Any) -> None:
    await messaging.publish(work, happened, object_id, told)
    await audit.record(work, happened, object_id, **told)
