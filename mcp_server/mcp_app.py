"""The MCP endpoint as an ASGI application: one server, both protocol eras, every path.

Requests of 2026-07-28 stand alone and may reach any replica. Those of the handshake era have a
session in this process, unless `stateless` is set: then any replica serves them too, and what needs
a session (subscribing to a resource) is not offered.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import anyio
import mcp_types as types
from mcp.server import Server, ServerRequestContext
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity
from mcp.server.streamable_http import EventStore
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from mcp.shared.inbound import MCP_PROTOCOL_VERSION_HEADER
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from core.operations.operation import Operation
from core.operations.perform import Gate
from mcp_server import handover, prompts
from mcp_server.asked import SCOPE_KEY, Asked, asked
from mcp_server.completions import Completions
from mcp_server.direct import Direct
from mcp_server.guard import BODY_BYTES_MAX, METHODS, Endpoint, Guard, Identify, Needs
from mcp_server.http import exchange
from mcp_server.http.origins import Origins
from mcp_server.resources import Resources
from mcp_server.subscriptions import Subscriptions
from mcp_server.tools import Tools
from mcp_server.toolsets import Toolsets
from mcp_server.wallet_feed import WalletFeed

NAME = "bursar"
INSTRUCTIONS = (
    "Bursar keeps wallets of credits for projects, meters what they use and charges for it. "
    "whoami says who you are and what you may do. Amounts are decimal numbers in quotes beside an "
    'asset such as USD/2 ("2.50"). record_usage only records; charge_usage records and takes '
    "the price from a wallet at once, and the same event_id is never charged twice. hold_credits "
    "reserves before work of unknown cost, capture_hold takes what it came to. Whatever is "
    "not a read takes an idempotency_key: repeat a call with the same key when its answer was "
    "lost. A refusal has a code and facts such as the shortfall or the seconds to wait. Names, "
    "memos and properties are text that customers wrote."
)
PATHS = ("", "/readonly", "/x/{toolset}", "/x/{toolset}/readonly")

# The guard has checked host and origin before anything is parsed; once is enough.
_CHECKED_BEFORE = TransportSecuritySettings(enable_dns_rebinding_protection=False)
_HANDSHAKE_HEADER = MCP_PROTOCOL_VERSION_HEADER.encode()
_HANDSHAKE_VERSIONS = frozenset(each.encode() for each in HANDSHAKE_PROTOCOL_VERSIONS)


@dataclass(frozen=True, slots=True, kw_only=True)
class McpSettings:
    """How the endpoint is served."""

    public_url: str
    version: str = ""
    allowed_origins: tuple[str, ...] = ()
    stateless: bool = False
    json_response: bool = False
    """Answer the handshake era in plain JSON instead of event streams."""
    session_idle_seconds: float = 1800
    sessions_max: int = 10_000
    body_bytes_max: int = BODY_BYTES_MAX
    state_keys: tuple[bytes, ...] = field(default=(), repr=False)
    """Seal what a client carries between two rounds of one call; the first seals, all open. Every
    replica needs the same ones. Without any, each process has its own."""
    retry_interval_ms: int | None = None
    event_store: EventStore | None = None
    direct: bool = True
    """Answer everyday calls without the package's stack, which answers the same."""


class McpApp:
    """The endpoint behind its guard. Route to it, and keep `run` open while serving."""

    def __init__(
        self,
        server: Server[Any],
        settings: McpSettings,
        subscriptions: Subscriptions | None = None,
        direct: Direct | None = None,
    ) -> None:
        self._subscriptions = subscriptions
        self._direct = direct if settings.direct else None
        self._issuer = settings.public_url
        self._sessions = StreamableHTTPSessionManager(
            server,
            event_store=settings.event_store,
            json_response=settings.json_response,
            stateless=settings.stateless,
            security_settings=_CHECKED_BEFORE,
            retry_interval=settings.retry_interval_ms,
            session_idle_timeout=settings.session_idle_seconds,
            max_request_body_size=settings.body_bytes_max,
            max_sessions=settings.sessions_max,
        )
        self._single = StreamableHTTPSessionManager(
            server,
            json_response=True,
            stateless=True,
            security_settings=_CHECKED_BEFORE,
            max_request_body_size=settings.body_bytes_max,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a guarded request.

        One that stands alone and asked for no notifications gets plain JSON, which costs neither a
        stream nor a task.
        """
        found: Asked = scope[SCOPE_KEY]
        if self._direct and (operation := self._direct.find(exchange.headers_of(scope), found)):
            await self._direct.answer(operation, found, send)
            return
        handover.prepare(scope, found.caller, self._issuer)
        plain = not found.streams and _stands_alone(scope)
        manager = self._single if plain else self._sessions
        await manager.asgi_app(scope, receive, send)

    @asynccontextmanager
    async def run(self) -> AsyncIterator[None]:
        """Serve for as long as this is open. Once only."""
        async with self._sessions.run(), self._single.run(), anyio.create_task_group() as group:
            if self._subscriptions:
                group.start_soon(self._subscriptions.run)
            try:
                yield
            finally:
                if self._subscriptions:
                    self._subscriptions.close()
                group.cancel_scope.cancel()


def _stands_alone(scope: Scope) -> bool:
    version = next((value for name, value in scope["headers"] if name == _HANDSHAKE_HEADER), None)
    return version is not None and version not in _HANDSHAKE_VERSIONS


@dataclass(frozen=True, slots=True)
class Mcp:
    """Everything about the endpoint that the application is wired from."""

    server: Server[Any]
    tools: Tools
    feed: WalletFeed
    app: McpApp
    guard: Guard

    @property
    def routes(self) -> list[Route]:
        return [Route(f"{self.guard.endpoint.path}{each}", self.guard) for each in PATHS]


def build_mcp(
    operations: Sequence[Operation[Any, Any]], gate: Gate, identify: Identify, settings: McpSettings
) -> Mcp:
    """Make the endpoint of these operations."""
    tools, resources = Tools(operations, gate), Resources(operations, gate)
    feed = WalletFeed()
    subscriptions = Subscriptions(resources, gate, feed)
    server: Server[Any] = Server(
        NAME,
        title="Bursar",
        version=settings.version,
        instructions=INSTRUCTIONS,
        # Without this the SDK lists every tool to look for header parameters, on every call.
        get_tool_input_schema=lambda name: None,
        on_completion=Completions(operations, gate).complete,
    )
    _serve(server, tools, resources)
    seal_states(server, settings.state_keys)
    server.add_request_handler(
        "subscriptions/listen", types.SubscriptionsListenRequestParams, subscriptions.listen
    )
    if not settings.stateless:
        server.add_request_handler(
            "resources/subscribe", types.SubscribeRequestParams, subscriptions.subscribe
        )
        server.add_request_handler(
            "resources/unsubscribe", types.UnsubscribeRequestParams, subscriptions.unsubscribe
        )
    app = McpApp(server, settings, subscriptions, Direct(tools, server))
    needs = partial(_needed, tools, resources)
    guard = guarded(app, Toolsets(operations), needs, gate, identify=identify, settings=settings)
    return Mcp(server, tools, feed, app, guard)


def guarded(
    app: McpApp,
    toolsets: Toolsets,
    needs: Needs,
    gate: Gate,
    *,
    identify: Identify,
    settings: McpSettings,
) -> Guard:
    """Put the guard in front of an endpoint."""
    return Guard(
        app=app,
        identify=identify,
        toolsets=toolsets,
        needs=needs,
        gate=gate,
        endpoint=Endpoint(Origins(settings.public_url, settings.allowed_origins)),
        body_bytes_max=settings.body_bytes_max,
        # Without sessions there is no stream to open and nothing to end.
        methods=("POST",) if settings.stateless else METHODS,
    )


def seal_states(server: Server[Any], keys: Sequence[bytes]) -> None:
    """Seal what clients carry from round to round, and bind it to whoever it was given to."""
    if keys:
        security = RequestStateSecurity(keys=list(keys), bind_principal=_principal)
    else:
        security = RequestStateSecurity.ephemeral()
        security.bind_principal = _principal
    server.middleware.append(RequestStateBoundary(security, default_audience=server.name))


def _principal(context: ServerRequestContext[Any, Any]) -> str:
    caller = asked(context).caller
    return f"{caller.client_id}\x1f{caller.subject}\x1f{caller.project_id}"


def _serve(server: Server[Any], tools: Tools, resources: Resources) -> None:
    """Register what answers in the protocol's own words, sparing the SDK's models a round."""
    page, add = types.PaginatedRequestParams, server.add_request_handler
    add("tools/list", page, tools.list)
    add("tools/call", types.CallToolRequestParams, tools.call)
    add("resources/list", page, resources.list)
    add("resources/templates/list", page, resources.templates)
    add("resources/read", types.ReadResourceRequestParams, resources.read)
    add("prompts/list", page, prompts.list_prompts)
    add("prompts/get", types.GetPromptRequestParams, prompts.get_prompt)


def _needed(
    tools: Tools, resources: Resources, method: str, params: Mapping[str, Any]
) -> tuple[Operation[Any, Any], Mapping[str, Any]] | None:
    """Find what a message will perform, from nothing but its body."""
    if method == "tools/call":
        operation = tools.operation(str(params.get("name")))
        arguments = params.get("arguments")
        if operation is None:
            return None
        return operation, arguments if isinstance(arguments, dict) else {}
    if method in {"resources/read", "resources/subscribe"}:
        return resources.find(str(params.get("uri")))
    if method == "subscriptions/listen":
        wanted = params.get("notifications")
        uris = wanted.get("resourceSubscriptions") if isinstance(wanted, dict) else None
        found = (resources.find(str(each)) for each in (uris if isinstance(uris, list) else ()))
        return next(filter(None, found), None)
    return None
