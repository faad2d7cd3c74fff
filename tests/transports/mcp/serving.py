"""The MCP endpoint on a real port, with callers who are known by their first name."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
import uvicorn
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from starlette.applications import Starlette

from core.kernel.caller import Caller
from core.operations.errors import Unauthenticated
from core.operations.operation import Operation
from mcp_server.mcp_app import Mcp, McpSettings, build_mcp
from tests.world import World

MODERN = "2026-07-28"
HANDSHAKE = "2025-11-25"
ACCEPT = "application/json, text/event-stream"


@dataclass
class Served:
    """An endpoint that answers, and whoever may call it."""

    url: str
    mcp: Mcp
    callers: dict[str, Caller] = field(default_factory=dict)

    @asynccontextmanager
    async def client(
        self, who: str, *, mode: str = "auto", path: str = "", **options: Any
    ) -> AsyncIterator[Client]:
        """Connect the SDK's own client. `mode="legacy"` speaks the handshake era."""
        headers = {"Authorization": f"Bearer {who}", **options.pop("headers", {})}
        async with AsyncExitStack() as stack:
            http = await stack.enter_async_context(httpx2.AsyncClient(headers=headers, timeout=20))
            transport = streamable_http_client(self.url + path, http_client=http)
            yield await stack.enter_async_context(Client(transport, mode=mode, **options))

    async def post(
        self, body: Any, *, who: str = "", path: str = "", headers: Mapping[str, str] | None = None
    ) -> httpx2.Response:
        """Send one request as it stands."""
        sent = {"Accept": ACCEPT, "Content-Type": "application/json"}
        if who:
            sent["Authorization"] = f"Bearer {who}"
        async with httpx2.AsyncClient(timeout=20) as http:
            content = {"content": body} if isinstance(body, bytes) else {"json": body}
            return await http.post(self.url + path, headers={**sent, **(headers or {})}, **content)

    async def call(
        self, tool: str, arguments: Mapping[str, Any] | None = None, **sent: Any
    ) -> httpx2.Response:
        """Call a tool as one request of 2026-07-28."""
        message = request("tools/call", {"name": tool, "arguments": dict(arguments or {})})
        given = {"Mcp-Name": tool, **modern_headers("tools/call"), **sent.pop("headers", {})}
        return await self.post(message, headers=given, **sent)


def request(method: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Make a request that stands alone, as 2026-07-28 has it."""
    meta = {
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
    }
    return {
        "jsonrpc": "2.0",
        "id": 1,
        "method": method,
        "params": {"_meta": meta, **(params or {})},
    }


def modern_headers(method: str) -> dict[str, str]:
    return {"MCP-Protocol-Version": MODERN, "Mcp-Method": method}


@asynccontextmanager
async def serving(
    world: World,
    operations: Sequence[Operation[Any, Any]],
    callers: Mapping[str, Caller],
    **settings: Any,
) -> AsyncIterator[Served]:
    """Serve these operations on a free port of this machine."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{listener.getsockname()[1]}"
        known = dict(callers)

        async def identify(headers: Mapping[str, str], resource: str) -> Caller:
            name = headers.get("authorization", "").removeprefix("Bearer ")
            if name not in known:
                raise Unauthenticated
            return known[name]

        made = McpSettings(public_url=base, **settings)
        mcp = build_mcp(operations, world.gate, identify, made)
        app = Starlette(routes=mcp.routes)
        config = uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        async with mcp.app.run():
            running = asyncio.create_task(server.serve(sockets=[listener]))
            while not server.started:  # noqa: ASYNC110 - uvicorn tells it by this flag alone
                await asyncio.sleep(0.005)
            try:
                yield Served(f"{base}/mcp", mcp, known)
            finally:
                server.should_exit = True
                await running
