"""Remember which of our own consumers has seen which of our own events, so that each acts once."""

from core.db.schema import PLATFORM
from core.db.upsert import insert_if_absent
from core.db.work import Database
from core.kernel.caller import SYSTEM
from core.messaging import tables
from core.messaging.broker import Event, Subscription


async def consume(database: Database, subscription: Subscription, event: Event) -> bool:
    """Let the consumer handle the event in one unit, once. False when it has done so before.

    That it was consumed is written first and commits with the effects. A second delivery waits
    for that row and then finds it; a handler that fails takes the row back with everything else.
    """
    async with database.begin(SYSTEM) as work:
        work.found_project_id = None if event.project_id == PLATFORM else event.project_id
        work.invocation_id = event.invocation_id
        await work.keep_time()
        row = {
            "project_id": event.project_id,
            "event_id": event.id,
            "consumer": subscription.consumer,
            "consumed_at": work.real_now,
        }
        if not await insert_if_absent(work, tables.consumed, row):
            return False
        await subscription.handle(work, event)
    return True
