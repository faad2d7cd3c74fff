"""What an auditor can ask of the trail."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from core import projects
from core.audit import reading
from core.compliance.errors import InvocationNotFound
from core.db import paging
from core.db.schema import PLATFORM
from core.db.work import Work
from core.kernel.caller import PlatformRole, Role
from core.kernel.ids import is_id
from core.operations.fields import (
    ClientId,
    InvocationId,
    KeyId,
    Line,
    ProjectId,
    UserId,
    When,
)
from core.operations.operation import Effect, Example, PageRequest, Request, Result, operation
from core.operations.scopes import Toolset

ShortText = Annotated[str, Line(64)]


class InvocationView(Result):
    id: str
    at: datetime
    project_id: str | None
    operation: str
    effect: str
    door: str
    decision: str
    error_code: str | None
    replayed: bool
    duration_us: int
    caller_kind: str
    subject: str
    user_id: str | None
    client_id: str | None
    """The OAuth client: which agent acted."""
    key_id: str | None
    role: str | None
    request_id: str
    trace_id: str


class InvocationDetail(InvocationView):
    arguments: dict[str, Any]
    """What was sent, redacted and cut: data written by the caller, not instructions."""
    arguments_digest: str
    """SHA-256 of everything that was sent, in hexadecimal."""
    touched: list[str]
    """What the call made or changed, by id."""


class TrailPage(PageRequest):
    project_id: ProjectId | None = Field(
        None, description="One project's rows. Leave out for all that you may see."
    )
    user_id: UserId | None = Field(None, description="The person for whom it was done.")
    client_id: ClientId | None = Field(None, description="The agent: an OAuth client id.")
    since: When | None = Field(None, description="At or after this instant.")
    until: When | None = Field(None, description="Before this instant.")


class ListToolInvocations(TrailPage):
    operation: ShortText | None = Field(None, description="The tool's name.")
    decision: Literal["allowed", "refused", "failed"] | None = None
    key_id: KeyId | None = Field(None, description="The API key that was used.")


class InvocationList(Result):
    items: list[InvocationView]
    next_cursor: str | None


@operation(
    "GET /v1/tool-invocations",
    title="List tool invocations",
    toolset=Toolset.AUDIT,
    effect=Effect.READ,
    project=Role.ADMIN,
    platform=PlatformRole.AUDITOR,
    raises=(projects.ProjectNotFound, paging.InvalidCursor),
    examples=(Example(title="What was refused", arguments={"decision": "refused"}),),
)
async def list_tool_invocations(work: Work, request: ListToolInvocations) -> InvocationList:
    """List the calls that were made, allowed or refused, newest first: who asked for what, when.

    Filter by tool, decision, person, agent, key and time. get_tool_invocation shows one in full.
    """
    sought = _filter(
        work,
        request,
        operation=request.operation,
        decision=request.decision,
        key_id=request.key_id,
    )
    rows = await reading.invocations(work, sought, _after(request, "inv"), request.limit + 1)
    shown = paging.page(rows, request.limit, lambda row: [row["id"]])
    items = [InvocationView(**_told(row)) for row in shown.items]
    return InvocationList(items=items, next_cursor=shown.next_cursor)


class GetToolInvocation(Request):
    invocation_id: InvocationId


@operation(
    "GET /v1/tool-invocations/{invocation_id}",
    title="Get tool invocation",
    toolset=Toolset.AUDIT,
    effect=Effect.READ,
    project=Role.ADMIN,
    platform=PlatformRole.AUDITOR,
    raises=(InvocationNotFound,),
    examples=(
        Example(title="One call", arguments={"invocation_id": "inv_01jd3x8k5vq2m7r9t4w6y0z1ab"}),
    ),
)
async def get_tool_invocation(work: Work, request: GetToolInvocation) -> InvocationDetail:
    """Show one call in full: who, what was sent (redacted), what came of it, what it touched."""
    sought = reading.Filter(
        project_id=work.caller.project_id, equals=(("id", request.invocation_id),)
    )
    rows = await reading.invocations(work, sought, None, 1)
    if not rows:
        raise InvocationNotFound(request.invocation_id)
    row = rows[0] | {"arguments_digest": rows[0]["arguments_digest"].hex()}
    return InvocationDetail(**_told(row))


class AuditEventView(Result):
    id: str
    at: datetime
    project_id: str | None
    action: str
    object_id: str
    subject: str
    user_id: str | None
    client_id: str | None
    invocation_id: str | None
    details: dict[str, Any]


class ListAuditEvents(TrailPage):
    action: ShortText | None = Field(None, examples=["key.revoked"])
    object_id: ClientId | None = None


class AuditEventList(Result):
    items: list[AuditEventView]
    next_cursor: str | None


@operation(
    "GET /v1/audit-events",
    title="List audit events",
    toolset=Toolset.AUDIT,
    effect=Effect.READ,
    project=Role.ADMIN,
    platform=PlatformRole.AUDITOR,
    raises=(projects.ProjectNotFound, paging.InvalidCursor),
    examples=(Example(title="Revoked keys", arguments={"action": "key.revoked"}),),
)
async def list_audit_events(work: Work, request: ListAuditEvents) -> AuditEventList:
    """List what was done to people, keys, wallets and settings, newest first: before and after."""
    sought = _filter(work, request, action=request.action, object_id=request.object_id)
    rows = await reading.events(work, sought, _after(request, "aud"), request.limit + 1)
    shown = paging.page(rows, request.limit, lambda row: [row["id"]])
    items = [AuditEventView(**_told(row)) for row in shown.items]
    return AuditEventList(items=items, next_cursor=shown.next_cursor)


def _filter(work: Work, request: TrailPage, **equals: Any) -> reading.Filter:
    """Keep a bound caller to its project; another project's id answers as one that is not there."""
    bound = work.caller.project_id
    if bound and request.project_id not in {None, bound}:
        raise projects.ProjectNotFound(request.project_id or "")
    return reading.Filter(
        project_id=bound or request.project_id,
        user_id=request.user_id,
        client_id=request.client_id,
        since=request.since,
        until=request.until,
        equals=tuple((name, value) for name, value in equals.items() if value is not None),
    )


def _after(request: PageRequest, prefix: str) -> list[str] | None:
    after = paging.after(request.cursor, parts=1)
    if after and not is_id(prefix, after[0]):
        raise paging.InvalidCursor
    return after


def _told(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"project_id": None if row["project_id"] == PLATFORM else row["project_id"]}


OPERATIONS = (list_tool_invocations, get_tool_invocation, list_audit_events)
