"""The same usage events, twice: through our HTTP API, and into a bare table by one statement."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import asyncpg
import orjson
from sqlalchemy import make_url

from benchmarks.ground import RAW_DATABASE, url_of
from benchmarks.load import Load
from benchmarks.sample import Measure, Sample, repeat
from core.kernel.clock import SystemClock
from tests.processes import Child

BATCH = 1_000
DUPLICATES = 50
CONNECTIONS = 4
METER = "bench_tokens"
PROJECT, METER_ID = UUID(int=1), UUID(int=2)

TABLE = """
create table events (
    project_id uuid not null,
    event_id text not null,
    meter_id uuid not null,
    occurred_at timestamptz not null,
    quantity bigint not null,
    properties jsonb not null,
    primary key (project_id, event_id)
)
"""
INSERT = """
insert into events
select $1, e.id, $2, e.at, e.quantity, e.properties
from unnest($3::text[], $4::timestamptz[], $5::bigint[], $6::jsonb[])
    as e (id, at, quantity, properties)
on conflict do nothing
returning event_id
"""


class Events:
    """Batches of events of which some are sent twice in the same batch."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._start = SystemClock().now().astimezone(UTC) - timedelta(hours=1)

    def batch(self) -> list[dict[str, Any]]:
        fresh = [self._event(next(self._numbers)) for _ in range(BATCH - DUPLICATES)]
        return fresh + fresh[:: len(fresh) // DUPLICATES][:DUPLICATES]

    def _event(self, number: int) -> dict[str, Any]:
        return {
            "event_id": f"bench-{number:012}",
            "meter_key": METER,
            "occurred_at": (self._start + timedelta(milliseconds=number % 3_000_000)).isoformat(),
            "properties": {"model": "large", "region": "eu-1", "tokens": number % 5000 + 1},
        }


def through_http(port: int, project_id: str, key: str) -> Load:
    events = Events()
    return Load(
        port=port,
        path=f"/v1/projects/{project_id}/usage",
        headers={"authorization": f"Bearer {key}", "accept": "application/json"},
        connections=CONNECTIONS,
        new_body=lambda: orjson.dumps({"events": events.batch()}),
        check=_wrong,
        worth=BATCH,
    )


def _wrong(status: int, body: bytes) -> str:
    if status != 202:
        return f"{status} {body.decode()}"
    told = orjson.loads(body)
    right = told["accepted"] == BATCH - DUPLICATES and told["duplicate"] == DUPLICATES
    return "" if right else body.decode()


async def raw_insert(server: Child) -> Measure:
    """Make the bare table, and return what fills it, a batch and a commit at a time."""
    url = make_url(url_of(server, RAW_DATABASE))
    host = str(url.query["host"])
    connection = await asyncpg.connect(host=host, user=url.username, database=url.database)
    await connection.execute(TABLE)
    insert, events = await connection.prepare(INSERT), Events()

    async def once(sample: Sample) -> int:
        batch = events.batch()
        inserted = await insert.fetch(
            PROJECT,
            METER_ID,
            [each["event_id"] for each in batch],
            [datetime.fromisoformat(each["occurred_at"]) for each in batch],
            [each["properties"]["tokens"] for each in batch],
            [orjson.dumps(each["properties"]).decode() for each in batch],
        )
        if len(inserted) != BATCH - DUPLICATES:
            sample.fail(f"{len(inserted)} events were inserted")
        return BATCH

    return lambda seconds: repeat(seconds, once)
