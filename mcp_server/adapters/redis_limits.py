"""Rate limits that all processes share: the rule of `core.operations.limits`, run inside Redis.

The instants are Redis's own, so that processes whose clocks differ still agree. While Redis is
away each process keeps its own buckets: limits are then looser, and nobody is turned away for it.
"""

from typing import Any

from redis.asyncio import Redis

from core.operations.limits import MemoryLimiter, Rate, Verdict
from mcp_server.adapters.redis_connection import RedisAway, RedisConnection

PREFIX = "bursar:limit:"

GCRA = """
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local calls, burst = tonumber(ARGV[1]), tonumber(ARGV[2]) * 1000000
local cost = burst / calls
local owed, kept = 0, redis.call('GET', KEYS[1])
if kept then
    local last, then_owed = string.match(kept, '^(%S+) (%S+)$')
    -- A clock that was set back has let no time pass; it has not made the bucket fuller.
    owed = math.max(tonumber(then_owed) - math.max(now - tonumber(last), 0), 0)
end
local asked = owed + cost
local early = asked - burst
if early > cost / 1000 then
    return {0, 0, math.ceil(owed), math.ceil(early)}
end
-- Kept until the bucket is full, when a key that is gone means the same.
kept = string.format('%.0f %.17g', now, asked)
redis.call('SET', KEYS[1], kept, 'PX', math.ceil(asked / 1000) + 1)
return {1, math.floor((burst - asked) / cost + 0.001), math.ceil(asked), 0}
"""


class RedisLimiter:
    """The buckets in Redis, or local ones while it is away."""

    def __init__(self, redis: RedisConnection, local: MemoryLimiter) -> None:
        self._redis = redis
        self._local = local
        self._script: Any = None

    @property
    def degraded(self) -> bool:
        return self._redis.degraded

    async def hit(self, key: str, rate: Rate) -> Verdict:
        """Take one call from the key's bucket, or say when to come again."""
        try:
            answer = await self._redis.call(lambda redis: self._run(redis, key, rate))
        except RedisAway:
            return await self._local.hit(key, rate)
        allowed, remaining, reset_us, retry_us = answer
        return Verdict(
            allowed=bool(allowed),
            limit=rate.calls,
            remaining=remaining,
            reset_after=reset_us / 1_000_000,
            retry_after=retry_us / 1_000_000,
        )

    async def _run(self, redis: Redis, key: str, rate: Rate) -> list[int]:
        # Registered once; it is sent whole only to a server that does not know it yet.
        self._script = self._script or redis.register_script(GCRA)
        answer: list[int] = await self._script(
            keys=[PREFIX + key], args=[rate.calls, rate.seconds], client=redis
        )
        return answer
