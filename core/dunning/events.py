"""What dunning tells: each thing once for whoever listens, and once for the trail."""

from typing import Any

from core import audit, messaging
from core.db.work import Work

BEGUN = "dunning.begun"
NOTICE_SENT = "dunning.notice_sent"
SUSPENDED = "dunning.suspended"
ENDED = "dunning.ended"
CAMPAIGN_SET = "dunning.campaign_set"
WILL_RENEW = "subscription.will_renew"


async def tell(work: Work, happened: str, object_id: str, **told: Any) -> None:
    """Publish what happened, and note it in the trail."""
    await messaging.publish(work, happened, object_id, told)
    await audit.record(work, happened, object_id, **told)
