"""Projects, members and invitations as frozen values, and every decision about them. Pure."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Self
from unicodedata import normalize
from zoneinfo import available_timezones

from core.kernel.caller import (
    Caller,
    CallerKind,
    PlatformRole,
    Role,
    at_least,
    platform_at_least,
)
from core.operations import NotAllowed
from core.projects.errors import (
    AlreadyOwner,
    MemberNotFound,
    NotTheOwner,
    OwnerMustTransfer,
    RoleAboveYours,
)

INVITATION_DAYS = 7
_NOT_PLACES = {"Factory", "localtime", "posixrules"}
"""What some systems list among the zones, and what means another thing on another machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    id: str
    external_key: str | None
    name: str
    time_zone: str
    currency: str | None
    locale: str | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What projects know of a user: enough to list, to invite and to write to."""

    user_id: str
    email: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A user's place in a project."""

    project_id: str
    user_id: str
    role: Role
    joined_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """A member's place, told from the user's side: what a sign-in page lets them choose from."""

    project_id: str
    project_name: str
    role: Role


class InvitationState(StrEnum):
    PENDING = "pending"
    ACCEPTED = "accepted"
    REVOKED = "revoked"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """A place in a project that waits for whoever reads mail at this address."""

    project_id: str
    id: str
    email: str
    role: Role
    invited_by_user_id: str | None
    created_at: datetime
    sent_at: datetime
    expires_at: datetime
    accepted_at: datetime | None
    revoked_at: datetime | None

    def state(self, now: datetime) -> InvitationState:
        """Tell the state at this instant. At the very second it expires it has expired."""
        if self.accepted_at:
            return InvitationState.ACCEPTED
        # One that was closed after its time, to make room for another, had expired before.
        if self.revoked_at and self.revoked_at < self.expires_at:
            return InvitationState.REVOKED
        return InvitationState.PENDING if now < self.expires_at else InvitationState.EXPIRED


@dataclass(frozen=True, slots=True)
class Headcount:
    """How many members a project has, by whether they are billed for."""

    billable: int
    viewers: int

    @classmethod
    def of(cls, by_role: dict[Role, int]) -> Self:
        billable = sum(count for role, count in by_role.items() if is_billable(role))
        return cls(billable, sum(by_role.values()) - billable)


def is_billable(role: Role) -> bool:
    """Owners, admins and members are billed for; viewers only read."""
    return at_least(role, Role.MEMBER)


def normal_email(address: str) -> str:
    """Write an address in the one way in which it is stored, compared and written to.

    Case is folded and composed characters are joined. A look-alike from another alphabet stays
    another address: mail goes to exactly what is stored, so it never reaches anyone else.
    """
    return normalize("NFC", normalize("NFC", address).casefold())


def token_hash(token: str) -> bytes:
    """Hash an invitation's token. It carries 256 random bits, so a plain SHA-256 is enough."""
    return hashlib.sha256(token.encode()).digest()


def expiry(now: datetime) -> datetime:
    return now + timedelta(days=INVITATION_DAYS)


@cache
def time_zones() -> frozenset[str]:
    """List the IANA time zones this installation knows."""
    return frozenset(available_timezones() - _NOT_PLACES)


def is_operator(caller: Caller) -> bool:
    return platform_at_least(caller.platform_role, PlatformRole.OPERATOR)


def check_grant(caller: Caller, role: Role) -> None:
    """Refuse to give a role above the giver's own. Operators stand above every project role."""
    if not is_operator(caller) and not at_least(caller.role, role):
        raise RoleAboveYours(str(role))


def acts_as(caller: Caller, user_id: str) -> bool:
    """Tell whether the caller is this person, or a program that acts for them. A key is nobody."""
    return caller.kind in {CallerKind.USER, CallerKind.AGENT} and caller.user_id == user_id


def check_change(caller: Caller, member: Member, role: Role) -> None:
    """Refuse to give the owner another role, or to touch or make someone above the caller."""
    if member.role is Role.OWNER:
        raise OwnerMustTransfer(member.user_id)
    check_grant(caller, member.role)
    check_grant(caller, role)


def check_removal(caller: Caller, member: Member) -> None:
    """Refuse to remove the owner, and anyone but oneself without being an admin."""
    rules = is_operator(caller) or at_least(caller.role, Role.ADMIN)
    if not rules and not acts_as(caller, member.user_id):
        raise NotAllowed("remove_member", "the role admin in the project, unless you leave")
    if member.role is Role.OWNER:
        raise OwnerMustTransfer(member.user_id)


def check_transfer(caller: Caller, owner: Member, heir: Member | None, user_id: str) -> Member:
    """Return the member who will own the project, or refuse.

    The caller's token says who they were when it was read; `owner` says who owns the project now.
    Of several transfers asked for at once by one owner, the second is no longer theirs to ask.
    """
    if not is_operator(caller) and not acts_as(caller, owner.user_id):
        raise NotTheOwner
    if heir is None:
        raise MemberNotFound(user_id)
    if heir.user_id == owner.user_id:
        raise AlreadyOwner(user_id)
    return heir
