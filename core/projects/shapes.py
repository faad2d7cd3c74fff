"""What is asked of projects, and what they answer, as both doors write it."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from core.kernel.caller import Role
from core.operations.fields import Email, ExternalKey, Identifier, Name, UserId
from core.operations.operation import ProjectRequest, Request, Result
from core.projects.members import Listed
from core.projects.model import (
    Headcount,
    Invitation,
    InvitationState,
    Member,
    Project,
    is_billable,
    normal_email,
    time_zones,
)

EMAIL_MAX = 254


def _time_zone(value: str) -> str:
    if value not in time_zones():
        raise PydanticCustomError("time_zone", "must be an IANA time zone, as in Europe/Berlin")
    return value


def _not_owner(value: Any) -> Any:
    if value == "owner":
        raise PydanticCustomError(
            "role_owner", "must not be owner: a project changes owner by transfer_ownership only"
        )
    return value


def _address(value: str) -> str:
    address = normal_email(value)
    # Folding case can make a text longer: one sharp s becomes two letters.
    if len(address) > EMAIL_MAX:
        raise PydanticCustomError("email_long", "must not be longer than an address can be")
    return address


Address = Annotated[Email, AfterValidator(_address)]
TimeZone = Annotated[
    str,
    AfterValidator(_time_zone),
    Field(max_length=64, examples=["Europe/Berlin"], description="An IANA time zone."),
]
Currency = Annotated[
    str,
    Field(
        pattern=r"^[A-Z]{3}$",
        examples=["EUR"],
        description="The ISO 4217 currency this project is normally told amounts in.",
    ),
]
Locale = Annotated[
    str,
    Field(
        pattern=r"^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$",
        examples=["de-AT"],
        description="The language, and where it matters the country, its documents are written in.",
    ),
]
GivenRole = Annotated[
    Literal["viewer", "member", "admin"],
    BeforeValidator(_not_owner),
    Field(description="viewer only reads and is not billed; admin also manages people and keys."),
]
InvitationId = Annotated[str, Identifier("ivt")]
Token = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9_-]{20,100}$",
        description="The last part of the link in the invitation's mail.",
        examples=["k3VJv0mXb1cQ2mYt8rZs5wPq7uN4eLd6aHf9gTjCxBo"],
    ),
]


class CreateProject(Request):
    name: Name = Field(description="What people call it.", examples=["Acme"])
    external_key: ExternalKey | None = Field(
        None, description="Your own system's key for this customer, unique over all projects."
    )
    time_zone: TimeZone = "UTC"
    currency: Currency | None = None
    locale: Locale | None = None
    owner_user_id: UserId | None = Field(None, description="An existing user who will own it.")
    owner_email: Address | None = Field(
        None, description="Or the address of whoever will own it; someone new is invited."
    )


class UpdateProject(ProjectRequest):
    name: Name | None = None
    time_zone: TimeZone | None = None
    currency: Currency | None = None
    locale: Locale | None = None
    new_external_key: ExternalKey | None = Field(
        None, description="Another key of your own system. Only platform operators may set it."
    )


class AddMember(ProjectRequest):
    user_id: UserId = Field(description="An existing user; someone new is invited instead.")
    role: GivenRole


class NamedMember(ProjectRequest):
    user_id: UserId = Field(description="The member.")


class ChangeMemberRole(NamedMember):
    role: GivenRole


class InviteMember(ProjectRequest):
    email: Address = Field(
        description="Where the invitation is sent.", examples=["ada@example.com"]
    )
    role: GivenRole


class NamedInvitation(ProjectRequest):
    invitation_id: InvitationId = Field(description="The invitation.")


class InvitationToken(Request):
    token: Token


class ProjectView(Result):
    id: str
    name: str
    external_key: str | None
    time_zone: str
    currency: str | None
    locale: str | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, project: Project, **more: Any) -> Self:
        return cls(**{name: getattr(project, name) for name in Project.__slots__}, **more)


class ProjectDetails(ProjectView):
    owner_user_id: str
    billable_members: int = Field(description="Owner, admins and members.")
    viewers: int = Field(description="Members who only read, and are not billed.")


class ProjectCreated(ProjectView):
    owner_user_id: str
    owner_invitation_id: str | None = Field(
        description="Set when owner_email is new here: they own the project once they accept; "
        "until then owner_user_id stands in for them."
    )


class ProjectList(Result):
    items: list[ProjectView]
    next_cursor: str | None


class MemberView(Result):
    project_id: str
    user_id: str
    email: str
    name: str
    role: Role
    billable: bool
    joined_at: datetime

    @classmethod
    def of(cls, listed: Listed) -> Self:
        member, person = listed.member, listed.person
        return cls(
            project_id=member.project_id,
            user_id=member.user_id,
            email=person.email,
            name=person.name,
            role=member.role,
            billable=is_billable(member.role),
            joined_at=member.joined_at,
        )


class MemberList(Result):
    items: list[MemberView]
    next_cursor: str | None


class MemberRemoved(Result):
    project_id: str
    user_id: str
    role: Role = Field(description="The role they had.")


class OwnershipTransferred(Result):
    project_id: str
    owner_user_id: str
    previous_owner_user_id: str = Field(description="Now an admin.")


class InvitationView(Result):
    id: str
    project_id: str
    email: str
    role: Role
    state: InvitationState
    invited_by_user_id: str | None
    created_at: datetime
    sent_at: datetime
    expires_at: datetime

    @classmethod
    def of(cls, invitation: Invitation, now: datetime) -> Self:
        return cls(
            id=invitation.id,
            project_id=invitation.project_id,
            email=invitation.email,
            role=invitation.role,
            state=invitation.state(now),
            invited_by_user_id=invitation.invited_by_user_id,
            created_at=invitation.created_at,
            sent_at=invitation.sent_at,
            expires_at=invitation.expires_at,
        )


class InvitationList(Result):
    items: list[InvitationView]
    next_cursor: str | None


class InvitationOffer(Result):
    project_name: str
    role: Role
    invited_by: str | None = Field(description="The name of whoever invited, where it is known.")
    expires_at: datetime


class InvitationAccepted(Result):
    project_id: str
    user_id: str
    role: Role

    @classmethod
    def of(cls, member: Member) -> Self:
        return cls(project_id=member.project_id, user_id=member.user_id, role=member.role)


def details(project: Project, owner: Member, count: Headcount) -> ProjectDetails:
    return ProjectDetails.of(
        project,
        owner_user_id=owner.user_id,
        billable_members=count.billable,
        viewers=count.viewers,
    )
