"""Invite an address to a project, send the invitation again, take it back.

The token in the mail is the only copy: here is its hash, so that neither a database shell nor a
backup can accept an invitation. Sending again makes a new token, and the old mail is worth nothing.
"""

import secrets
from dataclasses import replace

from core.db.work import Work
from core.kernel.caller import Role
from core.projects import events, invitations, letters
from core.projects.errors import AlreadyInvited, AlreadyMember, InvitationClosed, NotTheOwner
from core.projects.members import find_member, get_owner, lock_members
from core.projects.model import (
    Invitation,
    InvitationState,
    acts_as,
    check_grant,
    expiry,
    is_operator,
    normal_email,
    token_hash,
)
from core.projects.people import find_person


async def invite_member(work: Work, email: str, role: Role) -> Invitation:
    """Invite an address to a role below owner, and send the mail.

    Refused for an address that has a pending invitation, or whose person is a member already.
    """
    assert role is not Role.OWNER, "a project gets its owner by transfer alone"
    check_grant(work.caller, role)
    await lock_members(work)
    return await invite(work, normal_email(email), role)


async def invite(work: Work, email: str, role: Role) -> Invitation:
    """Write the invitation down and send it. The project is locked, or as yet unseen by others."""
    person = await find_person(work, email)
    if person and (member := await find_member(work, person.user_id)):
        raise AlreadyMember(member.user_id, str(member.role))
    for earlier in await invitations.open_invitations(work, email):
        if earlier.state(work.real_now) is InvitationState.PENDING:
            raise AlreadyInvited(earlier.id)
        # It has expired, and must make room: an address has one open invitation at most.
        await invitations.change(work, earlier, {"revoked_at": work.real_now})
    invitation = Invitation(
        project_id=work.project_id,
        id=work.ids.new("ivt"),
        email=email,
        role=role,
        invited_by_user_id=work.caller.user_id,
        created_at=work.real_now,
        sent_at=work.real_now,
        expires_at=expiry(work.real_now),
        accepted_at=None,
        revoked_at=None,
    )
    token = secrets.token_urlsafe(32)
    await invitations.store(work, invitation, token)
    await _send(work, invitation, token)
    return invitation


async def resend_invitation(work: Work, invitation_id: str) -> Invitation:
    """Send a new mail with a new token, for another seven days; the old token is worth nothing."""
    await lock_members(work)
    earlier = await _get_open(work, invitation_id)
    token = secrets.token_urlsafe(32)
    again = replace(earlier, sent_at=work.real_now, expires_at=expiry(work.real_now))
    values = {"sent_at": again.sent_at, "expires_at": again.expires_at}
    await invitations.change(work, earlier, values | {"token_hash": token_hash(token)})
    await _send(work, again, token)
    return again


async def revoke_invitation(work: Work, invitation_id: str) -> Invitation:
    """Take an invitation back, so that nobody can accept it any more."""
    await lock_members(work)
    return await revoke(work, await _get_open(work, invitation_id))


async def revoke(work: Work, invitation: Invitation) -> Invitation:
    """Close an open invitation. The caller has locked the project, and checked what it must."""
    await invitations.change(work, invitation, {"revoked_at": work.real_now})
    before = {"email": invitation.email, "role": str(invitation.role)}
    await events.tell(work, events.INVITATION_REVOKED, invitation.id, before=before)
    return replace(invitation, revoked_at=work.real_now)


async def _get_open(work: Work, invitation_id: str) -> Invitation:
    """Find an invitation to act on; refuse one closed for good, or above the caller's own role.

    An invitation to own the project stands for the owner's place, so it is the owner's to touch.
    """
    invitation = await invitations.get_invitation(work, invitation_id)
    if invitation.accepted_at or invitation.revoked_at:
        raise InvitationClosed(str(invitation.state(work.real_now)))
    if invitation.role is not Role.OWNER:
        check_grant(work.caller, invitation.role)
    elif not is_operator(work.caller):
        owner = await get_owner(work)
        if not acts_as(work.caller, owner.user_id):
            raise NotTheOwner
    return invitation


async def _send(work: Work, invitation: Invitation, token: str) -> None:
    await letters.send_invitation(work, invitation, token)
    after = {
        "email": invitation.email,
        "role": str(invitation.role),
        "expires_at": invitation.expires_at.isoformat(),
    }
    await events.tell(work, events.INVITATION_SENT, invitation.id, after=after)
