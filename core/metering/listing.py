"""List recorded usage, newest received first, each event with what it was charged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select, select, tuple_

from core.db import paging
from core.db.work import Work
from core.kernel.money import Asset, Money
from core.metering import tables
from core.metering.charges import Charge
from core.usage import Property

Place = tuple[datetime, int, str]
"""When an event was received, where in its batch, and its id: the order of the list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """Which events are asked for; None means any."""

    meter_id: str | None = None
    event_id: str | None = None
    start_at: datetime | None = None
    end_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    event_id: str
    meter_key: str
    occurred_at: datetime
    received_at: datetime
    position: int
    quantity: int
    properties: Mapping[str, Property]
    charge: Charge | None
    """None while the event is not charged."""


async def list_after(work: Work, sought: Sought, place: Place | None, limit: int) -> list[Listed]:
    e = tables.events.c
    order = (e.received_at, e.position, e.event_id)
    query = _matching(work, sought).order_by(*(each.desc() for each in order)).limit(limit)
    if place is not None:
        query = query.where(tuple_(*order) < tuple_(*place, types=[each.type for each in order]))
    return [_listed(row) for row in await work.execute(query)]


def place_of(key: Sequence[str] | None) -> Place | None:
    """Read the place a cursor stands for. One that is not ours is refused, not believed."""
    if key is None:
        return None
    received_at, position, event_id = key
    try:
        place = datetime.fromisoformat(received_at), int(position), event_id
        place[0].astimezone(UTC)
    except (ValueError, OverflowError):
        raise paging.InvalidCursor from None
    if place[0].tzinfo is None or not 0 <= place[1] < 2**31 or "\x00" in event_id:
        raise paging.InvalidCursor
    return place


def cursor_of(listed: Listed) -> list[str]:
    return [listed.received_at.isoformat(), str(listed.position), listed.event_id]


def _matching(work: Work, sought: Sought) -> Select[Any]:
    e, m, c = tables.events.c, tables.meters.c, tables.charges.c
    # The charge is joined, not looked up: a page costs one statement.
    joined = tables.events.join(tables.meters, m.id == e.meter_id).outerjoin(
        tables.charges, (c.project_id == e.project_id) & (c.event_id == e.event_id)
    )
    query = (
        select(
            tables.events,
            m.key.label("meter_key"),
            c.transaction_id,
            c.wallet_id,
            c.amount,
            c.asset,
        )
        .select_from(joined)
        .where(e.project_id == work.project_id)
    )
    if sought.meter_id is not None:
        query = query.where(e.meter_id == sought.meter_id)
    if sought.event_id is not None:
        # Its id says when it arrived, and so where it stands.
        i = tables.event_ids.c
        same = i.project_id == work.project_id, i.event_id == sought.event_id
        query = query.where(
            e.event_id == sought.event_id,
            e.received_at == select(i.received_at).where(*same).scalar_subquery(),
            e.occurred_at == select(i.occurred_at).where(*same).scalar_subquery(),
        )
    if sought.start_at is not None:
        query = query.where(e.occurred_at >= sought.start_at)
    if sought.end_at is not None:
        query = query.where(e.occurred_at < sought.end_at)
    return query


def _listed(row: Any) -> Listed:
    charge = row.wallet_id and Charge(
        event_id=row.event_id,
        quantity=row.quantity,
        amount=Money(row.amount, Asset.parse(row.asset)),
        wallet_id=row.wallet_id,
        transaction_id=row.transaction_id,
    )
    return Listed(
        event_id=row.event_id,
        meter_key=row.meter_key,
        occurred_at=row.occurred_at,
        received_at=row.received_at,
        position=row.position,
        quantity=row.quantity,
        properties=row.properties,
        charge=charge,
    )
