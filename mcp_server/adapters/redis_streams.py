"""The broker over Redis Streams: one stream, one consumer group, and whatever else reads it.

The stream is kept for days by age, so other systems may read it with groups of their own. It lives
as long as Redis keeps it: run Redis with `appendonly yes` where a lost event would matter.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from core.db.bell import wait_for
from core.db.work import Database
from core.messaging import Event, NotTaken, Subscription
from mcp_server.adapters.local_broker import deliver
from mcp_server.adapters.redis_connection import RedisAway, RedisConnection

STREAM = "bursar:events"
GROUP = "bursar"
KEPT = timedelta(days=7)
BATCH = 100
WAIT_MILLISECONDS = 1000
IDLE_MILLISECONDS = 60_000
"""An event that a reader took so long ago and did not finish is taken by another reader."""
PAUSE_SECONDS = 2.0

logger = logging.getLogger(__name__)


class RedisStreamBroker:
    """Appends events to the stream, under their own ids: a second copy has the same."""

    def __init__(self, database: Database, redis: RedisConnection) -> None:
        self._database = database
        self._redis = redis

    def wants(self, type: str) -> bool:
        """Who reads the stream is not known here: it gets everything."""
        return True

    async def publish(self, events: Sequence[Event]) -> Mapping[str, str]:
        """Append all of them in this order, in one round trip. Raises NotTaken while away."""
        oldest = int((self._database.clock.now() - KEPT).timestamp() * 1000)

        async def append(redis: Redis) -> None:
            pipeline = redis.pipeline(transaction=True)
            for event in events:
                fields: Any = {"id": event.id, "event": encode(event)}
                await pipeline.xadd(STREAM, fields, minid=oldest, approximate=True)
            await pipeline.execute()

        try:
            await self._redis.call(append)
        except RedisAway as error:
            raise NotTaken("Redis is away") from error
        return {}


class RedisStreamReader:
    """One of the group's readers: takes events, has them consumed once, and confirms them."""

    def __init__(
        self,
        database: Database,
        redis: Redis,
        subscriptions: Sequence[Subscription],
        *,
        name: str,
        idle_milliseconds: int = IDLE_MILLISECONDS,
    ) -> None:
        self._database = database
        self._redis = redis
        self._subscriptions = tuple(subscriptions)
        self._name = name
        self._idle_milliseconds = idle_milliseconds

    async def run(self, stop: asyncio.Event) -> None:
        """Read until told to stop; what was taken is finished."""
        while not stop.is_set():
            try:
                await self.read_batch(wait_milliseconds=WAIT_MILLISECONDS)
            except (RedisError, OSError, TimeoutError) as error:
                logger.warning("reading events from Redis failed: %s", type(error).__name__)
                await wait_for(stop, seconds=PAUSE_SECONDS)

    async def read_batch(self, *, wait_milliseconds: int | None = None) -> int:
        """Consume what others left unfinished and what is new; return how many were consumed.

        An event that a consumer failed on is not confirmed. It comes again when it has been idle,
        and a consumer that has seen it already lets it pass.
        """
        try:
            left = await self._take_over()
            return await self._consume(left or await self._take_new(wait_milliseconds))
        except ResponseError as error:
            if "NOGROUP" not in str(error):
                raise
            # Nobody has read yet, or Redis lost the group with its memory.
            await self._make_group()
            return 0

    async def _take_over(self) -> list[Any]:
        answer = await self._redis.xautoclaim(
            STREAM, GROUP, self._name, min_idle_time=self._idle_milliseconds, count=BATCH
        )
        taken: list[Any] = answer[1]
        return taken

    async def _take_new(self, wait_milliseconds: int | None) -> list[Any]:
        answer = await self._redis.xreadgroup(
            GROUP, self._name, {STREAM: ">"}, count=BATCH, block=wait_milliseconds
        )
        # A dict or a list of pairs, by protocol version; here always of the one stream.
        streams: Any = answer.items() if isinstance(answer, dict) else answer
        return [entry for _, entries in streams or () for entry in _flat(entries)]

    async def _consume(self, entries: Sequence[Any]) -> int:
        done = 0
        for entry_id, fields in entries:
            if fields and await self._failed_on(decode(fields[b"event"])):
                continue
            await self._redis.xack(STREAM, GROUP, entry_id)
            done += 1
        return done

    async def _failed_on(self, event: Event) -> bool:
        return await deliver(self._database, self._subscriptions, event) is not None

    async def _make_group(self) -> None:
        try:
            # From the beginning: what was told before anybody read is not lost.
            await self._redis.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise


def encode(event: Event) -> bytes:
    """Write the event as JSON: the words of `Event`, instants in ISO 8601."""
    return orjson.dumps(
        {
            "id": event.id,
            "project_id": event.project_id,
            "type": event.type,
            "object_id": event.object_id,
            "occurred_at": event.occurred_at,
            "data": dict(event.data),
            "invocation_id": event.invocation_id,
        }
    )


def decode(packed: bytes) -> Event:
    told = orjson.loads(packed)
    return Event(**told | {"occurred_at": datetime.fromisoformat(told["occurred_at"])})


def _flat(entries: Any) -> list[Any]:
    """RESP3 wraps the entries of a stream in one more list."""
    return entries[0] if entries and isinstance(entries[0], list) else entries
