"""A whole installation on a free port: what `bursar serve` is, in the test's own event loop."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import httpx2
import uvicorn
from argon2 import PasswordHasher
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client

from auth import passwords, users
from core.kernel.caller import SYSTEM, PlatformRole
from core.kernel.clock import SystemClock
from core.operations.perform import Call
from mcp_server.serving import build
from mcp_server.settings import load_settings
from mcp_server.wiring import Installation, opened
from tests import servers

PASSWORD = "a very long password"
ACCEPT = "application/json, text/event-stream"


@dataclass
class MovableClock:
    """The system's clock, put forward by as much as a test wants to have passed."""

    ahead: timedelta = timedelta()
    system: SystemClock = field(default_factory=SystemClock)

    def now(self) -> datetime:
        return self.system.now() + self.ahead


@dataclass(frozen=True)
class Person:
    user_id: str
    email: str
    password: str = PASSWORD


@dataclass
class Served:
    """An installation that answers at `base`, with an operator, a member, and two projects."""

    base: str
    clock: MovableClock
    installation: Installation
    operator: Person
    member: Person
    acme: str
    heron: str

    @property
    def mcp(self) -> str:
        return f"{self.base}/mcp"

    async def ask(self, name: str, /, **arguments: Any) -> dict[str, Any]:
        """Ask for something to be there before the story begins."""
        call = Call(caller=SYSTEM, arguments=arguments, door="test")
        gate, operations = self.installation.gate, self.installation.operations
        return (await gate.perform(operations[name], call)).unwrap()

    @asynccontextmanager
    async def client(
        self, *, mode: str = "auto", path: str = "", **http: Any
    ) -> AsyncIterator[Client]:
        """Connect the SDK's own client, which keeps its own tokens if it is given `auth`."""
        async with AsyncExitStack() as stack:
            sent = await stack.enter_async_context(httpx2.AsyncClient(timeout=20, **http))
            transport = streamable_http_client(self.mcp + path, http_client=sent)
            yield await stack.enter_async_context(Client(transport, mode=mode))

    async def post(
        self, tool: str, arguments: Mapping[str, Any], token: str, path: str = "/x/all"
    ) -> httpx2.Response:
        """Call a tool as one request that stands alone, to see the answer as it is sent."""
        headers = {
            "Authorization": f"Bearer {token}",
            "Accept": ACCEPT,
            "MCP-Protocol-Version": "2026-07-28",
            "Mcp-Method": "tools/call",
            "Mcp-Name": tool,
        }
        meta = {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        }
        params = {"name": tool, "arguments": dict(arguments), "_meta": meta}
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
        async with httpx2.AsyncClient(timeout=20) as http:
            return await http.post(self.mcp + path, json=message, headers=headers)


@asynccontextmanager
async def serving(database_url: str, folder: Path) -> AsyncIterator[Served]:
    """Serve this database on a free port, as the settings of an installation would have it."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port, clock = listener.getsockname()[1], MovableClock()
        settings = load_settings(
            port=port,
            public_url=f"http://127.0.0.1:{port}",
            database_url=database_url,
            database_direct_url=_owner_url(database_url),
            secrets_dir=folder / "secrets",
        )
        async with opened(settings, clock) as installation:
            served = await _settle(installation, clock)
            async with _listening(installation, listener):
                yield served


def _owner_url(url: str) -> str:
    return servers.postgres_owner_url(url) if url.startswith("postgresql") else ""


@asynccontextmanager
async def _listening(installation: Installation, listener: socket.socket) -> AsyncIterator[None]:
    config = uvicorn.Config(
        build(installation),
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=1,
        lifespan="on",
    )
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        assert not running.done(), "the server did not start"
        await asyncio.sleep(0.005)
    try:
        yield
    finally:
        server.should_exit = True
        await running


async def _settle(installation: Installation, clock: MovableClock) -> Served:
    """Let the operator and a customer's developer move in."""
    hashed = _hashed()
    operator = await _person(installation, "olga@bursar.example", hashed, PlatformRole.OPERATOR)
    member = await _person(installation, "mia@acme.example", hashed)
    base = installation.settings.public_url
    served = Served(base, clock, installation, operator, member, "", "")
    owner = operator.user_id
    for name in ("acme", "heron"):
        made = await served.ask(
            "create_project", name=name.title(), external_key=name, owner_user_id=owner
        )
        setattr(served, name, made["id"])
    await served.ask("add_member", project_id=served.acme, user_id=member.user_id, role="member")
    return served


@cache
def _hashed() -> str:
    """Hash the password once for all stories: it costs what it costs on purpose."""
    return str(PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=4).hash(PASSWORD))


async def _person(
    installation: Installation, email: str, hashed: str, role: PlatformRole | None = None
) -> Person:
    async with installation.database.begin(SYSTEM) as work:
        name = email.partition("@")[0].title()
        user = await users.create_user(work, email=email, name=name, platform_role=role)
        await passwords.keep_hash(work, user.id, hashed)
    return Person(user.id, email)
