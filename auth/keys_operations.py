"""What a caller can do with API keys. A key is never stronger than who makes or rotates it."""

from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from auth import keys
from auth.keys import ApiKey
from auth.people_errors import ApiKeyNotActive, ApiKeyNotFound, KeyTooPowerful, TooManyApiKeys
from core import projects
from core.db import paging
from core.db.work import Work
from core.kernel.caller import Caller, PlatformRole, Role, at_least, platform_at_least
from core.kernel.ids import is_id
from core.operations.errors import InvalidRequest, invalid
from core.operations.fields import KeyId, Name
from core.operations.operation import (
    Effect,
    Example,
    PageRequest,
    ProjectOrPlatformRequest,
    RateClass,
    Result,
    SecretResult,
    operation,
)
from core.operations.scopes import SCOPES, Toolset, missing

ACTIVE_MAX = 200
OVERLAP_HOURS_MAX = 168
EXPIRY_DAYS_MAX = 730
_PROJECT_ROLES = ("viewer", "member", "admin")
KeyRole = Literal["viewer", "member", "admin", "auditor", "operator"]


def _known(scope: str) -> str:
    if scope not in SCOPES:
        raise PydanticCustomError("scope", "must be one of the scopes that there are")
    return scope


Scope = Annotated[str, AfterValidator(_known), Field(json_schema_extra={"enum": list(SCOPES)})]


class CreateApiKey(ProjectOrPlatformRequest):
    name: Name = Field(description="What the key is for.", examples=["Billing backend"])
    role: KeyRole = Field(
        description="What the key may be in its project: viewer, member or admin. A key of the "
        "platform itself is an auditor or an operator. Never more than you are."
    )
    scopes: list[Scope] = Field(
        min_length=1,
        max_length=40,
        description="What the key may be used for. Never more than your own scopes.",
        examples=[["metering:write", "wallets:write"]],
    )
    expires_in_days: int | None = Field(
        None, ge=1, le=EXPIRY_DAYS_MAX, description="Leave out for a key without an end."
    )


class ListApiKeys(ProjectOrPlatformRequest, PageRequest):
    include_inactive: bool = Field(
        default=False, description="Also list keys that were revoked or have expired."
    )


class NamedKey(ProjectOrPlatformRequest):
    key_id: KeyId = Field(description="The key.")


class RotateApiKey(NamedKey):
    overlap_hours: int = Field(
        24,
        ge=0,
        le=OVERLAP_HOURS_MAX,
        description="How long the old secret still works. 0 ends it at once.",
    )


class ApiKeyView(Result):
    id: str
    project_id: str | None
    """Null for a key of the platform itself."""
    name: str
    role: str
    scopes: list[str]
    prefix: str
    created_by: str
    created_at: datetime
    secret_made_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    warning: str | None

    @classmethod
    def of(cls, key: ApiKey, now: datetime, **more: Any) -> Self:
        facts = {name: getattr(key, name) for name in ApiKey.__slots__}
        return cls(**facts, warning=key.warning(now), **more)


class ApiKeyWithSecret(ApiKeyView, SecretResult):
    secret_fields: ClassVar[frozenset[str]] = frozenset({"secret"})

    secret: str | None
    """The key itself, shown this once. Send it as `Authorization: Bearer` or `X-API-Key`."""


class ApiKeyList(Result):
    items: list[ApiKeyView]
    next_cursor: str | None


def require_no_stronger(caller: Caller, *, role: str, scopes: list[str]) -> None:
    """Refuse a key that could do what the caller cannot. Raises KeyTooPowerful. Pure.

    Showing a secret gives its power away, so this guards rotation as much as creation.
    """
    beyond = missing(caller.scopes, tuple(scopes))
    if role in _PROJECT_ROLES:
        enough = at_least(caller.role, Role(role)) or platform_at_least(
            caller.platform_role, PlatformRole.OPERATOR
        )
    else:
        enough = caller.project_id is None and platform_at_least(
            caller.platform_role, PlatformRole(role)
        )
    if not enough or beyond:
        raise KeyTooPowerful([*([] if enough else [f"the role {role}"]), *beyond])


@operation(
    "POST /v1/api-keys",
    title="Create API key",
    toolset=Toolset.KEYS,
    effect=Effect.CREATE,
    project=Role.ADMIN,
    platform=PlatformRole.OPERATOR,
    rate=RateClass.SENSITIVE,
    raises=(projects.ProjectNotFound, KeyTooPowerful, TooManyApiKeys, InvalidRequest),
    examples=(
        Example(
            title="A backend that records usage",
            arguments={"name": "Usage recorder", "role": "member", "scopes": ["metering:write"]},
        ),
    ),
)
async def create_api_key(work: Work, request: CreateApiKey) -> ApiKeyWithSecret:
    """Create an API key for a backend, and show its secret this once.

    Give it the least role and the fewest scopes that its work needs; it cannot have more than you
    have, and never the role owner. A platform operator who names no project makes a key of the
    platform itself, with the role auditor or operator. Store the secret where people do not read
    it: it cannot be shown again, only replaced with rotate_api_key.
    """
    of_project = request.role in _PROJECT_ROLES
    if of_project != bool(work.found_project_id):
        side = "a project: viewer, member or admin" if work.found_project_id else "the platform"
        raise invalid("role", f"is not a role of {side}; name the project, or choose another role")
    require_no_stronger(work.caller, role=request.role, scopes=list(request.scopes))
    if await keys.count_active(work) >= ACTIVE_MAX:
        raise TooManyApiKeys(ACTIVE_MAX)
    days = request.expires_in_days
    key, secret = await keys.create_key(
        work,
        name=request.name,
        role=request.role,
        scopes=list(request.scopes),
        expires_at=work.real_now + timedelta(days=days) if days else None,
    )
    return ApiKeyWithSecret.of(key, work.real_now, secret=secret)


@operation(
    "GET /v1/api-keys",
    title="List API keys",
    toolset=Toolset.KEYS,
    effect=Effect.READ,
    project=Role.ADMIN,
    platform=PlatformRole.AUDITOR,
    raises=(projects.ProjectNotFound, paging.InvalidCursor),
    examples=(Example(title="Of my project", arguments={}),),
)
async def list_api_keys(work: Work, request: ListApiKeys) -> ApiKeyList:
    """List API keys, newest first: what each may do, when it was last used, whether it is old.

    Secrets are never listed. last_used_at is kept to the minute. Keys whose secret is older than
    90 days carry a warning.
    """
    before = paging.after(request.cursor, parts=1)
    if before and not is_id("key", before[0]):
        raise paging.InvalidCursor
    found = await keys.list_keys(
        work,
        before=before[0] if before else None,
        limit=request.limit + 1,
        inactive_too=request.include_inactive,
    )
    page = paging.page(found, request.limit, lambda key: [key.id])
    items = [ApiKeyView.of(key, work.real_now) for key in page.items]
    return ApiKeyList(items=items, next_cursor=page.next_cursor)


@operation(
    "POST /v1/api-keys/{key_id}/rotate",
    title="Rotate API key",
    toolset=Toolset.KEYS,
    effect=Effect.CHANGE,
    project=Role.ADMIN,
    platform=PlatformRole.OPERATOR,
    rate=RateClass.SENSITIVE,
    raises=(projects.ProjectNotFound, ApiKeyNotFound, ApiKeyNotActive, KeyTooPowerful),
    examples=(
        Example(
            title="With a day to deploy the new secret",
            arguments={"key_id": "key_01jd3x8k5vq2m7r9t4w6y0z1ab"},
        ),
        Example(
            title="The old secret has leaked",
            arguments={"key_id": "key_01jd3x8k5vq2m7r9t4w6y0z1ab", "overlap_hours": 0},
        ),
    ),
)
async def rotate_api_key(work: Work, request: RotateApiKey) -> ApiKeyWithSecret:
    """Give an API key a new secret, and show it this once. The old one works a while longer.

    The key keeps its id, name, role and scopes. The old secret ends after overlap_hours, so that
    the new one can be deployed in between; with 0 it ends at once.
    """
    key = await keys.get_key(work, request.key_id)
    require_no_stronger(work.caller, role=key.role, scopes=key.scopes)
    overlap = timedelta(hours=request.overlap_hours)
    key, secret = await keys.rotate_key(work, request.key_id, overlap=overlap)
    return ApiKeyWithSecret.of(key, work.real_now, secret=secret)


@operation(
    "DELETE /v1/api-keys/{key_id}",
    title="Revoke API key",
    toolset=Toolset.KEYS,
    effect=Effect.DESTROY,
    project=Role.ADMIN,
    platform=PlatformRole.OPERATOR,
    rate=RateClass.SENSITIVE,
    raises=(projects.ProjectNotFound, ApiKeyNotFound),
    examples=(
        Example(
            title="A key that is no longer used",
            arguments={"key_id": "key_01jd3x8k5vq2m7r9t4w6y0z1ab"},
        ),
    ),
)
async def revoke_api_key(work: Work, request: NamedKey) -> ApiKeyView:
    """End an API key and every secret of it at once. It cannot be undone; create a new one instead.

    Revoking a key that was revoked before changes nothing.
    """
    return ApiKeyView.of(await keys.revoke_key(work, request.key_id), work.real_now)


OPERATIONS = (create_api_key, list_api_keys, rotate_api_key, revoke_api_key)
