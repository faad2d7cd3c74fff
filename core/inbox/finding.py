"""Look events up: one by its name, or those that staff ask for, newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, RowMapping, and_, or_, select

from core.db.work import Work
from core.inbox import tables
from core.inbox.model import Endpoint, Event, State

SHOWN = tuple(tables.events.c)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """What to look for; None looks for anything. `until` is not included."""

    source: str
    state: State | None = None
    type: str | None = None
    object_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


async def find_event(
    work: Work, source: str, external_id: str, *, lock: bool = False
) -> Event | None:
    """Return the event; `lock` keeps others from settling or replaying it until the unit ends."""
    e = tables.events.c
    query = select(*SHOWN).where(e.source == source, e.external_id == external_id)
    found = await work.execute(query.with_for_update() if lock else query)
    row = found.mappings().first()
    return None if row is None else _event(row)


async def list_events(
    work: Work, sought: Sought, after: tuple[datetime, str] | None, limit: int
) -> Sequence[Event]:
    """Return events, the latest received first, from the one after the given place on."""
    e = tables.events.c
    query = select(*SHOWN).where(*_conditions(sought))
    if after:
        at, name = after
        query = query.where(
            or_(e.received_at < at, and_(e.received_at == at, e.external_id < name))
        )
    query = query.order_by(e.received_at.desc(), e.external_id.desc()).limit(limit)
    return [_event(row) for row in (await work.execute(query)).mappings()]


def _conditions(sought: Sought) -> list[ColumnElement[bool]]:
    e = tables.events.c
    found = [e.source == sought.source]
    if sought.state:
        found += _in_state(sought.state)
    if sought.type:
        found.append(e.type == sought.type)
    if sought.object_id:
        found.append(e.object_id == sought.object_id)
    if sought.since:
        found.append(e.received_at >= sought.since)
    if sought.until:
        found.append(e.received_at < sought.until)
    return found


def _in_state(state: State) -> list[ColumnElement[bool]]:
    e = tables.events.c
    if state is State.HANDLED:
        return [e.handled_at.is_not(None)]
    if state is State.IGNORED:
        return [e.ignored_at.is_not(None)]
    parked = e.parked_at.is_not(None) if state is State.PARKED else e.parked_at.is_(None)
    return [e.handled_at.is_(None), e.ignored_at.is_(None), parked]


def _event(row: RowMapping) -> Event:
    return Event(**{**row, "endpoint": Endpoint(row["endpoint"])})
