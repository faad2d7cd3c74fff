"""Serve the fixtures from the product's own endpoint: `python -m conformance.server PORT`.

Everything between the socket and a handler is what customers get: guard, transports, sessions,
sealed states. Only the handlers are replaced, and everybody is let in, because the suite cannot
sign in. It listens on the loopback address and knows no data.
"""

import asyncio
import sys
from collections.abc import Mapping
from typing import Any

import mcp_types as types
import uvicorn
from mcp import MCPError
from mcp.server.streamable_http import EventCallback, EventMessage, EventStore
from mcp.server.subscriptions import ListenHandler
from starlette.applications import Starlette

from conformance.fixtures import reading, rounds, tools
from conformance.fixtures.kit import FIXTURES, Answer, Context
from core.audit import Trail
from core.db.engine import open_engines
from core.db.work import Database, Work
from core.kernel.caller import SYSTEM, Caller
from core.kernel.clock import SystemClock
from core.kernel.ids import Ulids
from core.operations.errors import Unauthenticated
from core.operations.limits import MemoryLimiter, Rate
from core.operations.operation import RateClass
from core.operations.perform import Gate
from mcp_server.mcp_app import Mcp, McpSettings, build_mcp

RATES = dict.fromkeys(RateClass, Rate(calls=1000, seconds=1))
TOOLS = (tools, rounds)
"""Imported for what they register."""


class Events(EventStore):
    """Keeps what was sent, so that a client that comes back gets the rest (SEP-1699)."""

    def __init__(self) -> None:
        self._sent: list[tuple[str, types.JSONRPCMessage | None]] = []

    async def store_event(self, stream_id: str, message: types.JSONRPCMessage | None) -> str:
        self._sent.append((stream_id, message))
        return str(len(self._sent))

    async def replay_events_after(
        self, last_event_id: str, send_callback: EventCallback
    ) -> str | None:
        seen = int(last_event_id) if last_event_id.isdecimal() else 0
        if not 0 < seen <= len(self._sent):
            return None
        stream = self._sent[seen - 1][0]
        for number, (of, message) in enumerate(self._sent[seen:], seen + 1):
            if of == stream and message is not None:
                await send_callback(EventMessage(message, str(number)))
        return stream


async def everybody(headers: Mapping[str, str], resource: str) -> Caller:
    return SYSTEM


async def no_project(work: Work, project_id: str | None, external_key: str | None) -> str:
    raise Unauthenticated


async def list_tools(
    context: Context, params: types.PaginatedRequestParams
) -> types.ListToolsResult:
    return types.ListToolsResult(tools=[each.tool for each in FIXTURES.values()])


async def call_tool(context: Context, params: types.CallToolRequestParams) -> Answer:
    if params.name not in FIXTURES:
        raise MCPError(types.INVALID_PARAMS, f"Unknown tool: {params.name}")
    return await FIXTURES[params.name].handle(context, params)


async def accept(context: Context, params: Any) -> types.EmptyResult:
    return types.EmptyResult()


def fixture_endpoint(port: int) -> Mcp:
    """Make the product's endpoint, and give it the suite's handlers."""
    clock = SystemClock()
    database = Database(
        open_engines("sqlite+aiosqlite:///:memory:"), clock, Ulids(clock), b"no data to protect" * 2
    )
    gate = Gate(database, Trail(database), MemoryLimiter(clock), RATES, no_project)
    settings = McpSettings(
        public_url=f"http://localhost:{port}",
        version="conformance",
        state_keys=(b"a fixture's key, thirty-two long",),
        event_store=Events(),
        retry_interval_ms=100,
    )
    made = build_mcp((), gate, everybody, settings)
    server = made.server
    server.get_tool_input_schema = lambda name: (
        FIXTURES[name].tool.input_schema if name in FIXTURES else None
    )
    page, add = types.PaginatedRequestParams, server.add_request_handler
    add("tools/list", page, list_tools)
    add("tools/call", types.CallToolRequestParams, call_tool)
    add("resources/list", page, reading.list_resources)
    add("resources/templates/list", page, reading.list_templates)
    add("resources/read", types.ReadResourceRequestParams, reading.read)
    add("resources/subscribe", types.SubscribeRequestParams, accept)
    add("resources/unsubscribe", types.UnsubscribeRequestParams, accept)
    add("prompts/list", page, reading.list_prompts)
    add("prompts/get", types.GetPromptRequestParams, reading.get_prompt)
    add("completion/complete", types.CompleteRequestParams, reading.complete)
    add("logging/setLevel", types.SetLevelRequestParams, accept)
    listen = ListenHandler(tools.FEED)
    add("subscriptions/listen", types.SubscriptionsListenRequestParams, listen)
    return made


async def serve(port: int) -> None:
    made = fixture_endpoint(port)
    app = Starlette(routes=list(made.routes))
    config = uvicorn.Config(app, host="localhost", port=port, log_level="warning", lifespan="off")
    async with made.app.run():
        await uvicorn.Server(config).serve()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
