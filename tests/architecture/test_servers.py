"""The ground that tests stand on: fresh databases, and a role that owns nothing."""

from pathlib import Path

import pytest
import redis
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from tests import servers
from tests.servers import postgres_owner_url, postgres_url, sqlite_url

pytestmark = pytest.mark.anyio


async def run(url: str, *statements: str) -> object:
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.begin() as connection:
        results = [await connection.execute(text(each)) for each in statements]
        answer = results[-1].scalar_one() if results[-1].returns_rows else None
    await engine.dispose()
    return answer


async def test_what_one_test_writes_no_other_test_finds(tmp_path: Path) -> None:
    lease = "insert into jobs_leases values ('sweep', 'here', 1, '2026-11-20 09:00:00+00')"
    async with postgres_url() as one, postgres_url() as other:
        here, there = sqlite_url(tmp_path), sqlite_url(tmp_path)
        for written, untouched in ((one, other), (here, there)):
            await run(written, lease)

            assert await run(written, "select count(*) from jobs_leases") == 1
            assert await run(untouched, "select count(*) from jobs_leases") == 0


@pytest.mark.parametrize(
    "attempt",
    [
        "alter table audit_events disable trigger all",
        "drop trigger audit_events_append_only on audit_events",
        "truncate audit_events",
        "drop table audit_events",
        "delete from audit_events",
        "create table smuggled (id int)",
    ],
)
async def test_the_engine_runs_as_a_role_that_cannot_undo_append_only(attempt: str) -> None:
    async with postgres_url() as url:
        with pytest.raises(ProgrammingError, match=r"must be owner|permission denied"):
            await run(url, attempt)


async def test_the_owner_of_the_tables_is_another_role() -> None:
    async with postgres_url() as url:
        owner = "select tableowner from pg_tables where tablename = 'audit_events'"

        assert await run(url, owner) == await run(postgres_owner_url(url), "select current_user")
        assert await run(url, owner) != await run(url, "select current_user")


def test_a_redis_can_go_away_and_come_back() -> None:
    with servers.redis_server() as server:
        client = redis.Redis.from_url(server.url)
        assert client.ping()
        server.stop()
        with pytest.raises(redis.ConnectionError):
            client.ping()
        server.start()
        assert client.ping()
        client.close()
