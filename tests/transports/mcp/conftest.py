"""An endpoint over a small shop, and the people who come in."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.db.schema import metadata
from core.db.work import Work
from core.kernel.caller import Caller, CallerKind, Role
from tests.transports.mcp.serving import Served, serving
from tests.transports.mcp.shop import OPERATIONS
from tests.world import OPERATOR, PROJECT, World, agent

ADA = agent(Role.ADMIN, number=1)
BOB = agent(Role.VIEWER, number=2)
READER = replace(agent(Role.ADMIN, number=3), scopes=frozenset({"wallets:read"}))
KEY = replace(
    agent(Role.ADMIN, number=4), kind=CallerKind.SERVICE, scopes=frozenset({"metering:write"})
)
CALLERS: dict[str, Caller] = {
    "ada": ADA,
    "bob": BOB,
    "reader": READER,
    "key": KEY,
    "operator": OPERATOR,
}


async def find_project(work: Work, project_id: str | None, external_key: str | None) -> str:
    return project_id or PROJECT


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def small(tmp_path: Path) -> AsyncIterator[World]:
    """A world with the frame's tables only: what a protocol is tested with needs no others."""
    world = World.open(f"sqlite+aiosqlite:///{tmp_path}/bursar.db", find_project)
    async with world.engines.writer.begin() as connection:
        await connection.run_sync(metadata.create_all)
    yield world
    await world.close()


@pytest.fixture
async def served(small: World) -> AsyncIterator[Served]:
    async with serving(small, OPERATIONS, CALLERS) as served:
        yield served
