"""Every test that asks for a `world` runs once on SQLite and once on a real PostgreSQL."""

import asyncio
import gc
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from hypothesis import HealthCheck, settings

from core.projects import find_project
from tests import servers
from tests.cli import nursery
from tests.compiled import create_sharing_engine
from tests.processes import Child
from tests.world import World

# How long an example takes says more of the machine than of the test.
settings.register_profile("bursar", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("bursar")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
def compiled_once() -> Iterator[None]:
    """Let the engines of all tests share what statements were compiled to."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("core.db.engine.create_async_engine", create_sharing_engine)
        yield


@pytest.fixture(params=["sqlite", "postgres"])
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """Name a fresh, migrated database that nobody else uses."""
    if request.param == "sqlite":
        yield servers.sqlite_url(tmp_path)
    else:
        async with servers.postgres_url() as url:
            yield url


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    owned_by = database_url
    if database_url.startswith("postgresql"):
        owned_by = servers.postgres_owner_url(database_url)
    world = World.open(database_url, find_project, owner_url=owned_by)
    yield world
    await world.close()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Child]:
    """One Redis for all tests of a worker. A test that stops it takes `servers.redis_server()`."""
    with servers.redis_server() as server:
        yield server


@pytest.fixture
def redis_url(redis_server: Child) -> str:
    """Name a Redis with nothing in it."""
    with redis.Redis.from_url(redis_server.url) as client:
        client.flushall()
    return redis_server.url


# -- One PostgreSQL for the whole run -------------------------------------------------------------
#
# With xdist the process that hands out the tests starts the servers and tells its workers where
# they are. Without, they are started by the first test that asks.


def pytest_configure(config: pytest.Config) -> None:
    if joined := getattr(config, "workerinput", {}).get("servers"):
        servers.join(joined)
    elif config.getoption("dist", "no") != "no" and not config.option.collectonly:
        config.stash[_STARTED] = asyncio.run(servers.start())
        # A run that is told to end cleans up as one that is interrupted does.
        signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    node.workerinput["servers"] = node.config.stash[_STARTED]


def pytest_collection_finish(session: pytest.Session) -> None:
    """Leave what was imported out of every later search for garbage: nothing of it is."""
    gc.collect()
    gc.freeze()


def pytest_unconfigure(config: pytest.Config) -> None:
    nursery.close()
    asyncio.run(servers.stop())


_STARTED = pytest.StashKey[str]()
