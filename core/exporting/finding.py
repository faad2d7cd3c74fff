"""Find exports and copies. An export belongs to the platform; a copy is data of its project."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select, tuple_, update

from core import payments
from core.db.sets import find_rows
from core.db.work import Work
from core.exporting import tables
from core.exporting.errors import UsageExportNotFound
from core.exporting.model import Copy, CopyState, Export, State, SyncState, Terms
from core.kernel.money import Asset

Place = tuple[datetime, str, str]
"""Where a list of rejected copies was left: when, whose, and which."""


async def by_id(work: Work, meter_id: str, *, lock: bool = False) -> Export | None:
    return await _one(work, tables.exports.c.meter_id == meter_id, lock=lock)


async def find(work: Work, meter_key: str, *, lock: bool = False) -> Export:
    """Find a meter's export, whatever its state. Raises UsageExportNotFound."""
    found = await _one(work, tables.exports.c.meter_key == meter_key, lock=lock)
    if found is None:
        raise UsageExportNotFound(meter_key)
    return found


async def by_event_name(work: Work, event_name: str) -> Export | None:
    return await _one(work, tables.exports.c.event_name == event_name, lock=False)


async def event_names(work: Work, meter_keys: Collection[str]) -> dict[str, str]:
    """Return under which names these meters are exported, or were, by key; others are missing."""
    e = tables.exports.c
    query = select(e.meter_key, e.event_name).where(e.meter_key.in_(sorted(meter_keys)))
    return {row.meter_key: row.event_name for row in await work.execute(query)}


async def running(work: Work) -> list[Export]:
    """Return the exports that are on and known to the provider, by the keys of their meters."""
    e = tables.exports.c
    is_running = e.state == str(State.ON), e.sync_state == str(SyncState.SYNCED)
    query = select(tables.exports).where(*is_running).order_by(e.meter_key)
    return [_export(row) for row in await work.execute(query)]


async def concerned(work: Work, provider_meter: str | None, ids: Collection[str]) -> list[Export]:
    """Lock and return the exports of these meters, or of this meter of the provider's."""
    e = tables.exports.c
    this = or_(e.meter_id.in_(sorted(ids)), e.provider_meter == (provider_meter or ""))
    query = select(tables.exports).where(this).order_by(e.meter_id).with_for_update()
    return [_export(row) for row in await work.execute(query)]


async def list_after(work: Work, meter_key: str | None, limit: int) -> list[Export]:
    query = select(tables.exports).order_by(tables.exports.c.meter_key).limit(limit)
    if meter_key is not None:
        query = query.where(tables.exports.c.meter_key > meter_key)
    return [_export(row) for row in await work.execute(query)]


async def change(work: Work, export: Export, **values: Any) -> bool:
    """Change an export unless somebody started or stopped it since. Tell whether it was."""
    e = tables.exports.c
    this = e.meter_id == export.meter_id, e.version == export.version
    changed = update(tables.exports).where(*this).values(values | {"updated_at": work.now})
    return (await work.execute(changed)).rowcount == 1


async def is_on(work: Work, export: Export) -> bool:
    """Tell whether it goes on, and let nobody stop it until the unit ends."""
    e = tables.exports.c
    this = e.meter_id == export.meter_id, e.version == export.version, e.state == str(State.ON)
    query = select(e.meter_id).where(*this).with_for_update(read=True)
    return (await work.execute(query)).first() is not None


# -- Copies ---------------------------------------------------------------------------------------


async def known(work: Work, event_ids: Sequence[str]) -> set[str]:
    """Return which of these events of the project have a copy."""
    wanted = [(work.project_id, each) for each in event_ids]
    keys = ("project_id", "event_id")
    return {row[0] for row in await find_rows(work, tables.copies, keys, wanted, ("event_id",))}


async def waiting_projects(work: Work, meter_id: str) -> list[str]:
    """Return the projects that have copies of which nobody knows what came of them."""
    c = tables.copies.c
    this = c.meter_id == meter_id, c.state == str(CopyState.WAITING)
    return [
        row.project_id for row in await work.execute(select(c.project_id).where(*this).distinct())
    ]


async def waiting(work: Work, meter_id: str, limit: int) -> list[Copy]:
    c = tables.copies.c
    this = (
        c.project_id == work.project_id,
        c.meter_id == meter_id,
        c.state == str(CopyState.WAITING),
    )
    query = select(tables.copies).where(*this).order_by(c.asked_at, c.event_id).limit(limit)
    return [_copy(row) for row in await work.execute(query)]


async def by_identifiers(work: Work, identifiers: Iterable[str]) -> list[Copy]:
    """Return what the provider calls so, whosever it is: for what it tells us."""
    c = tables.copies.c
    query = select(tables.copies).where(c.identifier.in_(sorted(identifiers)))
    return [_copy(row) for row in await work.execute(query)]


async def list_rejected(
    work: Work, project_id: str | None, meter_id: str | None, place: Place | None, limit: int
) -> list[Copy]:
    """Return rejected copies, the latest first: of one project, or (staff) of all."""
    c = tables.copies.c
    order = c.closed_at, c.project_id, c.event_id
    query = select(tables.copies).where(c.state == str(CopyState.REJECTED))
    if project_id is not None:
        query = query.where(c.project_id == project_id)
    if meter_id is not None:
        query = query.where(c.meter_id == meter_id)
    if place is not None:
        query = query.where(tuple_(*order) < tuple_(*place, types=[each.type for each in order]))
    query = query.order_by(*(each.desc() for each in order)).limit(limit)
    return [_copy(row) for row in await work.execute(query)]


# -- Rows -----------------------------------------------------------------------------------------


async def _one(work: Work, this: Any, *, lock: bool) -> Export | None:
    query = select(tables.exports).where(this)
    row = (await work.execute(query.with_for_update() if lock else query)).first()
    return _export(row) if row else None


def _export(row: Any) -> Export:
    told = {each.name: getattr(row, each.name) for each in fields(Export) if each.name != "terms"}
    terms = Terms(
        event_name=row.event_name,
        currency=Asset.parse(row.currency) if row.currency else None,
        tiers=tuple(payments.Tier(**each) for each in row.tiers or ()),
    )
    states = {"state": State(row.state), "sync_state": SyncState(row.sync_state)}
    return Export(**(told | states), terms=terms)


def _copy(row: Any) -> Copy:
    told = {each.name: getattr(row, each.name) for each in fields(Copy)}
    return Copy(**(told | {"state": CopyState(row.state)}))
