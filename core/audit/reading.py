"""Read the trail: of one project, or of everything for those who may."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, Table, select

from core.audit import tables
from core.audit.model import Decision
from core.db.work import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What to look for; None looks for anything. `until` is not included."""

    project_id: str | None = None
    user_id: str | None = None
    client_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    equals: tuple[tuple[str, Any], ...] = ()
    """Other columns and the value each must have."""


async def invocations(
    work: Work, sought: Filter, after: Sequence[str] | None, limit: int
) -> list[dict[str, Any]]:
    """Return calls, newest first, without their digests."""
    return await _read(work, tables.invocations, sought, after, limit)


async def events(
    work: Work, sought: Filter, after: Sequence[str] | None, limit: int
) -> list[dict[str, Any]]:
    """Return events, newest first, without their digests."""
    return await _read(work, tables.events, sought, after, limit)


async def _read(
    work: Work, table: Table, sought: Filter, after: Sequence[str] | None, limit: int
) -> list[dict[str, Any]]:
    query: Select[Any] = select(*(each for each in table.c if each.name != "digest"))
    for name in ("project_id", "user_id", "client_id"):
        if (value := getattr(sought, name)) is not None:
            query = query.where(table.c[name] == value)
    for name, value in sought.equals:
        query = query.where(table.c[name] == value)
    if sought.since is not None:
        query = query.where(table.c.at >= sought.since)
    if sought.until is not None:
        query = query.where(table.c.at < sought.until)
    if after:
        query = query.where(table.c.id < after[0])
    rows = await work.execute(query.order_by(table.c.id.desc()).limit(limit))
    return [dict(row) for row in rows.mappings()]


async def touched(work: Work) -> AsyncIterator[list[tuple[str, str, list[str]]]]:
    """Go through what allowed calls touched: `(call, project, ids)`, some hundreds at a time."""
    i = tables.invocations.c
    query = select(i.id, i.project_id, i.touched).where(i.decision == str(Decision.ALLOWED))
    rows = await work.connection.stream(query.execution_options(yield_per=500))
    async for part in rows.partitions():
        yield [(row.id, row.project_id, row.touched) for row in part]
