"""One suite for every limiter: in memory, in an imitation of Redis, and in a real one."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import fakeredis
import pytest

from core.kernel.clock import stopwatch
from core.operations.limits import MemoryLimiter, Rate, RateLimiter, Verdict
from mcp_server.adapters import redis_connection
from mcp_server.adapters.redis_connection import RedisAway, RedisConnection
from mcp_server.adapters.redis_limits import RedisLimiter
from tests import servers
from tests.world import FrozenClock

pytestmark = pytest.mark.anyio

FIVE = Rate(calls=5, seconds=4)
"""Slow enough that a machine that is busy with other tests does not let a share of it pass."""


@dataclass
class Limited:
    """A limiter, and how time passes for it."""

    limiter: RateLimiter
    wait: Callable[[float], Awaitable[None]]

    async def hit(self, key: str = "ada", rate: Rate = FIVE) -> Verdict:
        return await self.limiter.hit(key, rate)

    async def allowed(self, times: int, rate: Rate = FIVE) -> int:
        return sum([(await self.hit(rate=rate)).allowed for _ in range(times)])


@pytest.fixture(params=["memory", "imitation", "redis"])
async def limited(request: pytest.FixtureRequest) -> AsyncIterator[Limited]:
    if request.param == "memory":
        clock = FrozenClock()

        async def pass_time(seconds: float) -> None:
            clock.advance(seconds=seconds)

        yield Limited(MemoryLimiter(clock), pass_time)
        return
    if request.param == "imitation":
        connection = RedisConnection("redis://imitation", client=fakeredis.FakeAsyncRedis())
    else:
        connection = RedisConnection(request.getfixturevalue("redis_url"))
    # A local limiter that refuses everything shows that none of the answers came from it.
    yield Limited(RedisLimiter(connection, Unused(FrozenClock())), asyncio.sleep)
    await connection.close()


class Unused(MemoryLimiter):
    async def hit(self, key: str, rate: Rate) -> Verdict:
        raise AssertionError("Redis is there")


async def test_a_whole_burst_is_allowed_and_then_nothing(limited: Limited) -> None:
    verdicts = [await limited.hit(rate=Rate(calls=3, seconds=3600)) for _ in range(5)]

    assert [each.allowed for each in verdicts] == [True, True, True, False, False]
    assert [each.remaining for each in verdicts] == [2, 1, 0, 0, 0]
    assert {each.limit for each in verdicts} == {3}
    assert [round(each.reset_after, -1) for each in verdicts] == [1200, 2400, 3600, 3600, 3600]
    assert [round(each.retry_after, -1) for each in verdicts] == [0, 0, 0, 1200, 1200]


async def test_a_call_comes_back_with_each_share_of_the_time(limited: Limited) -> None:
    assert await limited.allowed(6) == 5

    await limited.wait(0.84)
    verdicts = [await limited.hit(), await limited.hit()]

    assert [each.allowed for each in verdicts] == [True, False]
    assert 0 < verdicts[1].retry_after <= 0.8


async def test_refused_calls_cost_nothing(limited: Limited) -> None:
    await limited.allowed(5)
    assert await limited.allowed(50) == 0

    await limited.wait(4.04)

    assert await limited.allowed(6) == 5


async def test_retry_after_is_when_a_call_is_allowed_again(limited: Limited) -> None:
    await limited.allowed(5)
    refused = await limited.hit()

    await limited.wait(refused.retry_after + 0.001)

    assert (await limited.hit()).allowed


async def test_a_clock_that_is_set_back_turns_nobody_away() -> None:
    clock = FrozenClock()
    limited = Limited(MemoryLimiter(clock), asyncio.sleep)
    await limited.hit()

    clock.advance(hours=-1)

    assert await limited.allowed(5) == 4
    clock.advance(seconds=4)
    assert await limited.allowed(6) == 5


async def test_every_key_has_its_own_bucket(limited: Limited) -> None:
    await limited.allowed(5)

    assert not (await limited.hit("ada")).allowed
    assert (await limited.hit("bob")).allowed


async def test_of_fifty_calls_at_once_the_burst_is_allowed_and_no_more(limited: Limited) -> None:
    rate = Rate(calls=20, seconds=3600)

    verdicts = await asyncio.gather(*(limited.hit(rate=rate) for _ in range(50)))

    assert Counter(each.allowed for each in verdicts) == {True: 20, False: 30}
    assert sorted(each.remaining for each in verdicts if each.allowed) == list(range(20))


@pytest.mark.parametrize("calls", [7, 300, 1000])
async def test_binary_fractions_take_no_call_from_a_burst_and_add_none(
    limited: Limited, calls: int
) -> None:
    assert await limited.allowed(calls + 3, Rate(calls=calls, seconds=36_000)) == calls


async def test_without_redis_local_buckets_limit_and_nobody_waits_for_it() -> None:
    with servers.redis_server() as server:
        connection = RedisConnection(server.url)
        limiter = RedisLimiter(connection, MemoryLimiter(FrozenClock()))
        assert (await limiter.hit("ada", FIVE)).allowed
        before = limiter.degraded
        server.stop()

        began = stopwatch()
        verdicts = [await limiter.hit("ada", FIVE) for _ in range(200)]
        seconds = stopwatch() - began

    assert Counter(each.allowed for each in verdicts) == {True: 5, False: 195}
    assert (before, limiter.degraded) == (False, True)
    assert seconds < 2 * redis_connection.SECONDS_MAX
    with pytest.raises(RedisAway):
        await connection.probe()
    await connection.close()


async def test_when_redis_is_back_it_limits_again_within_moments() -> None:
    with servers.redis_server() as server:
        connection = RedisConnection(server.url)
        limiter = RedisLimiter(connection, MemoryLimiter(FrozenClock()))
        server.stop()
        assert (await limiter.hit("ada", FIVE)).allowed
        without = limiter.degraded
        server.start()

        await asyncio.sleep(redis_connection.PAUSE_SECONDS + 0.05)
        verdict = await limiter.hit("ada", FIVE)
        await connection.probe()

        assert (without, limiter.degraded) == (True, False)
        assert verdict.remaining == 4  # the shared bucket is full, the local one was not
        await connection.close()


async def test_a_redis_that_takes_calls_and_never_answers_is_left_alone_soon() -> None:
    stalled = await asyncio.start_server(_never_answer, "127.0.0.1", 0)
    port = stalled.sockets[0].getsockname()[1]
    connection = RedisConnection(f"redis://127.0.0.1:{port}/0")
    limiter = RedisLimiter(connection, MemoryLimiter(FrozenClock()))

    began = stopwatch()
    verdicts = await asyncio.gather(*(limiter.hit("ada", FIVE) for _ in range(100)))
    seconds = stopwatch() - began

    assert Counter(each.allowed for each in verdicts) == {True: 5, False: 95}
    assert seconds < 4 * redis_connection.SECONDS_MAX
    began = stopwatch()
    await limiter.hit("bob", FIVE)
    assert stopwatch() - began < 0.05
    await connection.close()
    stalled.close()


async def _never_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await reader.read(1000):
        pass
    writer.close()


@pytest.mark.parametrize("calls", [1, 7, 300, 1200, 60_000])
async def test_in_a_minute_without_time_exactly_the_burst_is_allowed(calls: int) -> None:
    limiter = MemoryLimiter(FrozenClock())

    verdicts = [await limiter.hit("ada", Rate(calls, 60)) for _ in range(calls + 5)]

    assert Counter(each.allowed for each in verdicts) == {True: calls, False: 5}
