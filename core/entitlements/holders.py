"""Tell the catalog who holds a version of a plan now."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select

from core import catalog
from core.db.work import Work
from core.entitlements import tables


class Holders(catalog.Holders):
    """Counts and lists the projects to which a version is assigned and has not ended.

    Who is bound to one project, staff too, is told of that project alone.
    """

    async def count(self, work: Work, version_ids: Sequence[str]) -> Mapping[str, int]:
        a = tables.assignments.c
        query = (
            select(a.version_id, func.count().label("projects"))
            .where(a.version_id.in_(version_ids), *holds_now(work), *_told_of(work))
            .group_by(a.version_id)
        )
        return {row.version_id: row.projects for row in await work.execute(query)}

    async def after(
        self, work: Work, version_id: str, project_id: str | None, limit: int
    ) -> Sequence[str]:
        a = tables.assignments.c
        query = select(a.project_id).where(a.version_id == version_id)
        query = query.where(*holds_now(work), *_told_of(work))
        if project_id is not None:
            query = query.where(a.project_id > project_id)
        rows = await work.execute(query.order_by(a.project_id).limit(limit))
        return [row.project_id for row in rows]


def _told_of(work: Work) -> list[ColumnElement[Any]]:
    only = work.caller.project_id
    return [] if only is None else [tables.assignments.c.project_id == only]


def holds_now(work: Work) -> list[ColumnElement[Any]]:
    """Say that an assignment is neither closed nor over."""
    a = tables.assignments.c
    return [a.closed_at.is_(None), or_(a.ends_at.is_(None), a.ends_at > work.now)]
