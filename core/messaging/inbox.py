"""Hear everything once: what others tell us, and what our own consumers have seen.

Whoever tells us something may tell it again. It is stored under the name its sender gave it
before it is acted on, and a second telling finds the first.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from core.db.schema import PLATFORM
from core.db.upsert import insert_if_absent
from core.db.work import Database, Work
from core.kernel.caller import SYSTEM
from core.messaging import tables
from core.messaging.broker import Event, Subscription

UNHANDLED_MAX = 100


@dataclass(frozen=True, slots=True)
class Received:
    """Something that another system told us."""

    source: str
    external_id: str
    payload: Mapping[str, Any]
    received_at: datetime


async def receive(work: Work, source: str, external_id: str, payload: Mapping[str, Any]) -> bool:
    """Store what the source told us. False when it was received before, whatever came of it."""
    row = {
        "source": source,
        "external_id": external_id,
        "payload": dict(payload),
        "received_at": work.now,
    }
    return await insert_if_absent(work, tables.inbox, row)


async def handled(work: Work, source: str, external_id: str) -> bool:
    """Mark it handled in the unit of its effects. False when another unit did: then do nothing."""
    inbox = tables.inbox.c
    this = inbox.source == source, inbox.external_id == external_id, inbox.handled_at.is_(None)
    change = update(tables.inbox).where(*this).values(handled_at=work.now)
    return (await work.execute(change)).rowcount == 1


async def unhandled(work: Work, source: str, limit: int = UNHANDLED_MAX) -> list[Received]:
    """List what was received and not yet handled, in the order it came."""
    inbox = tables.inbox.c
    query = (
        select(inbox.source, inbox.external_id, inbox.payload, inbox.received_at)
        .where(inbox.source == source, inbox.handled_at.is_(None))
        .order_by(inbox.received_at, inbox.external_id)
        .limit(limit)
    )
    return [
        Received(row.source, row.external_id, row.payload, row.received_at)
        for row in await work.execute(query)
    ]


async def consume(database: Database, subscription: Subscription, event: Event) -> bool:
    """Let the consumer handle the event in one unit, once. False when it has done so before.

    That it was consumed is written first and commits with the effects. A second delivery waits
    for that row and then finds it; a handler that fails takes the row back with everything else.
    """
    async with database.begin(SYSTEM) as work:
        work.found_project_id = None if event.project_id == PLATFORM else event.project_id
        work.invocation_id = event.invocation_id
        row = {
            "project_id": event.project_id,
            "event_id": event.id,
            "consumer": subscription.consumer,
            "consumed_at": work.now,
        }
        if not await insert_if_absent(work, tables.consumed, row):
            return False
        await subscription.handle(work, event)
    return True
