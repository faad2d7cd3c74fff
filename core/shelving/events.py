"""What the shelf tells: that the provider refuses a plan, or has it otherwise than we."""

from core import audit, messaging
from core.db.work import Work
from core.shelving.model import Shelf

PLAN_REFUSED = "plan.refused"
PLAN_DRIFTED = "plan.drifted"


async def tell(work: Work, happened: str, shelf: Shelf, reason: str | None = None) -> None:
    told = {"plan_key": shelf.plan_key}
    if reason:
        told["reason"] = reason
    await messaging.publish(work, happened, shelf.plan_id, told)
    await audit.record(work, happened, shelf.plan_id, **told)
