"""What a caller can do with the members of a project."""

from core.db import paging
from core.db.work import Work
from core.kernel.caller import PlatformRole, Role
from core.operations import Effect, NotAllowed, RateClass, operation
from core.operations.operation import Example, ProjectPageRequest
from core.operations.scopes import Toolset
from core.projects import adding, members, ownership
from core.projects.errors import (
    AlreadyMember,
    AlreadyOwner,
    MemberNotFound,
    NotTheOwner,
    OwnerMustTransfer,
    PersonNotFound,
    ProjectNotFound,
    RoleAboveYours,
)
from core.projects.finding import cursor_id
from core.projects.shapes import (
    AddMember,
    ChangeMemberRole,
    MemberList,
    MemberRemoved,
    MemberView,
    NamedMember,
    OwnershipTransferred,
)

_ADA = "usr_01jd3x8k5vq2m7r9t4w6y0z1ab"


@operation(
    "POST /v1/projects/{project_id}/members",
    title="Add member",
    toolset=Toolset.MEMBERS,
    effect=Effect.CREATE,
    project=Role.ADMIN,
    platform=PlatformRole.OPERATOR,
    rate=RateClass.SENSITIVE,
    raises=(ProjectNotFound, PersonNotFound, AlreadyMember, RoleAboveYours),
    examples=(
        Example(title="A colleague who reads", arguments={"user_id": _ADA, "role": "viewer"}),
    ),
)
async def add_member(work: Work, request: AddMember) -> MemberView:
    """Give an existing user a place in the project, at once.

    Someone who has no user here yet, or who shares no project with you, is asked in with
    invite_member instead. Refused for a member; use change_member_role for them.
    """
    return MemberView.of(await adding.add_member(work, request.user_id, Role(request.role)))


@operation(
    "GET /v1/projects/{project_id}/members",
    title="List members",
    toolset=Toolset.MEMBERS,
    effect=Effect.READ,
    project=Role.VIEWER,
    platform=PlatformRole.AUDITOR,
    raises=(ProjectNotFound, paging.InvalidCursor),
    examples=(Example(title="Of my project", arguments={}),),
)
async def list_members(work: Work, request: ProjectPageRequest) -> MemberList:
    """List a project's members with their roles, and whether each is billed for."""
    after = cursor_id(request.cursor, "usr")
    found = await members.list_members(work, after=after, limit=request.limit + 1)
    page = paging.page(found, request.limit, lambda listed: [listed.member.user_id])
    items = [MemberView.of(listed) for listed in page.items]
    return MemberList(items=items, next_cursor=page.next_cursor)


@operation(
    "PATCH /v1/projects/{project_id}/members/{user_id}",
    title="Change member role",
    toolset=Toolset.MEMBERS,
    effect=Effect.CHANGE,
    project=Role.ADMIN,
    platform=PlatformRole.OPERATOR,
    rate=RateClass.SENSITIVE,
    raises=(ProjectNotFound, MemberNotFound, OwnerMustTransfer, RoleAboveYours),
    examples=(Example(title="Make an admin", arguments={"user_id": _ADA, "role": "admin"}),),
)
async def change_member_role(work: Work, request: ChangeMemberRole) -> MemberView:
    """Give a member another role: viewer, member or admin.

    The owner keeps the role until transfer_ownership gives it to someone else.
    """
    role = Role(request.role)
    return MemberView.of(await members.change_member_role(work, request.user_id, role))


@operation(
    "DELETE /v1/projects/{project_id}/members/{user_id}",
    title="Remove member",
    toolset=Toolset.MEMBERS,
    effect=Effect.DESTROY,
    # Everyone may leave. To remove someone else takes an admin, which `members` decides.
    project=Role.VIEWER,
    platform=PlatformRole.OPERATOR,
    rate=RateClass.SENSITIVE,
    raises=(ProjectNotFound, MemberNotFound, OwnerMustTransfer, NotAllowed),
    examples=(Example(title="Someone who has left", arguments={"user_id": _ADA}),),
)
async def remove_member(work: Work, request: NamedMember) -> MemberRemoved:
    """Take a member's place in the project away; name yourself to leave.

    Admins may remove anyone but the owner, who must first give the project to another member with
    transfer_ownership. The user stays a user, and what they did stays on record.
    """
    gone = await members.remove_member(work, request.user_id)
    return MemberRemoved(project_id=gone.project_id, user_id=gone.user_id, role=gone.role)


@operation(
    "POST /v1/projects/{project_id}/ownership",
    title="Transfer ownership",
    toolset=Toolset.MEMBERS,
    effect=Effect.CHANGE,
    project=Role.OWNER,
    platform=PlatformRole.OPERATOR,
    rate=RateClass.SENSITIVE,
    raises=(ProjectNotFound, MemberNotFound, AlreadyOwner, NotTheOwner),
    examples=(Example(title="To another member", arguments={"user_id": _ADA}),),
)
async def transfer_ownership(work: Work, request: NamedMember) -> OwnershipTransferred:
    """Make another member the owner of the project; the owner until now becomes an admin.

    Both happen at once, so that the project always has exactly one owner. The new owner must be a
    member already. A pending invitation to own the project is revoked.
    """
    previous = await ownership.transfer_ownership(work, request.user_id)
    return OwnershipTransferred(
        project_id=work.project_id,
        owner_user_id=request.user_id,
        previous_owner_user_id=previous.user_id,
    )


OPERATIONS = (add_member, list_members, change_member_role, remove_member, transfer_ownership)
