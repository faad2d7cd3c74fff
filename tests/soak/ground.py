"""The ground of a soak: a database that keeps what it acknowledged, and real servers on it.

Every server is a process of its own that may be killed and started again; its log is a file, which
no amount of complaining fills.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from auth import users
from core.kernel.caller import SYSTEM
from core.kernel.proving import Proof
from core.operations.perform import Call
from mcp_server.cli.demonstrating import operator_key, project_key
from mcp_server.migrating import migrate_database
from mcp_server.settings import Settings, load_settings
from mcp_server.wiring import Installation, opened
from tests.cli.nursery import ROOT
from tests.cli.program import KEPT, free_port
from tests.processes import Child, listens

OWNER, RUNTIME, DATABASE = "soak_owner", "soak_app", "soak"
ASSET = "CREDIT/6"
METER = "soak_tokens"
PRICE = 2
"""What one token costs, in millionths of a credit."""
FUNDS = 1_000_000_000_000
"""What a wallet begins with, in millionths: it does not run dry."""
NEVER_REACHED = 1_000_000_000
POOL_TIMEOUT_SECONDS = 5
# Waits are written to the log of the database, and a deadlock is found before anybody gives up.
WAITS_TOLD = {"log_lock_waits": "on", "deadlock_timeout": "200ms"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """One installation: where its database is, who may ask, and what they may ask about."""

    settings: Settings
    folder: Path
    operator: str
    """A key that may do everything on the platform."""
    member: str
    """A key of the project's own backend."""
    project: str
    wallets: tuple[str, ...]
    foreign_wallet: str
    """A wallet of another project."""

    def through(self, database_url: str) -> "Ground":
        """Reach the database another way, as through a proxy."""
        return replace(
            self, settings=self.settings.model_copy(update={"database_url": database_url})
        )

    @asynccontextmanager
    async def serving(self, redis_url: str = "") -> AsyncIterator[Child]:
        """Run `bursar serve` as a process of its own, with everything on."""
        port = free_port()
        directory = self.folder / f"serve-{port}"
        directory.mkdir()
        child = Child(
            url=f"http://127.0.0.1:{port}",
            command=[sys.executable, "-m", "mcp_server", "serve"],
            directory=directory,
            is_ready=lambda: listens(port),
            environment=_environment(self.settings, port, redis_url),
        )
        await child.come_back()
        try:
            yield child
        finally:
            # Elsewhere: what it still has to write may have to pass through this event loop.
            await asyncio.to_thread(child.stop)

    async def prove(self) -> Proof:
        async with opened(self.settings) as installation:
            return await installation.prove()


def _environment(settings: Settings, port: int, redis_url: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    never = str(NEVER_REACHED)
    return {
        **kept,
        "PYTHONPATH": str(ROOT),
        "NO_COLOR": "1",
        "BURSAR_PORT": str(port),
        "BURSAR_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "BURSAR_DATABASE_URL": settings.database_url,
        "BURSAR_DATABASE_POOL_TIMEOUT": str(POOL_TIMEOUT_SECONDS),
        "BURSAR_SECRETS_DIR": str(settings.secrets_dir),
        "BURSAR_REDIS_URL": redis_url,
        "BURSAR_LOG_LEVEL": "warning",
        **{f"BURSAR_RATE_{kind}": never for kind in ("READ", "WRITE", "USAGE", "SENSITIVE")},
    }


async def on_postgres(server: Child, folder: Path, wallets: int = 4) -> Ground:
    """Migrate a database of one's own on this server, and move in."""
    engine = create_async_engine(server.url, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        for statement in (
            f"create role {OWNER} login",
            f"create role {RUNTIME} login",
            f"create database {DATABASE} owner {OWNER}",
        ):
            await connection.execute(text(statement))
    await engine.dispose()
    settings = load_settings(
        database_url=_url(server, RUNTIME),
        database_direct_url=_url(server, OWNER),
        secrets_dir=folder / "secrets",
    )
    return await move_in(settings, folder, wallets)


async def on_sqlite(folder: Path, wallets: int = 4) -> Ground:
    """Migrate a file of one's own, and move in."""
    url = f"sqlite+aiosqlite:///{folder}/bursar.db"
    settings = load_settings(database_url=url, secrets_dir=folder / "secrets")
    return await move_in(settings, folder, wallets)


def _url(server: Child, role: str) -> str:
    url = make_url(server.url).set(database=DATABASE, username=role)
    return url.render_as_string(hide_password=False)


async def move_in(settings: Settings, folder: Path, wallets: int) -> Ground:
    """Make two projects, a meter, wallets with more than is ever spent, and two keys."""
    await migrate_database(settings)
    async with opened(settings) as installation:
        async with installation.database.begin(SYSTEM) as work:
            owner = await users.ensure_first_operator(work, "olga@bursar.example", "Olga")
        ours, theirs = [await _project(installation, name, owner) for name in ("ours", "theirs")]
        await _ask(
            installation,
            "create_meter",
            key=METER,
            name="Tokens",
            aggregation="sum",
            unit="token",
            property="tokens",
            price=f"0.{PRICE:06}",
            asset=ASSET,
        )
        return Ground(
            settings=settings,
            folder=folder,
            operator=await operator_key(installation, "Soak"),
            member=await project_key(installation, ours, "Soak"),
            project=ours,
            wallets=tuple([await _wallet(installation, ours) for _ in range(wallets)]),
            foreign_wallet=await _wallet(installation, theirs),
        )


async def _project(installation: Installation, name: str, owner: str) -> str:
    named = {"name": name, "external_key": name, "owner_user_id": owner}
    return str((await _ask(installation, "create_project", **named))["id"])


async def _wallet(installation: Installation, project: str) -> str:
    made = await _ask(
        installation, "create_wallet", project_id=project, name="Credits", asset=ASSET
    )
    wallet = str(made["id"])
    funds = str(FUNDS // 10**6)
    await _ask(installation, "grant_credits", project_id=project, wallet_id=wallet, amount=funds)
    return wallet


async def _ask(installation: Installation, operation: str, /, **arguments: Any) -> dict[str, Any]:
    call = Call(caller=SYSTEM, arguments=arguments, door="test")
    return (await installation.gate.perform(installation.operations[operation], call)).unwrap()
