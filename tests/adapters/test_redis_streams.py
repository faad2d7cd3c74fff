"""Events go over a Redis stream at least once, and have their effects exactly once."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import fakeredis
import pytest
from redis.asyncio import Redis

from core import messaging
from core.db.work import Work
from core.kernel.caller import SYSTEM
from core.kernel.ids import compose
from core.messaging import Event, NotTaken, Relay, Subscription
from core.messaging.relay import LEASE_SECONDS, claim
from mcp_server.adapters.redis_connection import RedisConnection
from mcp_server.adapters.redis_streams import (
    GROUP,
    KEPT,
    STREAM,
    RedisStreamBroker,
    RedisStreamReader,
    decode,
    encode,
)
from tests import servers
from tests.effects import leave_mark, marks
from tests.world import PROJECT, START, World, agent

pytestmark = pytest.mark.anyio


@dataclass
class Consumer:
    """Counts what it was given, in the unit that says it was consumed; may be told to fail."""

    seen: list[str] = field(default_factory=list)
    told: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    failures: int = 0

    async def handle(self, work: Work, event: Event) -> None:
        self.seen.append(event.object_id)
        self.told.put_nowait(event.object_id)
        await leave_mark(work, f"{event.id}:{len(self.seen)}")
        if self.failures:
            self.failures -= 1
            raise ConnectionError


@dataclass
class Wired:
    """A world with a stream: what is published there, and who reads it."""

    world: World
    redis: Redis
    connection: RedisConnection
    consumer: Consumer = field(default_factory=Consumer)

    async def publish(self, *object_ids: str) -> None:
        for object_id in object_ids:
            async with self.world.database.begin(agent()) as work:
                await messaging.publish(work, "wallet.credited", object_id, {"n": "1"})

    async def relay(self) -> int:
        broker = RedisStreamBroker(self.world.database, self.connection)
        return await Relay(self.world.database, broker).relay_batch()

    def reader(self, name: str = "ada", *, idle_milliseconds: int = 60_000) -> RedisStreamReader:
        subscription = Subscription("consumer", ("wallet.*",), self.consumer.handle)
        return RedisStreamReader(
            self.world.database,
            self.redis,
            [subscription],
            name=name,
            idle_milliseconds=idle_milliseconds,
        )

    async def effects(self) -> int:
        return len(await marks(self.world))

    async def unconfirmed(self) -> int:
        return int((await self.redis.xpending(STREAM, GROUP))["pending"])


@pytest.fixture(params=["imitation", "redis"])
async def wired(request: pytest.FixtureRequest, world: World) -> AsyncIterator[Wired]:
    client: Redis
    if request.param == "imitation":
        client = fakeredis.FakeAsyncRedis()
        connection = RedisConnection("redis://imitation", client=client)
    else:
        connection = RedisConnection(request.getfixturevalue("redis_url"))
        client = connection.patient()
    yield Wired(world, client, connection)
    await client.aclose()
    await connection.close()


async def test_events_arrive_in_order_and_are_confirmed(wired: Wired) -> None:
    await wired.publish("wal_1", "wal_2", "wal_3")
    await wired.relay()
    reader = wired.reader()

    counts = [await reader.read_batch() for _ in range(3)]

    assert counts == [0, 3, 0]  # the first look makes the group
    assert wired.consumer.seen == ["wal_1", "wal_2", "wal_3"]
    assert await wired.unconfirmed() == 0


async def test_a_relay_that_died_before_it_could_mark_sends_again_and_one_effect_remains(
    wired: Wired,
) -> None:
    await wired.publish("wal_1")
    broker = RedisStreamBroker(wired.world.database, wired.connection)
    async with wired.world.database.begin(SYSTEM) as work:
        claimed = await claim(work)
    await broker.publish([each.event for each in claimed])  # and here the process dies
    wired.world.clock.advance(seconds=LEASE_SECONDS)
    await wired.relay()
    assert await wired.redis.xlen(STREAM) == 2

    for _ in range(3):
        await wired.reader().read_batch()

    assert await wired.effects() == 1
    assert await wired.unconfirmed() == 0


async def test_what_a_reader_took_and_never_confirmed_another_takes_over(wired: Wired) -> None:
    await wired.publish("wal_1")
    await wired.relay()
    await wired.reader().read_batch()
    await wired.redis.xreadgroup(GROUP, "dead", {STREAM: ">"})
    assert await wired.reader().read_batch() == 0
    assert await wired.unconfirmed() == 1
    await asyncio.sleep(0.02)

    assert await wired.reader(idle_milliseconds=10).read_batch() == 1

    assert wired.consumer.seen == ["wal_1"]
    assert await wired.unconfirmed() == 0


async def test_an_event_that_its_consumer_failed_on_comes_again_and_has_one_effect(
    wired: Wired,
) -> None:
    wired.consumer.failures = 1
    await wired.publish("wal_1", "wal_2")
    await wired.relay()
    reader = wired.reader(idle_milliseconds=10)
    await reader.read_batch()
    assert await reader.read_batch() == 1
    assert (await wired.effects(), await wired.unconfirmed()) == (1, 1)
    await asyncio.sleep(0.02)

    assert await reader.read_batch() == 1

    assert wired.consumer.seen == ["wal_1", "wal_2", "wal_1"]
    assert (await wired.effects(), await wired.unconfirmed()) == (2, 0)


async def test_of_ten_readers_each_event_has_its_effect_once(wired: Wired) -> None:
    await wired.publish(*(f"wal_{n}" for n in range(20)))
    await wired.relay()
    await asyncio.gather(*(wired.reader(f"reader {n}").read_batch() for n in range(10)))

    for _ in range(2):
        await asyncio.gather(
            *(wired.reader(f"reader {n}", idle_milliseconds=0).read_batch() for n in range(10))
        )

    assert sorted(wired.consumer.seen) == sorted(f"wal_{n}" for n in range(20))
    assert await wired.unconfirmed() == 0


async def test_events_older_than_a_week_leave_the_stream(wired: Wired) -> None:
    old = int((START - KEPT).timestamp() * 1000) - 1
    for n in range(500):  # trimming is by whole nodes of a hundred entries
        await wired.redis.xadd(STREAM, {"id": "old"}, id=f"{old}-{n + 1}")
    await wired.publish("wal_1")

    await wired.relay()

    assert await wired.redis.xlen(STREAM) <= 100


async def test_a_running_reader_survives_that_its_group_is_gone_and_stops_when_told(
    wired: Wired,
) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(wired.reader().run(stop))
    await wired.publish("wal_1")
    await wired.relay()
    async with asyncio.timeout(10):
        await wired.consumer.told.get()
        await wired.redis.delete(STREAM)
        await wired.publish("wal_2")
        await wired.relay()
        await wired.consumer.told.get()
        stop.set()
        await running

    assert wired.consumer.seen == ["wal_1", "wal_2"]


async def test_while_redis_is_away_events_wait_in_the_outbox(world: World) -> None:
    with servers.redis_server() as server:
        connection = RedisConnection(server.url)
        wired = Wired(world, connection.patient(), connection)
        server.stop()
        await wired.publish("wal_1")

        assert await wired.relay() == 1
        async with world.database.read(SYSTEM) as work:
            assert (await messaging.backlog(work)).failing == 1
        with pytest.raises(NotTaken):
            await RedisStreamBroker(world.database, connection).publish([])

        await wired.redis.aclose()
        await connection.close()


def test_an_event_is_the_same_after_its_journey() -> None:
    event = Event(
        id=compose("evt", 1),
        project_id=PROJECT,
        type="wallet.credited",
        object_id="wal_1",
        occurred_at=START,
        data={"amount": "1.00", "tags": ["a", None]},
        invocation_id=compose("inv", 1),
    )

    assert decode(encode(event)) == event
