"""List who holds, and held, which plan."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import and_, or_, select

from core import catalog
from core.db.work import Work
from core.entitlements import resolving, tables
from core.entitlements.holders import holds_now
from core.entitlements.model import Assignment, Version


@dataclass(frozen=True, slots=True)
class Listed:
    """An assignment, open or closed, and the version that it is of."""

    assignment: Assignment
    version: Version
    closed_for: Literal["withdrawn", "replaced", "migrated"] | None = None


async def list_after(
    work: Work,
    place: tuple[str, str] | None,
    limit: int,
    *,
    plan_key: str | None,
    closed: bool,
) -> list[Listed]:
    """Return assignments in the order of projects: of this unit's project, or of all of them.

    Within a project they are in the order in which they were made.
    """
    a = tables.assignments.c
    query = select(tables.assignments).order_by(a.project_id, a.id).limit(limit)
    if work.found_project_id:
        query = query.where(a.project_id == work.found_project_id)
    if not closed:
        query = query.where(*holds_now(work))
    if plan_key is not None:
        query = query.where(a.version_id.in_(await _versions(work, plan_key)))
    if place is not None:
        project_id, assignment_id = place
        here = and_(a.project_id == project_id, a.id > assignment_id)
        query = query.where(or_(a.project_id > project_id, here))
    return [await _listed(work, row) for row in await work.execute(query)]


VERSIONS_MAX = 1_000
"""Of one plan: as many as are looked for when its holders are listed."""


async def _versions(work: Work, plan_key: str) -> Sequence[str]:
    plan = await catalog.find_plan(work, plan_key)
    return [each.id for each in await catalog.versions(work, plan, limit=VERSIONS_MAX)]


async def _listed(work: Work, row: Any) -> Listed:
    version = await resolving.version(work, row.version_id)
    return Listed(resolving.assignment_of(row), version, row.closed_for)
