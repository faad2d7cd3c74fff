"""Both doors over one world: the same call by HTTP and by MCP, with callers known by their name."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal

import httpx2

from core.kernel.caller import Caller
from core.operations import Unauthenticated
from core.operations.operation import Operation
from mcp_server.app import Parts, build_app
from mcp_server.http import api, arguments
from mcp_server.http.answers import IDEMPOTENCY_KEY
from mcp_server.http.metrics import Metrics
from mcp_server.http.origins import Origins
from mcp_server.mcp_app import McpSettings, build_mcp
from mcp_server.wiring import OPERATIONS
from tests.transports.mcp.serving import ACCEPT, modern_headers, request
from tests.world import World

URL = "http://127.0.0.1:8000"
BY_NAME: dict[str, Operation[Any, Any]] = {each.name: each for each in OPERATIONS}
DoorName = Literal["http", "mcp"]
DOORS: tuple[DoorName, ...] = ("http", "mcp")


@dataclass(frozen=True)
class Answer:
    """What a door answered: its status, whatever the protocol calls it, and the body."""

    status: int
    body: dict[str, Any]

    @property
    def code(self) -> str | None:
        """The code of a refusal."""
        return self.body.get("code") if self.status >= 400 else None


@dataclass
class Doors:
    world: World
    http: httpx2.AsyncClient
    callers: dict[str, Caller]

    async def call(
        self,
        door: DoorName,
        who: str,
        name: str,
        sent: Mapping[str, Any],
        *,
        key: str | None = None,
    ) -> Answer:
        """Ask by this door for an operation, as the caller of this name."""
        by = self.by_http if door == "http" else self.by_mcp
        return await by(who, BY_NAME[name], dict(sent), key)

    async def by_http(
        self, who: str, operation: Operation[Any, Any], sent: dict[str, Any], key: str | None
    ) -> Answer:
        names = arguments.in_path(operation.path)
        path = operation.path.format(**{name: sent.pop(name) for name in names})
        headers = {"Authorization": f"Bearer {who}"} | ({IDEMPOTENCY_KEY: key} if key else {})
        in_query = operation.method in arguments.IN_QUERY
        how: dict[str, Any] = {"params": sent} if in_query else {"json": sent}
        answer = await self.http.request(operation.method, path, headers=headers, **how)
        return Answer(answer.status_code, answer.json())

    async def by_mcp(
        self, who: str, operation: Operation[Any, Any], sent: dict[str, Any], key: str | None
    ) -> Answer:
        if key:
            sent["idempotency_key"] = key
        params = {"name": operation.name, "arguments": sent}
        told = await self.mcp(who, "tools/call", params, name=operation.name)
        if "error" in told:
            return Answer(told["error"]["data"]["status"], told["error"]["data"])
        body = told["result"]["structuredContent"]
        return Answer(body["status"] if told["result"]["isError"] else 200, body)

    async def mcp(
        self, who: str, method: str, params: Mapping[str, Any], *, name: str = ""
    ) -> dict[str, Any]:
        """Send one request as 2026-07-28 has it, and return the message that answers it."""
        headers = {
            "Authorization": f"Bearer {who}",
            "Accept": ACCEPT,
            **modern_headers(method),
            **({"Mcp-Name": name} if name else {}),
        }
        answer = await self.http.post("/mcp/x/all", json=request(method, params), headers=headers)
        message: dict[str, Any] = answer.json()
        return message


@asynccontextmanager
async def both_doors(world: World, callers: dict[str, Caller]) -> AsyncIterator[Doors]:
    """Open every door of this world to these callers."""

    async def identify(headers: Mapping[str, str], resource: str) -> Caller:
        name = headers.get("authorization", "").removeprefix("Bearer ")
        if name not in callers:
            raise Unauthenticated
        return callers[name]

    mcp = build_mcp(OPERATIONS, world.gate, identify, McpSettings(public_url=URL))
    served = api.Api(
        gate=world.gate,
        identify=identify,
        public_url=URL,
        resource=f"{URL}/v1",
        resource_metadata=f"{URL}/.well-known/oauth-protected-resource/v1",
    )
    app = build_app(
        Parts(
            origins=Origins(URL, ()),
            metrics=Metrics(),
            routes=api.routes(OPERATIONS, served),
            mcp=mcp.guard,
        )
    )
    transport = httpx2.ASGITransport(app, client=("203.0.113.7", 5000))
    async with mcp.app.run(), httpx2.AsyncClient(transport=transport, base_url=URL) as http:
        yield Doors(world, http, callers)
