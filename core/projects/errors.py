"""Why projects, and the people in them, are sometimes told no."""

from dataclasses import dataclass

from core.kernel.errors import EngineError, Kind


@dataclass(eq=False)
class ProjectNotFound(EngineError):
    """You know no project {project}."""

    code = "project_not_found"
    kind = Kind.NOT_FOUND
    project: str
    """The id or external key that was asked for: the same whether it exists or not."""


@dataclass(eq=False)
class ExternalKeyTaken(EngineError):
    """The external key {external_key} belongs to another project. Use that one, or another key."""

    code = "external_key_taken"
    kind = Kind.CONFLICT
    external_key: str


@dataclass(eq=False)
class OwnerRequired(EngineError):
    """Name the owner of the new project with owner_user_id or owner_email."""

    code = "owner_required"
    kind = Kind.REFUSED


@dataclass(eq=False)
class PersonNotFound(EngineError):
    """You know no user {user_id}. Someone new is asked in with invite_member."""

    code = "user_not_found"
    kind = Kind.NOT_FOUND
    user_id: str


@dataclass(eq=False)
class MemberNotFound(EngineError):
    """{user_id} is not a member of this project."""

    code = "member_not_found"
    kind = Kind.NOT_FOUND
    user_id: str


@dataclass(eq=False)
class AlreadyMember(EngineError):
    """{user_id} is a member of this project already, with the role {role}."""

    code = "already_member"
    kind = Kind.CONFLICT
    user_id: str
    role: str


@dataclass(eq=False)
class OwnerMustTransfer(EngineError):
    """{user_id} owns this project. Give it to another member with transfer_ownership first."""

    code = "owner_must_transfer"
    kind = Kind.REFUSED
    user_id: str


@dataclass(eq=False)
class RoleAboveYours(EngineError):
    """The role {role} is above yours, so you cannot give it, change it or take it away."""

    code = "role_above_yours"
    kind = Kind.FORBIDDEN
    role: str


@dataclass(eq=False)
class NotTheOwner(EngineError):
    """Only the owner, or a platform operator, may do this, and you are not the owner now."""

    code = "not_the_owner"
    kind = Kind.FORBIDDEN


@dataclass(eq=False)
class AlreadyOwner(EngineError):
    """{user_id} owns this project already."""

    code = "already_owner"
    kind = Kind.CONFLICT
    user_id: str


@dataclass(eq=False)
class AlreadyInvited(EngineError):
    """This address has a pending invitation, {invitation_id}. Send it again, or revoke it first."""

    code = "already_invited"
    kind = Kind.CONFLICT
    invitation_id: str


@dataclass(eq=False)
class InvitationNotFound(EngineError):
    """No such invitation. When it was sent more than once, only the newest mail counts."""

    code = "invitation_not_found"
    kind = Kind.NOT_FOUND


@dataclass(eq=False)
class InvitationClosed(EngineError):
    """This invitation can no longer be used: it is {state}. Ask for a new one."""

    code = "invitation_closed"
    kind = Kind.CONFLICT
    state: str


@dataclass(eq=False)
class InvitedAnother(EngineError):
    """This invitation is for another e-mail address than the one you signed in with."""

    code = "invitation_for_another"
    kind = Kind.FORBIDDEN


@dataclass(eq=False)
class PersonRequired(EngineError):
    """Only a person, or a program that acts for one, can accept an invitation."""

    code = "person_required"
    kind = Kind.FORBIDDEN
