"""A grant: what one person allowed one program, and the family of every token that came of it.

Revoking the grant revokes the family: codes, refresh tokens and access tokens are all looked up
together with their grant, so nothing has to be found and changed one by one.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, insert, select, update

from auth import remembering, tables
from core import audit
from core.db.work import Work

grants = tables.grants


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    id: str
    user_id: str
    client_id: str
    client_name: str
    project_id: str | None
    """The one project the tokens are for; None means all projects, which is for staff."""
    scopes: tuple[str, ...]
    resource: str
    created_at: datetime
    last_used_at: datetime
    revoked_at: datetime | None = None


def of_row(row: Row[Any]) -> Grant:
    return Grant(
        id=row.id,
        user_id=row.user_id,
        client_id=row.client_id,
        client_name=row.client_name,
        project_id=row.project_id,
        scopes=tuple(row.scopes),
        resource=row.resource,
        created_at=row.created_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )


async def create(work: Work, grant: Grant) -> None:
    row = {
        "id": grant.id,
        "user_id": grant.user_id,
        "client_id": grant.client_id,
        "client_name": grant.client_name,
        "project_id": grant.project_id,
        "scopes": list(grant.scopes),
        "resource": grant.resource,
        "created_at": grant.created_at,
        "last_used_at": grant.last_used_at,
    }
    await work.execute(insert(grants), row)


async def find(work: Work, grant_id: str) -> Grant:
    """Load the grant of a code or token, which always has one."""
    return of_row((await work.execute(select(grants).where(grants.c.id == grant_id))).one())


async def lock(work: Work, grant_id: str) -> Grant:
    """Load the grant and hold it, so that issuing and revoking cannot pass each other.

    Every use of a family locks its grant before its code or token: one order, no deadlock.
    """
    row = await work.execute(select(grants).where(grants.c.id == grant_id).with_for_update())
    return of_row(row.one())


def about(work: Work, project_id: str | None) -> Work:
    """Return this unit as one about the grant's project, so that its own trail tells of it."""
    return work.within(project_id) if project_id else work


async def touch(work: Work, grant_id: str) -> None:
    await work.execute(
        update(grants).where(grants.c.id == grant_id).values(last_used_at=work.real_now)
    )


async def list_for(work: Work, user_id: str) -> list[Grant]:
    """List the programs that may act for this person, newest first."""
    rows = await work.execute(
        select(grants)
        .where(grants.c.user_id == user_id, grants.c.revoked_at.is_(None))
        .order_by(grants.c.id.desc())
    )
    return [of_row(row) for row in rows]


async def revoke(work: Work, grant_id: str, because: str) -> bool:
    """End the whole family at once. False when it was ended before, or never was."""
    return await _revoke_where(work, grants.c.id == grant_id, because) == 1


async def revoke_all_of(work: Work, user_id: str, because: str) -> int:
    """End every grant of a person: the account was disabled, or its password changed."""
    return await _revoke_where(work, grants.c.user_id == user_id, because)


async def revoke_client(work: Work, client_id: str, because: str) -> int:
    """End every grant that was given to a program."""
    return await _revoke_where(work, grants.c.client_id == client_id, because)


async def _revoke_where(work: Work, which: ColumnElement[bool], because: str) -> int:
    ended = await work.execute(
        update(grants)
        .where(which, grants.c.revoked_at.is_(None))
        .values(revoked_at=work.real_now, revoked_because=because)
        .returning(grants.c.id)
    )
    ids = [row.id for row in ended]
    if ids:
        work.after_commit(remembering.forget_all)
    for grant_id in ids:
        await audit.record(work, "grant.revoked", grant_id, because=because)
    return len(ids)
