"""The whole product as it is served, on a fresh SQLite file, with two customers and their keys."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2
from pydantic import SecretStr
from sqlalchemy import select
from starlette.applications import Starlette

from auth import users
from core.audit import tables as audit_tables
from core.kernel.caller import SYSTEM
from core.operations.perform import Call
from core.operations.scopes import SCOPES
from mcp_server import serving
from mcp_server.settings import Settings
from mcp_server.wiring import Installation, opened
from tests import servers

URL = "http://127.0.0.1:8000"
MAKER = replace(SYSTEM, subject="test:maker", scopes=frozenset(SCOPES))


@dataclass(frozen=True, kw_only=True)
class Customer:
    project_id: str
    wallet_id: str
    keys: dict[str, str]
    """API keys by role: viewer, member, admin."""


@dataclass(frozen=True, kw_only=True)
class Served:
    installation: Installation
    app: Starlette
    http: httpx2.AsyncClient
    operator_key: str
    ours: Customer
    theirs: Customer

    async def call(self, key: str, method: str, path: str, **rest: Any) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {key}", **rest.pop("headers", {})}
        return await self.http.request(method, path, headers=headers, **rest)

    async def trail(self) -> list[tuple[str, str, str | None]]:
        """Return operation, decision and error code of every call by HTTP, in order."""
        table = audit_tables.invocations
        columns = table.c.operation, table.c.decision, table.c.error_code
        query = select(*columns).where(table.c.door == "http").order_by(table.c.id)
        async with self.installation.database.read(SYSTEM) as work:
            rows = (await work.execute(query)).all()
        return [(row.operation, row.decision, row.error_code) for row in rows]


@asynccontextmanager
async def product(tmp_path: Path, **settings: Any) -> AsyncIterator[Served]:
    """Open an installation, make two customers in it, and serve it to an in-process client."""
    chosen = Settings(
        database_url=servers.sqlite_url(tmp_path),
        secrets_dir=tmp_path / "secrets",
        redis_url=SecretStr(""),
        **{f"rate_{each}": 100_000 for each in ("read", "write", "sensitive", "strict")} | settings,
    )
    async with opened(chosen) as installation:
        async with installation.database.begin(MAKER) as work:
            owner = await users.ensure_first_operator(work, "operator@example.com", "Operator")
        app = serving.build(installation)
        transport = httpx2.ASGITransport(app, client=("127.0.0.1", 5000))
        async with httpx2.AsyncClient(transport=transport, base_url=URL) as client:
            yield Served(
                installation=installation,
                app=app,
                http=client,
                operator_key=await _key(installation, None, "operator"),
                ours=await _customer(installation, owner, "acme"),
                theirs=await _customer(installation, owner, "heron"),
            )


async def _customer(installation: Installation, owner: str, name: str) -> Customer:
    project = await _ask(
        installation, "create_project", name=name, external_key=name, owner_user_id=owner
    )
    wallet = await _ask(
        installation, "create_wallet", project_id=project["id"], name="Credits", asset="USD/2"
    )
    place = {"project_id": project["id"], "wallet_id": wallet["id"]}
    await _ask(installation, "grant_credits", **place, amount="10.00", memo="Welcome")
    keys = {
        role: await _key(installation, project["id"], role)
        for role in ("viewer", "member", "admin")
    }
    return Customer(project_id=project["id"], wallet_id=wallet["id"], keys=keys)


async def _key(installation: Installation, project_id: str | None, role: str) -> str:
    named = {"project_id": project_id} if project_id else {}
    scopes = list(SCOPES)
    made = await _ask(installation, "create_api_key", **named, name=role, role=role, scopes=scopes)
    secret: str = made["secret"]
    return secret


async def _ask(installation: Installation, name: str, /, **arguments: Any) -> dict[str, Any]:
    call = Call(caller=MAKER, arguments=arguments, door="test")
    return (await installation.gate.perform(installation.operations[name], call)).unwrap()
