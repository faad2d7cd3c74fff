"""The same usage events into a bare table of PostgreSQL: what is left when all we do is taken away.

One connection, a thousand rows and a commit at a time; rows are made before they are timed.
"""

import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from math import ceil
from typing import Any
from uuid import UUID

from benchmarks.events import Events
from benchmarks.ground import connect
from benchmarks.ingestion import EVENTS_A_SECOND, HTTP_BATCH
from benchmarks.sample import Measure, Sample

PROJECT, METER_ID = UUID(int=1), UUID(int=2)
COLUMNS = ("project_id", "event_id", "meter_id", "occurred_at", "quantity", "properties")
TABLE = """
create table {name} (
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
insert into inserted
select $1, e.id, $2, e.at, e.quantity, e.properties
from unnest($3::text[], $4::timestamptz[], $5::bigint[], $6::jsonb[])
    as e (id, at, quantity, properties)
on conflict do nothing
returning event_id
"""
Row = tuple[str, datetime, int, str]
FASTEST = 2.5
"""Rows are made for a table that is so many times as fast as a server; after them a round ends."""


@asynccontextmanager
async def raw_insert(url: str) -> AsyncIterator[Measure]:
    """Make the bare table, and lend what fills it by one statement that drops duplicates."""
    connection = await _with_table(url, "inserted")
    insert, events = await connection.prepare(INSERT), Events("raw", HTTP_BATCH)

    async def send(batch: list[Any], sample: Sample) -> None:
        inserted = await insert.fetch(PROJECT, METER_ID, *batch)
        if len(inserted) != events.accepted:
            sample.fail(f"{len(inserted)} events were inserted")

    yield _filled(lambda: [list(column) for column in zip(*events.rows(), strict=True)], send)
    await connection.close()


@asynccontextmanager
async def raw_copy(url: str) -> AsyncIterator[Measure]:
    """Make the bare table, and lend what fills it by COPY, which can drop no duplicates."""
    connection = await _with_table(url, "copied")
    events = Events("copy", HTTP_BATCH)

    async def send(batch: list[Any], sample: Sample) -> None:
        told = await connection.copy_records_to_table("copied", records=batch, columns=COLUMNS)
        if told != f"COPY {len(batch)}":
            sample.fail(told)

    yield _filled(
        lambda: [
            (PROJECT, id_, METER_ID, at, quantity, properties)
            for id_, at, quantity, properties in events.fresh_rows()
        ],
        send,
    )
    await connection.close()


async def _with_table(url: str, table: str) -> Any:
    connection = await connect(url)
    await connection.execute(TABLE.format(name=table))
    return connection


def _filled(
    new_batch: Callable[[], list[Any]], send: Callable[[list[Any], Sample], Awaitable[None]]
) -> Measure:
    ready: deque[list[Any]] = deque()

    async def measure(seconds: float) -> Sample:
        wanted = ceil(EVENTS_A_SECOND * FASTEST * seconds / HTTP_BATCH)
        while len(ready) < wanted:
            ready.append(new_batch())
        sample, start = Sample(), time.perf_counter()
        while ready and (began := time.perf_counter()) < start + seconds:
            await send(ready.popleft(), sample)
            sample.latencies.append(time.perf_counter() - began)
            sample.count += HTTP_BATCH
        sample.seconds = time.perf_counter() - start
        return sample

    return measure
