"""Where invitations are kept: read them, and change one that is still open."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, insert, select, update

from core.db.work import Work
from core.kernel.caller import Role
from core.projects.errors import InvitationClosed, InvitationNotFound
from core.projects.model import Invitation, InvitationState, token_hash
from core.projects.tables import invitations

_i = invitations.c
_columns = [_i[name] for name in Invitation.__slots__]
_is_open = _i.accepted_at.is_(None) & _i.revoked_at.is_(None)


async def store(work: Work, invitation: Invitation, token: str) -> None:
    row = {name: getattr(invitation, name) for name in Invitation.__slots__}
    row |= {"role": str(invitation.role), "token_hash": token_hash(token)}
    await work.execute(insert(invitations), row)


async def get_invitation(work: Work, invitation_id: str) -> Invitation:
    """Return an invitation to this unit's project. Raises InvitationNotFound."""
    found = await _read(work, _of_project(work).where(_i.id == invitation_id))
    if not found:
        raise InvitationNotFound
    return found[0]


async def list_invitations(work: Work, *, before: str | None, limit: int) -> Sequence[Invitation]:
    """Return this project's invitations, the newest first."""
    query = _of_project(work).order_by(_i.id.desc()).limit(limit)
    if before is not None:
        query = query.where(_i.id < before)
    return await _read(work, query)


async def open_invitations(work: Work, email: str) -> Sequence[Invitation]:
    """Return what is open to this address: one invitation at most, which may have expired."""
    return await _read(work, _of_project(work).where(_i.email == email, _is_open))


async def open_owner_invitations(work: Work) -> Sequence[Invitation]:
    """Return what would make someone else the owner: one invitation at most."""
    return await _read(work, _of_project(work).where(_i.role == str(Role.OWNER), _is_open))


async def find_by_token(work: Work, token: str) -> Invitation:
    """Return the pending invitation this token is for, whatever its project.

    Raises InvitationNotFound for a token nobody was sent, or that a newer mail replaced; and
    InvitationClosed for one that was used, was revoked or has expired.
    """
    # The token is the authority, and names the project: the one query here that asks for no other.
    found = await _read(work, select(*_columns).where(_i.token_hash == token_hash(token)))
    if not found:
        raise InvitationNotFound
    if (state := found[0].state(work.real_now)) is not InvitationState.PENDING:
        raise InvitationClosed(str(state))
    return found[0]


async def change(work: Work, invitation: Invitation, values: Mapping[str, Any]) -> None:
    """Change an invitation that nobody has accepted or revoked meanwhile."""
    changed = await work.execute(
        update(invitations)
        .where(_i.project_id == invitation.project_id, _i.id == invitation.id, _is_open)
        .values(**values)
    )
    assert changed.rowcount == 1, "the project was locked, so the invitation is what it was"


def _of_project(work: Work) -> Select[Any]:
    return select(*_columns).where(_i.project_id == work.project_id)


async def _read(work: Work, query: Select[Any]) -> list[Invitation]:
    rows = (await work.execute(query)).mappings().all()
    return [Invitation(**{**row, "role": Role(row["role"])}) for row in rows]
