"""Ownership: one owner before, one owner after, and no instant in between that anyone can see."""

from core.db.work import Work
from core.kernel.caller import Role
from core.projects import events, invitations
from core.projects.inviting import revoke
from core.projects.members import find_member, get_owner, lock_members, set_role
from core.projects.model import Member, check_transfer


async def transfer_ownership(work: Work, user_id: str) -> Member:
    """Make a member the owner, and the owner an admin. Return who owned it before.

    An invitation that would have made someone else the owner is revoked: it was the old owner's
    place that it promised.
    """
    await lock_members(work)
    owner = await get_owner(work)
    heir = check_transfer(work.caller, owner, await find_member(work, user_id), user_id)
    for promise in await invitations.open_owner_invitations(work):
        await revoke(work, promise)
    # The old owner first: the index that allows one owner is checked row by row.
    await set_role(work, owner, Role.ADMIN)
    await set_role(work, heir, Role.OWNER)
    before, after = {"owner_user_id": owner.user_id}, {"owner_user_id": heir.user_id}
    await events.tell(
        work, events.OWNERSHIP_TRANSFERRED, work.project_id, before=before, after=after
    )
    return owner
