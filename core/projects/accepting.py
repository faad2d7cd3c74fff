"""Accept an invitation: the one way in for someone who is new.

A token proves that its holder reads the mail of the invited address. Whoever is signed in with
another address is refused all the same, so that a forwarded mail lets nobody else in.
"""

from dataclasses import dataclass, replace

from core.db.work import Work
from core.kernel.caller import CallerKind, Role
from core.projects import events, invitations
from core.projects.errors import AlreadyMember, InvitedAnother, PersonRequired
from core.projects.finding import get_project
from core.projects.members import find_member, get_owner, join, leave, lock_members, set_role
from core.projects.model import Invitation, Member, Project
from core.projects.people import find_person_by_id, get_person


@dataclass(frozen=True, slots=True)
class Offer:
    """What whoever holds a token may know of the invitation before they accept it."""

    invitation: Invitation
    project: Project
    invited_by: str | None


async def peek(work: Work, token: str) -> Offer:
    """Return the pending invitation this token is for, and change nothing."""
    invitation = await invitations.find_by_token(work, token)
    project = await get_project(work.within(invitation.project_id))
    inviter = await find_person_by_id(work, invitation.invited_by_user_id)
    return Offer(invitation, project, inviter.name if inviter else None)


async def accept_as_caller(work: Work, token: str) -> Member:
    """Accept for the person who asks, or whom the asking program acts for."""
    caller = work.caller
    if caller.kind not in {CallerKind.USER, CallerKind.AGENT} or caller.user_id is None:
        raise PersonRequired
    return await accept(work, token, caller.user_id)


async def accept(work: Work, token: str, user_id: str) -> Member:
    """Make the user, who has the invited address, a member. Of many at once, one succeeds."""
    invitation = await invitations.find_by_token(work, token)
    work = work.within(invitation.project_id)
    await lock_members(work)
    # Again, now that nobody can change it: what was pending may have been taken or revoked.
    invitation = await invitations.find_by_token(work, token)
    if (await get_person(work, user_id)).email != invitation.email:
        raise InvitedAnother
    await invitations.change(work, invitation, {"accepted_at": work.real_now})
    member = await find_member(work, user_id)
    if invitation.role is Role.OWNER:
        member = await _take_over(work, user_id, member)
    elif member:
        raise AlreadyMember(user_id, str(member.role))
    else:
        member = await join(work, user_id, invitation.role)
    await events.tell(work, events.INVITATION_ACCEPTED, invitation.id, after={"user_id": user_id})
    return member


async def _take_over(work: Work, user_id: str, member: Member | None) -> Member:
    """Make this user the owner, in place of whoever stood in until they came.

    See docs/decisions/0005-one-owner-from-the-first-moment.md.
    """
    owner = await get_owner(work)
    if owner.user_id == user_id:
        return owner
    await leave(work, owner)
    if member:
        await set_role(work, member, Role.OWNER)
        member = replace(member, role=Role.OWNER)
    else:
        member = await join(work, user_id, Role.OWNER)
    before, after = {"owner_user_id": owner.user_id}, {"owner_user_id": user_id}
    await events.tell(
        work, events.OWNERSHIP_TRANSFERRED, work.project_id, before=before, after=after
    )
    return member
