"""Serve operations as MCP tools.

Every tool is made from its operation; nothing about one is written here. Arguments go to the gate
as they came, so that one strict validation, one authorization and one trail serve every door.
"""

import hashlib
import logging
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, ClassVar

import anyio
import mcp_types as types
import orjson
from mcp import MCPError
from mcp.server import ServerRequestContext

from core.checkouts import ReturnPages
from core.db.paging import InvalidCursor, after, page
from core.db.schema import PLATFORM
from core.kernel.caller import Caller, CallerKind
from core.kernel.errors import EngineError
from core.operations.admitting import may
from core.operations.operation import Effect, Operation
from core.operations.perform import Gate, Outcome
from core.operations.scopes import missing
from mcp_server import eliciting
from mcp_server.asked import COMPLETE, Asked, asked
from mcp_server.http.errors import InternalError
from mcp_server.problems import problem
from mcp_server.progress import progress_of
from mcp_server.schemas import input_schema, output_schema
from mcp_server.toolsets import Names

PAGE_MAX = 30
LISTING_SECONDS = 60
"""How long a client may keep a listing: a role that changed shows after at most this long."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
logger = logging.getLogger("bursar.mcp")

Context = ServerRequestContext[Any, Any]
Listing = tuple[dict[str, Any], ...]


class Tools:
    """The tools of one engine. Listings are made once for each role and selection, and kept."""

    REPLAYED: ClassVar = {"bursar/idempotent_replayed": True}
    """Says that nothing was done now: the answer is the one that the key got first."""

    def __init__(self, operations: Sequence[Operation[Any, Any]], gate: Gate) -> None:
        self._operations = {each.name: each for each in operations}
        self._gate = gate
        ordered = sorted(operations, key=lambda each: each.name)
        self._tools = {each.name: tool(each) for each in ordered}
        self._listing = lru_cache(maxsize=256)(self._listing_uncached)

    @property
    def digest(self) -> str:
        """A fingerprint of everything a model is told about the tools, to notice a change by."""
        packed = orjson.dumps(list(self._tools.values()), option=orjson.OPT_SORT_KEYS)
        return hashlib.sha256(packed).hexdigest()

    async def list(self, context: Context, params: types.PaginatedRequestParams) -> dict[str, Any]:
        """Answer `tools/list`: what this caller may ever call, of what this request selected."""
        request = asked(context)
        shown = self.listing(request.caller, request.tools)
        try:
            start = after(params.cursor, parts=1)
        except InvalidCursor as error:
            raise MCPError(types.INVALID_PARAMS, str(error)) from None
        rest = [each for each in shown if start is None or each["name"] > start[0]]
        part = page(rest, PAGE_MAX, lambda each: [each["name"]])
        result: dict[str, Any] = {
            **COMPLETE,
            "tools": part.items,
            "ttlMs": LISTING_SECONDS * 1000,
            "cacheScope": "private",
        }
        return result | ({"nextCursor": part.next_cursor} if part.next_cursor else {})

    def listing(self, caller: Caller, selected: Names) -> Listing:
        """Return the caller's tools in order.

        People and their agents see what their role allows and are challenged for scopes, which
        they can get; a key's scopes are fixed, so its list is cut down to them.
        """
        fixed = caller.scopes if caller.kind is CallerKind.SERVICE else None
        like = Caller(
            kind=CallerKind.USER,
            subject="",
            # Which project it is makes no difference, and would make as many lists as projects.
            project_id=PLATFORM if caller.project_id else None,
            role=caller.role,
            platform_role=caller.platform_role,
        )
        return self._listing(like, fixed, selected)

    def _listing_uncached(
        self, like: Caller, scopes: frozenset[str] | None, selected: Names
    ) -> Listing:
        return tuple(
            described
            for name, described in self._tools.items()
            if name in selected
            and may(self._operations[name], like)
            and (scopes is None or not missing(scopes, self._operations[name].scopes))
        )

    async def call(
        self, context: Context, params: types.CallToolRequestParams
    ) -> dict[str, Any] | types.InputRequiredResult:
        """Answer `tools/call`. What is not offered to this request does not exist for it."""
        request = asked(context)
        operation = self._operations.get(params.name)
        if operation is None or params.name not in request.tools:
            raise MCPError(types.INVALID_PARAMS, _unknown(params.name, known=operation is not None))
        if (looks := eliciting.carried(operation, params)) is not None:
            return self.told(await self.ask(self._operations[eliciting.FOLLOWS], request, looks))
        # A client that hangs up cancels its request. What writes is finished all the same: a unit
        # cut off half-way would be rolled back at best, and tell the trail nothing.
        with anyio.CancelScope(shield=not operation.reads):
            async with progress_of(context):
                outcome = await self.ask(operation, request, params.arguments or {})
        pages = self._gate.given.get(ReturnPages)
        if link := eliciting.offered(context, operation, outcome, pages):
            return link
        return self.told(outcome) | ({"_meta": self.REPLAYED} if outcome.replayed else {})

    async def ask(
        self, operation: Operation[Any, Any], request: Asked, arguments: Mapping[str, Any]
    ) -> Outcome:
        """Ask the gate for an operation with a tool's arguments, of which one may be the key."""
        key: str | None = None
        if not operation.reads and "idempotency_key" in arguments:
            arguments = dict(arguments)
            key = arguments.pop("idempotency_key")
            if not isinstance(key, str):
                # The gate refuses an empty key by its field's name, and so it refuses this one.
                key = ""
        try:
            return await self._gate.perform(operation, request.call(arguments, idempotency_key=key))
        except Exception:
            # Our bug, told to nobody but the log.
            logger.exception("%s failed", operation.name)
            return Outcome(error=InternalError(request.request_id))

    @staticmethod
    def told(outcome: Outcome) -> dict[str, Any]:
        """Tell what came of it, as structure and the same as text."""
        if outcome.error is not None:
            return refusal(outcome.error)
        packed = orjson.dumps(outcome.body)
        return {
            **COMPLETE,
            "content": [{"type": "text", "text": packed.decode()}],
            "structuredContent": outcome.body,
            "isError": False,
        }

    def operation(self, name: str) -> Operation[Any, Any] | None:
        return self._operations.get(name)


@lru_cache(maxsize=1024)
def tool(operation: Operation[Any, Any]) -> dict[str, Any]:
    """Describe an operation as a tool, in the protocol's own words: once, and not to be changed."""
    described = types.Tool(
        name=operation.name,
        title=operation.title,
        description=operation.description,
        input_schema=input_schema(operation),
        output_schema=output_schema(operation.result),
        annotations=types.ToolAnnotations(
            title=operation.title,
            read_only_hint=operation.reads,
            destructive_hint=operation.effect is Effect.DESTROY,
            # Spending and creating happen again when asked again, unless a key says otherwise.
            idempotent_hint=operation.effect in {Effect.READ, Effect.CHANGE, Effect.DESTROY},
            open_world_hint=False,
        ),
    )
    return described.model_dump(by_alias=True, mode="json", exclude_none=True)


def refusal(error: EngineError) -> dict[str, Any]:
    """Tell a model why the answer is no, in words and as facts."""
    body = problem(error)
    return {
        **COMPLETE,
        "content": [{"type": "text", "text": f"{body['code']}: {body['detail']}"}],
        "structuredContent": body,
        "isError": True,
    }


def _unknown(name: str, *, known: bool) -> str:
    if known:
        return f"Tool {name} is not served here; /mcp/x/all serves every tool."
    # What looks like a name of ours but is none is not repeated: it could say anything.
    return f"Unknown tool: {name}" if _NAME.fullmatch(name) else "Unknown tool"
