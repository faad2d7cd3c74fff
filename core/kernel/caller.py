"""Who is asking: one frozen value for people, agents, services and the engine itself."""

from dataclasses import dataclass
from enum import StrEnum


class CallerKind(StrEnum):
    USER = "user"
    """A person with a browser session."""
    AGENT = "agent"
    """A program acting for a person through OAuth."""
    SERVICE = "service"
    """A backend with an API key, or with client credentials."""
    SYSTEM = "system"
    """The engine itself: jobs, the command line, the seed."""
    ANONYMOUS = "anonymous"
    """Nobody yet: may ask only for what is declared public."""


class Role(StrEnum):
    """A member's place in a project, least first. Viewers read and are never billed."""

    VIEWER = "viewer"
    MEMBER = "member"
    ADMIN = "admin"
    OWNER = "owner"


class PlatformRole(StrEnum):
    """Operator staff: an auditor reads everything, an operator may do everything."""

    AUDITOR = "auditor"
    OPERATOR = "operator"


_ROLES = tuple(Role)
_PLATFORM_ROLES = tuple(PlatformRole)


def at_least(role: Role | None, least: Role) -> bool:
    return role is not None and _ROLES.index(role) >= _ROLES.index(least)


def platform_at_least(role: PlatformRole | None, least: PlatformRole) -> bool:
    return role is not None and _PLATFORM_ROLES.index(role) >= _PLATFORM_ROLES.index(least)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asked, for which project, with what authority.

    `project_id` is the one project the caller is bound to; None means the whole platform. A caller
    has a `platform_role` or a project `role`, not both: staff who bind themselves to one project
    keep their platform role and see that project only.
    """

    kind: CallerKind
    subject: str
    """Stable and unique per caller: rate limits, idempotency keys and the trail go by it."""
    project_id: str | None = None
    role: Role | None = None
    platform_role: PlatformRole | None = None
    scopes: frozenset[str] = frozenset()
    user_id: str | None = None
    client_id: str | None = None
    """The OAuth client: which agent acted."""
    key_id: str | None = None
    label: str = ""
    """What people call this caller: a client's or a key's name. Untrusted text."""

    @property
    def is_platform(self) -> bool:
        return self.platform_role is not None


SYSTEM = Caller(
    kind=CallerKind.SYSTEM, subject="system", platform_role=PlatformRole.OPERATOR, label="Bursar"
)
ANONYMOUS = Caller(kind=CallerKind.ANONYMOUS, subject="anonymous")
