"""What exporting tells, each once, in the unit of the change itself."""

from typing import Any

from core import audit, messaging
from core.db.work import Work
from core.exporting.model import Export

STARTED = "usage_export.started"
STOPPED = "usage_export.stopped"
REFUSED = "usage_export.refused"
PAUSED = "usage_export.paused"
REJECTED = "usage_export.rejected"


async def tell(work: Work, happened: str, export: Export, **more: Any) -> None:
    """Publish what happened to a meter's export, and note it in the trail."""
    told = {"meter_key": export.meter_key, "event_name": export.terms.event_name, **more}
    await messaging.publish(work, happened, export.meter_id, told)
    await audit.record(work, happened, export.meter_id, **told)
