"""A database that has usage takes the newer meters, keeps what it has, and what guards it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from migrations import upgrade
from tests import servers

pytestmark = pytest.mark.anyio

BEFORE = "0022"
METER = """
insert into metering_meters (id, key, name, aggregation, unit, price, asset, created_at{more})
values ({id}, '{key}', 'Calls', '{aggregation}', 'call', '0', 'USD/2', {at}{said})
"""
EVENT = """
insert into metering_events (project_id, event_id, meter_id, occurred_at, received_at, position,
    bucket, quantity, properties, content, digest)
values ({id}, '{event_id}', {id}, {at}, {at}, 0, 1, {quantity}, '{{}}', {bytes}, {bytes})
"""
LITERALS = {
    "sqlite": {"id": "x'00000000000000000000000000000001'", "bytes": "x'00'"},
    "postgresql": {"id": "'00000000-0000-0000-0000-000000000001'", "bytes": "'\\x00'"},
}


@pytest.fixture(params=["sqlite", "postgres"])
async def engine(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    if request.param == "sqlite":
        engine = create_async_engine(servers.sqlite_url(tmp_path, migrated=False))
        yield engine
        await engine.dispose()
        return
    # The first makes the roles that own what the second has nothing of.
    async with servers.postgres_url(), servers.postgres_url(migrated=False) as url:
        engine = create_async_engine(url)
        yield engine
        await engine.dispose()


async def say(engine: AsyncEngine, sql: str, **more: Any) -> list[tuple[Any, ...]]:
    literals = LITERALS[engine.dialect.name] | {"at": "'2026-11-20 09:00:00+00:00'"}
    async with engine.begin() as connection:
        result = await connection.execute(text(sql.format(**(literals | more))))
        return [tuple(row) for row in result] if result.returns_rows else []


async def test_a_database_with_usage_takes_newer_meters_and_keeps_what_it_has(
    engine: AsyncEngine,
) -> None:
    def to_before(connection: Connection) -> None:
        command.upgrade(upgrade._config(connection), BEFORE)  # noqa: SLF001 - to stop half-way

    async with engine.begin() as connection:
        await connection.run_sync(to_before)
    await say(engine, METER, key="calls", aggregation="count", more="", said="")
    await say(engine, EVENT, event_id="a", quantity=1)
    with pytest.raises(DBAPIError, match="never_negative"):
        await say(engine, EVENT, event_id="b", quantity=-1)

    async with engine.begin() as connection:
        await connection.run_sync(upgrade.upgrade)

    await say(engine, EVENT, event_id="b", quantity=-1)
    kept = await say(engine, "select event_id, quantity from metering_events order by event_id")
    assert kept == [("a", 1), ("b", -1)]
    assert await say(engine, "select key, per_window from metering_meters") == [("calls", None)]
    for change in ("update metering_events set quantity = 2", "delete from metering_events"):
        with pytest.raises(DBAPIError, match="append-only"):
            await say(engine, change)
    new: dict[str, Any] = {"key": "new", "more": ", per_window", "said": ", null"}
    two = {"id": LITERALS[engine.dialect.name]["id"].replace("1'", "2'")}
    with pytest.raises(DBAPIError, match="aggregation_is_known"):
        await say(engine, METER, aggregation="median", **new | two)
    with pytest.raises(DBAPIError, match="maxima_are_of_a_window"):
        await say(engine, METER, aggregation="bucketed_max", **new | two)
    await say(engine, METER, aggregation="weighted_sum", **new | two)
