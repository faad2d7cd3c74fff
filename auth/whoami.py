"""Who am I: the first question an agent asks, and the answer to most of its puzzles."""

from datetime import datetime

from pydantic import Field

from auth import keys
from auth.people_errors import ApiKeyNotFound
from auth.users import find_user
from core import projects
from core.db.work import Work
from core.kernel.caller import CallerKind
from core.operations.operation import Effect, Example, Request, Result, operation
from core.operations.scopes import SCOPES, Toolset, implied


class WhoAmI(Request):
    pass


class UserView(Result):
    id: str
    email: str
    name: str


class ClientView(Result):
    id: str
    name: str


class KeyView(Result):
    id: str
    name: str
    prefix: str
    secret_made_at: datetime
    last_used_at: datetime | None
    warning: str | None


class ProjectPlace(Result):
    id: str
    name: str
    role: str | None


class Myself(Result):
    kind: CallerKind
    subject: str
    """What rate limits, idempotency keys and the audit trail know the caller by."""
    user: UserView | None
    client: ClientView | None
    key: KeyView | None
    project: ProjectPlace | None
    """The one project the caller is bound to; null means the platform, or none."""
    role: str | None
    platform_role: str | None
    scopes: list[str]
    memberships: list[ProjectPlace]
    """Where the person is a member, told to themselves when they are bound to no project."""
    expires_at: datetime | None
    livemode: bool = Field(description="False while no real payment provider is connected.")
    server_time: datetime


@operation(
    "GET /v1/whoami",
    title="Who am I",
    toolset=Toolset.PROJECTS,
    effect=Effect.READ,
    anyone=True,
    examples=(Example(title="Ask first", arguments={}),),
)
async def whoami(work: Work, request: WhoAmI) -> Myself:
    """Say who you are here: the person, program or key, your project and role, and your scopes.

    When something is refused, compare its needed scope or role with these. A key whose secret is
    older than 90 days carries a warning.
    """
    caller = work.caller
    user = await find_user(work, caller.user_id) if caller.user_id else None
    key, key_expires_at = await _key(work)
    role = str(caller.role) if caller.role else None
    return Myself(
        kind=caller.kind,
        subject=caller.subject,
        user=UserView.model_validate(user) if user else None,
        client=ClientView(id=caller.client_id, name=caller.label) if caller.client_id else None,
        key=key,
        project=await _project(work, role),
        role=role,
        platform_role=str(caller.platform_role) if caller.platform_role else None,
        scopes=[scope for scope in SCOPES if scope in implied(caller.scopes)],
        memberships=await _memberships(work),
        expires_at=key_expires_at,
        livemode=False,
        server_time=work.real_now,
    )


async def _key(work: Work) -> tuple[KeyView | None, datetime | None]:
    if work.caller.key_id is None:
        return None, None
    try:
        owned = work.within(work.caller.project_id) if work.caller.project_id else work
        key = await keys.get_key(owned, work.caller.key_id)
    except ApiKeyNotFound:
        return None, None
    shown = {name: getattr(key, name) for name in KeyView.model_fields if name != "warning"}
    return KeyView(**shown, warning=key.warning(work.real_now)), key.expires_at


async def _project(work: Work, role: str | None) -> ProjectPlace | None:
    if work.caller.project_id is None:
        return None
    project = await projects.get_project(work.within(work.caller.project_id))
    return ProjectPlace(id=project.id, name=project.name, role=role)


async def _memberships(work: Work) -> list[ProjectPlace]:
    """A program that was allowed one project is not told of the person's others."""
    if work.caller.project_id is not None or work.caller.user_id is None:
        return []
    return [
        ProjectPlace(id=each.project_id, name=each.project_name, role=str(each.role))
        for each in await projects.memberships_of(work, work.caller.user_id)
    ]


OPERATIONS = (whoami,)
