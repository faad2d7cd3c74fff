"""Find projects, and who may do what in them. Whatever a caller may not know is not found."""

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from core.db import paging
from core.db.together import Order, Step
from core.db.work import Work
from core.kernel.caller import Role
from core.kernel.errors import EngineError
from core.kernel.ids import is_id
from core.projects.errors import ProjectNotFound
from core.projects.model import Headcount, Membership, Project
from core.projects.tables import members, projects


async def find_project(work: Work, project_id: str | None, external_key: str | None) -> str:
    """Return the id of the project that has this id and this key, as far as they are given.

    Who is bound to one project finds that one only: another project and one that does not exist
    are the same answer.
    """
    return await work.together(FIND, (project_id, external_key))


Named = tuple[str | None, str | None]


async def _find(items: Sequence[tuple[Work, Named]]) -> list[str | EngineError]:
    """Look up what is named by id, and what by key: two statements, whatever the number."""
    work, p = items[0][0], projects.c
    ids = sorted({project_id for _, (project_id, _) in items if project_id})
    keys = sorted({key for _, (project_id, key) in items if key and not project_id})
    found: list[Any] = []
    for column, wanted in ((p.id, ids), (p.external_key, keys)):
        if wanted:
            query = select(p.id, p.external_key).where(column.in_(wanted))
            found += await work.execute(query)
    by_id = {row.id: row for row in found}
    by_key = {row.external_key: row for row in found}
    return [_chosen(own, named, by_id, by_key) for own, named in items]


def _chosen(
    work: Work, named: Named, by_id: Mapping[str, Any], by_key: Mapping[str, Any]
) -> str | EngineError:
    project_id, key = named
    row = by_id.get(project_id) if project_id else by_key.get(key or "")
    is_other = row is not None and key is not None and row.external_key != key
    if row is None or is_other or work.caller.project_id not in {None, row.id}:
        return ProjectNotFound(project_id or key or "")
    found: str = row.id
    return found


FIND: Step[Named, str] = Step(Order.PROJECT, _find)


async def get_project(work: Work) -> Project:
    """Return this unit's project. Raises ProjectNotFound."""
    rows = await work.execute(select(projects).where(projects.c.id == work.project_id))
    row = rows.mappings().first()
    if row is None:
        raise ProjectNotFound(work.project_id)
    return Project(**row)


async def lock_project(work: Work) -> None:
    """Let nobody else decide about the unit's project until the commit. Raises ProjectNotFound.

    The next statement sees what they did who were waited for, because each takes a new look.
    """
    # NO KEY UPDATE: what refers to the project may still be written while we hold it.
    query = select(projects.c.id).where(projects.c.id == work.project_id)
    if (await work.execute(query.with_for_update(key_share=True))).first() is None:
        raise ProjectNotFound(work.project_id)


async def list_projects(work: Work, *, after: str | None, limit: int) -> Sequence[Project]:
    """Return the projects this caller may see, oldest first: all of them, or its own."""
    query = select(projects).order_by(projects.c.id).limit(limit)
    if work.caller.project_id:
        query = query.where(projects.c.id == work.caller.project_id)
    if after is not None:
        query = query.where(projects.c.id > after)
    return [Project(**row) for row in (await work.execute(query)).mappings()]


async def headcount(work: Work) -> Headcount:
    """Count this project's members by whether they are billed for."""
    query = (
        select(members.c.role, func.count().label("members"))
        .where(members.c.project_id == work.project_id)
        .group_by(members.c.role)
    )
    rows = await work.execute(query)
    return Headcount.of({Role(row.role): row.members for row in rows})


async def role_of(work: Work, user_id: str, project_id: str) -> Role | None:
    """Return the user's role in the project, or None for whoever is not a member of it."""
    query = select(members.c.role).where(
        members.c.project_id == project_id, members.c.user_id == user_id
    )
    role = (await work.execute(query)).scalar_one_or_none()
    return role and Role(role)


async def memberships_of(work: Work, user_id: str) -> list[Membership]:
    """Return every project the user is a member of, oldest first."""
    query = (
        select(projects.c.id, projects.c.name, members.c.role)
        .join(members, members.c.project_id == projects.c.id)
        .where(members.c.user_id == user_id)
        .order_by(projects.c.id)
    )
    return [
        Membership(project_id=row.id, project_name=row.name, role=Role(row.role))
        for row in await work.execute(query)
    ]


async def time_zone_of(work: Work, project_id: str) -> ZoneInfo:
    """Return the zone whose days and months the project is told in. Raises ProjectNotFound."""
    query = select(projects.c.time_zone).where(projects.c.id == project_id)
    name: str | None = (await work.execute(query)).scalar_one_or_none()
    if name is None:
        raise ProjectNotFound(project_id)
    return ZoneInfo(name)


def cursor_id(cursor: str | None, prefix: str) -> str | None:
    """Read the id a list goes on after. Raises InvalidCursor for what is no id of that noun."""
    key = paging.after(cursor, parts=1)
    if key is not None and not is_id(prefix, key[0]):
        raise paging.InvalidCursor
    return key[0] if key else None
