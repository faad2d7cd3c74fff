"""What a caller can do with invitations, and what whoever was invited can."""

from core.db import paging
from core.db.work import Work
from core.kernel.caller import PlatformRole, Role
from core.operations import Effect, RateClass, operation
from core.operations.operation import Example, ProjectPageRequest
from core.operations.scopes import Toolset
from core.projects import accepting, invitations, inviting
from core.projects.errors import (
    AlreadyInvited,
    AlreadyMember,
    InvitationClosed,
    InvitationNotFound,
    InvitedAnother,
    NotTheOwner,
    PersonRequired,
    ProjectNotFound,
    RoleAboveYours,
)
from core.projects.finding import cursor_id
from core.projects.shapes import (
    InvitationAccepted,
    InvitationList,
    InvitationOffer,
    InvitationToken,
    InvitationView,
    InviteMember,
    NamedInvitation,
)

_ONE = {"invitation_id": "ivt_01jd3x8k5vq2m7r9t4w6y0z1ab"}
_TOKEN = {"token": "k3VJv0mXb1cQ2mYt8rZs5wPq7uN4eLd6aHf9gTjCxBo"}


@operation(
    "POST /v1/projects/{project_id}/invitations",
    title="Invite member",
    toolset=Toolset.MEMBERS,
    effect=Effect.CREATE,
    project=Role.ADMIN,
    platform=PlatformRole.OPERATOR,
    rate=RateClass.SENSITIVE,
    raises=(ProjectNotFound, AlreadyMember, AlreadyInvited, RoleAboveYours),
    examples=(
        Example(title="A new colleague", arguments={"email": "ada@example.com", "role": "member"}),
    ),
)
async def invite_member(work: Work, request: InviteMember) -> InvitationView:
    """Invite someone to the project by e-mail.

    The mail carries a link that works once, for seven days. An address has one pending invitation
    at most: use resend_invitation to send it again, or revoke_invitation to take it back.
    """
    invitation = await inviting.invite_member(work, request.email, Role(request.role))
    return InvitationView.of(invitation, work.real_now)


@operation(
    "GET /v1/projects/{project_id}/invitations",
    title="List invitations",
    toolset=Toolset.MEMBERS,
    effect=Effect.READ,
    project=Role.VIEWER,
    platform=PlatformRole.AUDITOR,
    raises=(ProjectNotFound, paging.InvalidCursor),
    examples=(Example(title="To my project", arguments={}),),
)
async def list_invitations(work: Work, request: ProjectPageRequest) -> InvitationList:
    """List a project's invitations, the newest first: pending, accepted, revoked and expired."""
    before = cursor_id(request.cursor, "ivt")
    found = await invitations.list_invitations(work, before=before, limit=request.limit + 1)
    page = paging.page(found, request.limit, lambda invitation: [invitation.id])
    items = [InvitationView.of(invitation, work.real_now) for invitation in page.items]
    return InvitationList(items=items, next_cursor=page.next_cursor)


@operation(
    "POST /v1/projects/{project_id}/invitations/{invitation_id}/resend",
    title="Resend invitation",
    toolset=Toolset.MEMBERS,
    effect=Effect.CHANGE,
    project=Role.ADMIN,
    platform=PlatformRole.OPERATOR,
    rate=RateClass.SENSITIVE,
    raises=(ProjectNotFound, InvitationNotFound, InvitationClosed, RoleAboveYours, NotTheOwner),
    examples=(Example(title="To whoever lost the mail", arguments=_ONE),),
)
async def resend_invitation(work: Work, request: NamedInvitation) -> InvitationView:
    """Send an invitation again, for another seven days; it may have expired.

    The new mail carries a new link, and the link in every earlier mail stops working.
    """
    invitation = await inviting.resend_invitation(work, request.invitation_id)
    return InvitationView.of(invitation, work.real_now)


@operation(
    "DELETE /v1/projects/{project_id}/invitations/{invitation_id}",
    title="Revoke invitation",
    toolset=Toolset.MEMBERS,
    effect=Effect.DESTROY,
    project=Role.ADMIN,
    platform=PlatformRole.OPERATOR,
    rate=RateClass.SENSITIVE,
    raises=(ProjectNotFound, InvitationNotFound, InvitationClosed, RoleAboveYours, NotTheOwner),
    examples=(Example(title="Sent to the wrong address", arguments=_ONE),),
)
async def revoke_invitation(work: Work, request: NamedInvitation) -> InvitationView:
    """Take an invitation back: its link stops working. One that was accepted is refused."""
    invitation = await inviting.revoke_invitation(work, request.invitation_id)
    return InvitationView.of(invitation, work.real_now)


@operation(
    "POST /v1/invitations/peek",
    title="Peek at invitation",
    toolset=Toolset.MEMBERS,
    effect=Effect.READ,
    # The token is the authority, and whoever was invited may have no user here yet.
    public=True,
    rate=RateClass.SENSITIVE,
    raises=(InvitationNotFound, InvitationClosed),
    examples=(Example(title="From the link in a mail", arguments=_TOKEN),),
)
async def peek_invitation(work: Work, request: InvitationToken) -> InvitationOffer:
    """Show what an invitation is for, by the token in its link, without accepting it."""
    offer = await accepting.peek(work, request.token)
    return InvitationOffer(
        project_name=offer.project.name,
        role=offer.invitation.role,
        invited_by=offer.invited_by,
        expires_at=offer.invitation.expires_at,
    )


@operation(
    "POST /v1/invitations/accept",
    title="Accept invitation",
    toolset=Toolset.MEMBERS,
    effect=Effect.CREATE,
    # It acts on the caller alone: only the person who was invited can accept.
    anyone=True,
    rate=RateClass.SENSITIVE,
    raises=(InvitationNotFound, InvitationClosed, InvitedAnother, AlreadyMember, PersonRequired),
    examples=(Example(title="From the link in a mail", arguments=_TOKEN),),
)
async def accept_invitation(work: Work, request: InvitationToken) -> InvitationAccepted:
    """Accept an invitation that was sent to your own e-mail address, and become a member.

    It works once. Refused when you are signed in with another address than the invited one, and
    for API keys, because only a person can join a project.
    """
    return InvitationAccepted.of(await accepting.accept_as_caller(work, request.token))


OPERATIONS = (
    invite_member,
    list_invitations,
    resend_invitation,
    revoke_invitation,
    peek_invitation,
    accept_invitation,
)
