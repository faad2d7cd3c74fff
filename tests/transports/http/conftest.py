"""The HTTP door over the small operations, on SQLite: what is tested here is the door."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import Row, select
from starlette.applications import Starlette

from core.audit import tables as audit_tables
from core.db.schema import metadata
from core.db.work import Work
from core.kernel.caller import ANONYMOUS, SYSTEM, Caller, Role
from core.operations import Unauthenticated
from core.operations.perform import Gate
from mcp_server.app import Parts, build_app
from mcp_server.http import api, docs, health, metrics, openapi
from mcp_server.http.origins import Origins
from mcp_server.http.proxies import networks
from tests.transports.http import small
from tests.world import OPERATOR, World, agent

URL = "http://127.0.0.1:8000"
METADATA = f"{URL}/.well-known/oauth-protected-resource/v1"
CALLERS: dict[str, Caller] = {
    "member": agent(),
    "viewer": agent(Role.VIEWER),
    "admin": agent(Role.ADMIN),
    "operator": OPERATOR,
    "unscoped": Caller(
        kind=agent().kind, subject="agt:unscoped", project_id=agent().project_id, role=Role.OWNER
    ),
}


@dataclass
class NamedCallers:
    """Believes every token that is a name in `CALLERS`."""

    resources: list[str] = field(default_factory=list)

    async def __call__(self, headers: Mapping[str, str], resource: str) -> Caller:
        self.resources.append(resource)
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if not token:
            return ANONYMOUS
        if scheme.lower() != "bearer" or token not in CALLERS:
            raise Unauthenticated
        return CALLERS[token]


async def nobody_elses(work: Work, project_id: str | None, external_key: str | None) -> str:
    raise small.NoSuchProject


def addresses(url: str = URL) -> openapi.Addresses:
    return openapi.Addresses(
        public_url=url,
        authorization_url=f"{url}/oauth/authorize",
        token_url=f"{url}/oauth/token",
    )


@dataclass
class Door:
    """The app, its world, and a client that calls as a member unless it says otherwise."""

    world: World
    app: Starlette
    metrics: metrics.Metrics
    identity: NamedCallers
    http: httpx2.AsyncClient

    async def as_(self, who: str | None, method: str, path: str, **rest: Any) -> httpx2.Response:
        headers = dict(rest.pop("headers", {}))
        if who:
            headers["Authorization"] = f"Bearer {who}"
        return await self.http.request(method, path, headers=headers, **rest)

    async def trail(self) -> list[tuple[str, str, str | None]]:
        """Return operation, decision and error code of everything in the trail, in order."""
        rows = await self._rows("operation", "decision", "error_code")
        return [(row.operation, row.decision, row.error_code) for row in rows]

    async def subjects(self) -> list[str]:
        """Return who made each call in the trail, in order."""
        return [row.subject for row in await self._rows("subject")]

    async def _rows(self, *columns: str) -> Sequence[Row[Any]]:
        table = audit_tables.invocations
        query = select(*(table.c[name] for name in columns)).order_by(table.c.id)
        async with self.world.database.read(SYSTEM) as work:
            return (await work.execute(query)).all()


@asynccontextmanager
async def opened(tmp_path: Path, **settings: Any) -> AsyncIterator[Door]:
    world = World.open(f"sqlite+aiosqlite:///{tmp_path}/bursar.db", nobody_elses)
    async with world.engines.writer.begin() as connection:
        await connection.run_sync(metadata.create_all)
    url = settings.get("public_url", URL)
    meters, identity = metrics.Metrics(), NamedCallers()
    gate: Gate = metrics.MeasuredGate(
        world.database,
        world.trail,
        world.gate.limiter,
        settings.get("rates", world.gate.rates),
        world.gate.find_project,
        meters,
    )
    door = api.Api(
        gate=gate,
        identify=identity,
        public_url=url,
        resource=f"{url}/v1",
        resource_metadata=METADATA,
    )
    document = openapi.document(small.OPERATIONS, addresses(url), version="0")
    readiness = health.Readiness(settings.get("parts", [health.memory()]), deadline_seconds=2)
    app = build_app(
        Parts(
            origins=Origins(url, settings.get("allowed_origins", ())),
            metrics=meters,
            routes=[
                *api.routes(small.OPERATIONS, door),
                *docs.routes(document, url),
                *health.routes(readiness),
                metrics.route(meters, settings.get("metrics_token")),
            ],
            trusted_proxies=networks(settings.get("trusted_proxies", ())),
        )
    )
    transport = httpx2.ASGITransport(app, client=settings.get("peer", ("127.0.0.1", 5000)))
    async with httpx2.AsyncClient(transport=transport, base_url=url) as client:
        yield Door(world, app, meters, identity, client)
    await world.close()


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    async with opened(tmp_path) as door:
        yield door
