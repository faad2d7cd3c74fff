"""Add an existing user to a project, without asking them by mail."""

from core.db.work import Work
from core.kernel.caller import Role
from core.projects import invitations
from core.projects.errors import AlreadyMember, PersonNotFound
from core.projects.finding import memberships_of
from core.projects.inviting import revoke
from core.projects.members import Listed, find_member, join, lock_members
from core.projects.model import check_grant
from core.projects.people import get_person


async def add_member(work: Work, user_id: str, role: Role) -> Listed:
    """Give an existing user a place in this project, at once. Raises PersonNotFound."""
    assert role is not Role.OWNER, "a project gets its owner by transfer alone"
    check_grant(work.caller, role)
    await lock_members(work)
    person = await get_person(work, user_id)
    invited = await invitations.open_invitations(work, person.email)
    if not invited and not await _knows(work, user_id):
        raise PersonNotFound(user_id)
    if there := await find_member(work, user_id):
        raise AlreadyMember(user_id, str(there.role))
    for invitation in invited:
        # What was to bring them here is done. To own the project is more than they were given
        # now, so that invitation stays.
        if invitation.role is not Role.OWNER:
            await revoke(work, invitation)
    return Listed(await join(work, user_id, role), person)


async def _knows(work: Work, user_id: str) -> bool:
    """Tell whether the caller may know that this user exists: colleagues do, and staff.

    Users belong to the installation. Whoever could name any of them would be told the names and
    addresses of another customer's people, and could give them a place that they never asked for.
    """
    caller = work.caller
    if caller.is_platform or await find_member(work, user_id):
        return True
    if caller.user_id is None:
        return False
    mine, theirs = [
        {each.project_id for each in await memberships_of(work, somebody)}
        for somebody in (caller.user_id, user_id)
    ]
    return bool(mine & theirs)
