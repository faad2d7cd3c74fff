"""The cache that all processes share. While Redis is away everything is looked up at its source.

Each process does not keep its own copies meanwhile: nobody could tell it to forget one.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import orjson
from redis.asyncio import Redis

from mcp_server.adapters.redis_connection import RedisAway, RedisConnection

PREFIX = "bursar:cache:"


class RedisCache:
    """Keeps JSON under `bursar:cache:<kind>:<key>` for the lifetime of its kind, in seconds."""

    def __init__(self, redis: RedisConnection, lifetimes: Mapping[str, float]) -> None:
        self._redis = redis
        self._lifetimes = lifetimes

    async def get(self, kind: str, key: str) -> Any:
        async def read(redis: Redis) -> Any:
            return await redis.get(_name(kind, key))

        try:
            kept = await self._redis.call(read)
        except RedisAway:
            return None
        return None if kept is None else orjson.loads(kept)

    async def put(self, kind: str, key: str, value: Any) -> None:
        milliseconds = int(self._lifetimes[kind] * 1000)

        async def write(redis: Redis) -> None:
            await redis.set(_name(kind, key), orjson.dumps(value), px=milliseconds)

        with suppress(RedisAway):
            await self._redis.call(write)

    async def forget(self, kind: str, key: str) -> None:
        """Drop it. If Redis is away the entry lives on until its lifetime ends, and no longer."""

        async def drop(redis: Redis) -> None:
            await redis.delete(_name(kind, key))

        with suppress(RedisAway):
            await self._redis.call(drop)


def _name(kind: str, key: str) -> str:
    return f"{PREFIX}{kind}:{key}"
