"""One process's way to Redis, which may be away at any time without anybody waiting for it.

A call that fails begins a pause in which every other call fails at once; when it is over, one call
tries, and the others still do not wait for it. What a caller does without Redis is its own choice.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as ConnectionLost
from redis.exceptions import RedisError

from core.kernel.clock import stopwatch

SECONDS_MAX = 0.25
"""What one call may take: Redis answers in a thousandth of it, or is no help."""
PAUSE_SECONDS = 1.0
CONNECTIONS_MAX = 16

T = TypeVar("T")
logger = logging.getLogger(__name__)


class RedisAway(Exception):
    """Redis cannot be reached at present."""


class RedisConnection:
    """Calls Redis, or raises RedisAway soon."""

    def __init__(self, url: str, *, client: Redis | None = None) -> None:
        self._url = url
        self._redis = client or open_client(url, seconds_max=SECONDS_MAX)
        self._away_until: float | None = None

    @property
    def degraded(self) -> bool:
        """Whether the last that was heard of Redis is that it is away."""
        return self._away_until is not None

    async def call(self, command: Callable[[Redis], Awaitable[T]]) -> T:
        """Run a command that takes no longer than a moment. Raises RedisAway instead of waiting."""
        now = stopwatch()
        if self._away_until is not None:
            if now < self._away_until:
                raise RedisAway
            # This call tries whether Redis is back; those that come meanwhile do not wait for it.
            self._away_until = now + PAUSE_SECONDS
        try:
            async with asyncio.timeout(SECONDS_MAX * 2):
                answer = await command(self._redis)
        except (RedisError, OSError, TimeoutError) as error:
            if self._away_until is None:
                logger.warning("Redis is away: %s", type(error).__name__)
            self._away_until = stopwatch() + PAUSE_SECONDS
            raise RedisAway from error
        if self._away_until is not None:
            logger.warning("Redis is back")
            self._away_until = None
        return answer

    async def probe(self) -> None:
        """Return if Redis answers: what readiness asks. Raises RedisAway."""

        async def ask(redis: Redis) -> None:
            await redis.ping()

        await self.call(ask)

    def patient(self) -> Redis:
        """Open a client of its own for commands that wait at the server, such as reading a stream.

        Whoever opens it closes it.
        """
        return open_client(self._url, seconds_max=10)

    async def close(self) -> None:
        await self._redis.aclose()


def open_client(url: str, *, seconds_max: float) -> Redis:
    """Make a client with a bounded pool. A connection that was closed is opened once more."""
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=CONNECTIONS_MAX,
        timeout=seconds_max,
        socket_connect_timeout=min(seconds_max, SECONDS_MAX),
        socket_timeout=seconds_max,
        retry=Retry(NoBackoff(), 1, supported_errors=(ConnectionLost,)),
    )
    return Redis.from_pool(pool)
