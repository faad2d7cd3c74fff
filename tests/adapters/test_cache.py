"""One suite for every cache: in memory, in an imitation of Redis, and in a real one."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import fakeredis
import pytest

from core.operations import cache
from core.operations.cache import Cache, MemoryCache
from mcp_server.adapters.redis_cache import RedisCache
from mcp_server.adapters.redis_connection import RedisConnection
from tests import servers
from tests.world import FrozenClock

pytestmark = pytest.mark.anyio

LIFETIMES = {"short": 0.2, "long": 3600.0}


@dataclass
class Cached:
    """A cache, and how time passes for it."""

    cache: Cache
    wait: Callable[[float], Awaitable[None]]


@pytest.fixture(params=["memory", "imitation", "redis"])
async def cached(request: pytest.FixtureRequest) -> AsyncIterator[Cached]:
    if request.param == "memory":
        clock = FrozenClock()

        async def pass_time(seconds: float) -> None:
            clock.advance(seconds=seconds)

        yield Cached(MemoryCache(clock, LIFETIMES), pass_time)
        return
    if request.param == "imitation":
        connection = RedisConnection("redis://imitation", client=fakeredis.FakeAsyncRedis())
    else:
        connection = RedisConnection(request.getfixturevalue("redis_url"))
    yield Cached(RedisCache(connection, LIFETIMES), asyncio.sleep)
    await connection.close()


async def test_what_was_put_is_there_until_it_is_forgotten(cached: Cached) -> None:
    assert await cached.cache.get("long", "a") is None
    await cached.cache.put("long", "a", {"n": [1, "2.50", None]})
    assert await cached.cache.get("long", "a") == {"n": [1, "2.50", None]}

    await cached.cache.forget("long", "a")

    assert await cached.cache.get("long", "a") is None


async def test_every_kind_has_its_lifetime_and_its_own_keys(cached: Cached) -> None:
    await cached.cache.put("short", "a", 1)
    await cached.cache.put("long", "a", 2)
    assert [await cached.cache.get(kind, "a") for kind in LIFETIMES] == [1, 2]

    await cached.wait(0.25)

    assert [await cached.cache.get(kind, "a") for kind in LIFETIMES] == [None, 2]


async def test_beyond_its_room_memory_forgets_what_was_asked_for_longest_ago(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cache, "ENTRIES_MAX", 2)
    memory = MemoryCache(FrozenClock(), LIFETIMES)
    await memory.put("long", "a", 1)
    await memory.put("long", "b", 2)
    await memory.get("long", "a")

    await memory.put("long", "c", 3)

    assert [await memory.get("long", key) for key in "abc"] == [1, None, 3]


async def test_without_redis_there_is_nothing_to_remember_and_no_error() -> None:
    with servers.redis_server() as server:
        connection = RedisConnection(server.url)
        shared = RedisCache(connection, LIFETIMES)
        await shared.put("long", "a", 1)
        server.stop()

        await shared.put("long", "b", 1)
        await shared.forget("long", "a")

        assert await shared.get("long", "a") is None
        assert connection.degraded
        await connection.close()
