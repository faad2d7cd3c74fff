"""Read usage in the order in which it was received: for whoever copies it elsewhere."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, tuple_

from core.db.work import Work
from core.metering import tables

Place = tuple[datetime, int, str]
"""When an event was received, where in its batch, and its id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """An event as its meter read it."""

    event_id: str
    occurred_at: datetime
    received_at: datetime
    position: int
    quantity: int
    """Millionths."""

    @property
    def place(self) -> Place:
        return self.received_at, self.position, self.event_id


async def received(
    work: Work, meter_id: str, since: datetime, after: Place | None, limit: int
) -> list[Received]:
    """Return the project's events of a meter from an instant, or a place, on; oldest first.

    What is committed late is received earlier than it can be seen: look back.
    """
    e = tables.events.c
    order = e.received_at, e.position, e.event_id
    shown = e.event_id, e.occurred_at, e.received_at, e.position, e.quantity
    this = e.project_id == work.project_id, e.received_at >= since, e.meter_id == meter_id
    query = select(*shown).where(*this).order_by(*order).limit(limit)
    if after is not None:
        query = query.where(tuple_(*order) > tuple_(*after, types=[each.type for each in order]))
    return [Received(**row) for row in (await work.execute(query)).mappings()]


async def used_since(work: Work, since: datetime) -> list[str]:
    """Return the projects of which anything was received from this instant on."""
    i = tables.event_ids.c
    query = select(i.project_id).where(i.received_at >= since).distinct()
    return [row.project_id for row in await work.execute(query)]
