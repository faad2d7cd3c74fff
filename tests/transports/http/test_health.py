"""What monitors and load balancers are told."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from core.kernel.clock import stopwatch
from mcp_server.http import health
from mcp_server.http.health import Part, Readiness, Unfit
from tests.transports.http.conftest import opened

pytestmark = pytest.mark.anyio


async def well() -> None:
    """Answer."""


async def broken() -> None:
    raise ConnectionRefusedError("redis://:hunter2@10.0.0.9")


async def hanging() -> None:
    await asyncio.sleep(3600)


async def engine(tmp_path: Path, revision: str | None) -> AsyncEngine:
    opened_engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path}/ready.db")
    async with opened_engine.begin() as connection:
        await connection.execute(text("create table alembic_version (version_num text)"))
        if revision:
            query = text("insert into alembic_version values (:revision)")
            await connection.execute(query, {"revision": revision})
    return opened_engine


async def test_health_is_about_the_process_and_asks_nothing_else(tmp_path: Path) -> None:
    async with opened(tmp_path, parts=[Part("database", broken)]) as door:
        answer = await door.as_(None, "GET", "/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_a_process_is_ready_when_every_part_answers(tmp_path: Path) -> None:
    database = await engine(tmp_path, "0003")
    parts = [*health.database(database, "0003"), Part("redis", well, essential=False)]
    async with opened(tmp_path, parts=[*parts, health.memory()]) as door:
        answer = await door.as_(None, "GET", "/readyz")
    await database.dispose()
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ready",
        "parts": {"database": "ok", "migrations": "ok", "redis": "ok", "memory": "ok"},
    }


async def test_without_redis_it_is_degraded_and_stays_in_service(tmp_path: Path) -> None:
    parts = [Part("database", well), Part("redis", broken, essential=False)]
    async with opened(tmp_path, parts=parts) as door:
        answer = await door.as_(None, "GET", "/readyz")
    assert answer.status_code == 200
    expected = {"status": "degraded", "parts": {"database": "ok", "redis": "failed"}}
    assert answer.json() == expected


async def test_without_its_database_it_is_out_of_service(tmp_path: Path) -> None:
    gone = create_async_engine(f"sqlite+aiosqlite:///{tmp_path}/no/such/folder/bursar.db")
    async with opened(tmp_path, parts=health.database(gone, "0003")) as door:
        answer = await door.as_(None, "GET", "/readyz")
    await gone.dispose()
    assert answer.status_code == 503
    expected = {"status": "unavailable", "parts": {"database": "failed", "migrations": "failed"}}
    assert answer.json() == expected


@pytest.mark.parametrize("revision", ["0002", None])
async def test_with_pending_migrations_it_is_out_of_service(
    tmp_path: Path, revision: str | None
) -> None:
    database = await engine(tmp_path, revision)
    async with opened(tmp_path, parts=health.database(database, "0003")) as door:
        answer = await door.as_(None, "GET", "/readyz")
    await database.dispose()
    assert answer.status_code == 503
    assert answer.json()["parts"] == {"database": "ok", "migrations": "pending"}


async def test_parts_that_hang_are_not_waited_for_longer_than_a_tenth_of_a_second() -> None:
    readiness = Readiness([Part(name, hanging) for name in ("one", "two", "three")])
    started = stopwatch()
    answer = await readiness.ask()
    assert stopwatch() - started < 0.1
    assert answer["parts"] == dict.fromkeys(("one", "two", "three"), "too_slow")


async def test_asking_often_costs_the_parts_one_question() -> None:
    asked = []

    async def count() -> None:
        asked.append(1)

    readiness = Readiness([Part("database", count)])
    answers = await asyncio.gather(*(readiness.ask() for _ in range(50)))
    assert len(asked) == 1
    assert {answer["status"] for answer in answers} == {"ready"}


async def test_a_process_that_nearly_fills_its_memory_says_so() -> None:
    with pytest.raises(Unfit, match="nearly_full"):
        await health.memory(limit_bytes=1024 * 1024).probe()
    await health.memory(limit_bytes=1024**4).probe()
