"""Members: list, change, remove, and the one way each of these is written down.

Everyone who changes who is in a project first locks the project's row, so that what they decide
about (who owns it, who is what) cannot change before they write. One owner follows from that.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import delete, insert, select, update

from core.db.work import Work
from core.kernel import standing
from core.kernel.caller import Role
from core.projects import events
from core.projects.errors import MemberNotFound, ProjectNotFound
from core.projects.finding import lock_project
from core.projects.model import Member, Person, check_change, check_removal
from core.projects.people import get_person
from core.projects.tables import members, people


@dataclass(frozen=True, slots=True)
class Listed:
    """A member with the name and address people know them by."""

    member: Member
    person: Person


async def lock_members(work: Work) -> None:
    """Wait for whoever is changing this project's people, and keep others out until the commit.

    The next statement sees what they did, because READ COMMITTED takes a new look for each one.
    """
    await lock_project(work)


async def find_member(work: Work, user_id: str) -> Member | None:
    query = select(members).where(
        members.c.project_id == work.project_id, members.c.user_id == user_id
    )
    row = (await work.execute(query)).mappings().first()
    return Member(**{**row, "role": Role(row["role"])}) if row else None


async def get_owner(work: Work) -> Member:
    """Return the one owner of this unit's project. Raises ProjectNotFound."""
    query = select(members).where(
        members.c.project_id == work.project_id, members.c.role == str(Role.OWNER)
    )
    row = (await work.execute(query)).mappings().first()
    if row is None:
        # A project and its owner are made in one unit: without the one there is not the other.
        raise ProjectNotFound(work.project_id)
    return Member(**{**row, "role": Role(row["role"])})


async def list_members(work: Work, *, after: str | None, limit: int) -> Sequence[Listed]:
    """Return this project's members in the order of their user ids."""
    query = (
        select(members, people.c.email, people.c.name)
        .join(people, people.c.user_id == members.c.user_id)
        .where(members.c.project_id == work.project_id)
        .order_by(members.c.user_id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(members.c.user_id > after)
    return [
        Listed(
            Member(
                project_id=row.project_id,
                user_id=row.user_id,
                role=Role(row.role),
                joined_at=row.joined_at,
            ),
            Person(user_id=row.user_id, email=row.email, name=row.name),
        )
        for row in await work.execute(query)
    ]


async def join(work: Work, user_id: str, role: Role) -> Member:
    """Write a new member down. The caller has locked the project, and checked what it must."""
    member = Member(project_id=work.project_id, user_id=user_id, role=role, joined_at=work.real_now)
    row = {"project_id": member.project_id, "user_id": user_id, "role": str(role)}
    await work.execute(insert(members), row | {"joined_at": member.joined_at})
    work.after_commit(standing.changed)
    await events.tell(work, events.MEMBER_ADDED, user_id, after={"role": str(role)})
    return member


async def change_member_role(work: Work, user_id: str, role: Role) -> Listed:
    """Give a member another role; owner is not one that can be given this way."""
    assert role is not Role.OWNER, "a project gets its owner by transfer alone"
    await lock_members(work)
    member = await _get_member(work, user_id)
    check_change(work.caller, member, role)
    if member.role is not role:
        await set_role(work, member, role)
    return Listed(replace(member, role=role), await get_person(work, user_id))


async def set_role(work: Work, member: Member, role: Role) -> None:
    """Write another role down, guarded by the one it was decided from."""
    changed = await work.execute(
        update(members)
        .where(
            members.c.project_id == work.project_id,
            members.c.user_id == member.user_id,
            members.c.role == str(member.role),
        )
        .values(role=str(role))
    )
    assert changed.rowcount == 1, "the project was locked, so the member is what it was"
    work.after_commit(standing.changed)
    before, after = {"role": str(member.role)}, {"role": str(role)}
    await events.tell(work, events.MEMBER_ROLE_CHANGED, member.user_id, before=before, after=after)


async def remove_member(work: Work, user_id: str) -> Member:
    """Take a member's place away; whoever asks for themselves leaves. The owner cannot go."""
    await lock_members(work)
    member = await _get_member(work, user_id)
    check_removal(work.caller, member)
    await leave(work, member)
    return member


async def leave(work: Work, member: Member) -> None:
    """Delete a member's place, guarded by the role it was decided from."""
    gone = await work.execute(
        delete(members).where(
            members.c.project_id == work.project_id,
            members.c.user_id == member.user_id,
            members.c.role == str(member.role),
        )
    )
    assert gone.rowcount == 1, "the project was locked, so the member is what it was"
    work.after_commit(standing.changed)
    await events.tell(
        work, events.MEMBER_REMOVED, member.user_id, before={"role": str(member.role)}
    )


async def _get_member(work: Work, user_id: str) -> Member:
    if member := await find_member(work, user_id):
        return member
    raise MemberNotFound(user_id)
