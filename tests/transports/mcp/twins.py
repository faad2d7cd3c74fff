"""Two endpoints over two worlds that are alike: one answers everyday calls directly, one never."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx2
import orjson
from mcp.server.context import CallNext, HandlerResult
from sqlalchemy import select

from core.audit import tables
from core.kernel.caller import SYSTEM, Caller, Role
from core.kernel.ids import compose
from core.operations import Unauthenticated
from core.operations.limits import Rate
from core.operations.operation import RateClass
from core.operations.perform import Gate
from core.projects import find_project
from core.surface import OPERATIONS
from mcp_server.mcp_app import Mcp, McpSettings, build_mcp
from tests import servers
from tests.core.metering.shop import Shop
from tests.transports.mcp.serving import ACCEPT, MODERN
from tests.world import OPERATOR, World, agent

URL = "http://127.0.0.1:8000"
OTHER = compose("prj", 7)
HURRIED = "hurried"
CALLERS: dict[str, Caller] = {
    "member": agent(Role.MEMBER),
    "viewer": agent(Role.VIEWER, number=2),
    "reader": replace(agent(Role.ADMIN, number=3), scopes=frozenset({"wallets:read"})),
    "operator": OPERATOR,
    HURRIED: agent(Role.MEMBER, number=5),
}
RATES = dict.fromkeys(RateClass, Rate(calls=100_000, seconds=60)) | {
    RateClass.READ: Rate(calls=30, seconds=60),
}
COMPARED = ("content-type", "www-authenticate", "allow", "retry-after", "cache-control")

Headers = list[tuple[str, str]]


@dataclass(frozen=True)
class Sent:
    """One request, as it goes over the wire."""

    body: bytes
    headers: Headers
    method: str = "POST"
    path: str = ""


@dataclass
class Endpoint:
    """One of the two, and how often its requests reached the package."""

    world: World
    mcp: Mcp
    http: httpx2.AsyncClient
    by_package: list[str] = field(default_factory=list)

    async def ask(self, sent: Sent) -> tuple[int, dict[str, str | None], Any]:
        """Return the status, the headers that matter, and the body as what it says."""
        answer = await self.http.request(
            sent.method, f"/mcp{sent.path}", content=sent.body, headers=sent.headers
        )
        told = {name: answer.headers.get(name) for name in COMPARED}
        is_json = told["content-type"] == "application/json" and answer.content
        return answer.status_code, told, answer.json() if is_json else answer.text

    async def trail(self) -> Sequence[tuple[Any, ...]]:
        """Return everything that was written down about each call, but its times and its number."""
        kept = tables.invocations.c
        times = {"id", "at", "duration_us", "digest"}
        columns = [each for each in kept if each.name not in times]
        async with self.world.database.read(SYSTEM) as work:
            rows = await work.execute(select(*columns).order_by(kept.id))
            return [tuple(row) for row in rows]

    async def __call__(self, ctx: Any, call_next: CallNext) -> HandlerResult:
        """Stand in the package's way, and note what comes by."""
        self.by_package.append(ctx.method)
        return await call_next(ctx)


@dataclass
class Twins:
    direct: Endpoint
    package: Endpoint
    ours: str
    """A wallet of the callers' project."""
    theirs: str
    """A wallet of another project."""

    async def both(self, sent: Sent) -> Any:
        """Ask both, compare their answers, and return what they said."""
        by_one, by_other = await self.direct.ask(sent), await self.package.ask(sent)
        assert by_one == by_other, sent
        return by_one[2]

    @property
    def went_direct(self) -> bool:
        """Tell whether nothing has reached the package by the direct endpoint."""
        return not self.direct.by_package


@asynccontextmanager
async def twins(folder: Path) -> AsyncIterator[Twins]:
    """Open both over the same data: a project with 10.00, and another one with as much."""
    async with (
        _endpoint(servers.sqlite_url(folder / "direct"), direct=True) as one,
        _endpoint(servers.sqlite_url(folder / "package"), direct=False) as other,
    ):
        wallets = [await _fill(each.world) for each in (one, other)]
        assert wallets[0] == wallets[1], "the two worlds are not alike"
        yield Twins(one, other, *wallets[0])


@asynccontextmanager
async def _endpoint(url: str, *, direct: bool) -> AsyncIterator[Endpoint]:
    world = World.open(url, find_project)
    gate = Gate(world.database, world.trail, world.gate.limiter, RATES, find_project)
    mcp = build_mcp(OPERATIONS, gate, _identify, McpSettings(public_url=URL, direct=direct))
    transport = httpx2.ASGITransport(mcp.guard)
    async with mcp.app.run(), httpx2.AsyncClient(transport=transport, base_url=URL) as http:
        endpoint = Endpoint(world, mcp, http)
        mcp.server.middleware.insert(0, endpoint)
        yield endpoint
    await world.close()


async def _fill(world: World) -> tuple[str, str]:
    shop = await Shop.open(world)
    await shop.project(OTHER)
    return await shop.wallet("10.00"), await shop.wallet("10.00", project_id=OTHER)


async def _identify(headers: Mapping[str, str], resource: str) -> Caller:
    name = headers.get("authorization", "").removeprefix("Bearer ")
    if name not in CALLERS:
        raise Unauthenticated
    return CALLERS[name]


def call(tool: Any, arguments: Any = None, *, who: str = "member", **more: Any) -> Sent:
    """Make an everyday request; `more` are members of its params beside them."""
    given = {} if arguments is None else {"arguments": arguments}
    message = {
        "jsonrpc": "2.0",
        "id": 7,
        "method": "tools/call",
        "params": {"name": tool, **given, "_meta": envelope(), **more},
    }
    return Sent(orjson.dumps(message), everyday(str(tool), who))


def envelope(**more: Any) -> dict[str, Any]:
    return {
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        **more,
    }


def everyday(tool: str, who: str) -> Headers:
    return [
        ("Authorization", f"Bearer {who}"),
        ("Accept", ACCEPT),
        ("Content-Type", "application/json"),
        ("MCP-Protocol-Version", MODERN),
        ("Mcp-Method", "tools/call"),
        ("Mcp-Name", tool),
    ]


def instead(sent: Sent, name: str, *values: str) -> Sent:
    """Send these values of a header in place of what was there; none leaves it out."""
    kept = [pair for pair in sent.headers if pair[0].lower() != name.lower()]
    return replace(sent, headers=[*kept, *((name, value) for value in values)])


def saying(sent: Sent, **members: Any) -> Sent:
    """Send a message with these members; `...` takes one away."""
    message = {**orjson.loads(sent.body), **members}
    left = {name: value for name, value in message.items() if value is not ...}
    return replace(sent, body=orjson.dumps(left))


def asking(sent: Sent, **members: Any) -> Sent:
    """Send params with these members; `...` takes one away."""
    params = {**orjson.loads(sent.body)["params"], **members}
    return saying(sent, params={n: value for n, value in params.items() if value is not ...})
