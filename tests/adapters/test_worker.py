"""One worker process: it tells, does and seals, with Redis and without, and ends cleanly."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import func, select

from core import messaging
from core.audit import tables
from core.db.work import Database, Work
from core.jobs import tables as job_tables
from core.jobs.worker import DRAIN_SECONDS
from core.kernel.caller import SYSTEM
from core.messaging import Event, Subscription
from mcp_server.settings import load_settings
from mcp_server.wiring import SCHEDULES, opened
from mcp_server.worker import WorkerProcess, write_floods
from tests import servers
from tests.world import World, agent

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[2]
SECONDS_MAX = 20.0
START_SECONDS = 60.0
"""A process imports all of it first, and shares the machine with the other tests."""


@pytest.fixture(params=["local", "redis"])
def redis_setting(request: pytest.FixtureRequest) -> str:
    """Name a Redis, or none."""
    return "" if request.param == "local" else str(request.getfixturevalue("redis_url"))


@asynccontextmanager
async def working(
    tmp_path: Path, redis_url: str, *subscriptions: Subscription
) -> AsyncIterator[Database]:
    """Run a worker process on a database of its own, and see it end when it is told to."""
    settings = load_settings(
        database_url=servers.sqlite_url(tmp_path),
        redis_url=redis_url,
        secrets_dir=tmp_path / "secrets",
    )
    async with opened(settings) as installation:
        stop, process = asyncio.Event(), WorkerProcess(installation, subscriptions)
        running = asyncio.create_task(process.run(stop))
        try:
            yield installation.database
        finally:
            stop.set()
            async with asyncio.timeout(DRAIN_SECONDS + SECONDS_MAX):
                await running


async def test_an_event_reaches_its_consumer_in_a_running_process(
    tmp_path: Path, redis_setting: str
) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()

    async def hear(work: Work, event: Event) -> None:
        heard.put_nowait(event.object_id)

    hearing = Subscription("hearing", ("wallet.*",), hear)
    async with working(tmp_path, redis_setting, hearing) as database:
        async with database.begin(agent()) as work:
            await messaging.publish(work, "wallet.credited", "wal_1", {})
        async with asyncio.timeout(SECONDS_MAX):
            assert await heard.get() == "wal_1"


async def test_every_schedule_is_run_by_a_running_process(tmp_path: Path) -> None:
    jobs = job_tables.jobs.c
    ran = select(func.count()).where(jobs.due_at > jobs.created_at, jobs.error.is_(None))
    async with working(tmp_path, "") as database, asyncio.timeout(SECONDS_MAX):
        count = 0
        while count < len(SCHEDULES):
            await asyncio.sleep(0.05)
            async with database.read(SYSTEM) as work:
                count = (await work.execute(ran)).scalar_one()

    assert count == len(SCHEDULES)


async def test_floods_are_written_each_minute_and_when_told_to_stop(world: World) -> None:
    stop = asyncio.Event()
    writing = asyncio.create_task(write_floods(world.trail, stop))
    for _ in range(1000):
        world.trail.count_flood("key:1", "check_balance", "rate_limited")

    stop.set()
    await writing

    async with world.database.read(SYSTEM) as work:
        [row] = await work.execute(select(tables.events))
    assert (row.action, row.object_id, row.details) == (
        "flood.rate_limited", "check_balance", {"by": "key:1", "times": 1000},
    )  # fmt: skip


async def test_told_to_stop_by_its_orchestrator_the_worker_ends_well(tmp_path: Path) -> None:
    settings = {
        "BURSAR_DATABASE_URL": servers.sqlite_url(tmp_path),
        "BURSAR_SECRETS_DIR": str(tmp_path / "secrets"),
        "PYTHONPATH": str(ROOT),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "mcp_server", "work",
        env=os.environ | settings, cwd=tmp_path, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr
    told = b""
    try:
        async with asyncio.timeout(START_SECONDS):
            while not told.endswith(b"bursar: working\n"):
                line = await process.stderr.readline()
                assert line, f"it ended before it worked: {told.decode()}"
                told += line
        process.send_signal(signal.SIGTERM)
        # What it has begun it finishes, so it may take as long as it gives that.
        async with asyncio.timeout(DRAIN_SECONDS + SECONDS_MAX):
            _, rest = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()

    assert process.returncode == 0, (told + rest).decode()
