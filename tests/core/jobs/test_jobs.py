"""What is left for later is done once, tried again, and buried where people see it."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from core import jobs
from core.db.work import Work
from core.jobs import (
    Job,
    JobContext,
    LeaseLost,
    Retry,
    Runtime,
    Schedule,
    Worker,
    job,
    queue,
    tables,
)
from core.jobs.schedule import next_due
from core.jobs.worker import run_claimed
from core.kernel.caller import SYSTEM
from tests.effects import leave_mark, marks
from tests.world import OPERATOR, PROJECT, START, World, agent

pytestmark = pytest.mark.anyio


@dataclass
class Diary:
    """A job that writes down what it was asked, in its unit, and fails as often as it is told."""

    ran: list[Any] = field(default_factory=list)
    failures: int = 0
    opened: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, work: Work, **arguments: Any) -> None:
        self.ran.append(arguments | {"project": work.found_project_id})
        self.opened.set()
        await leave_mark(work, str(len(self.ran)))
        if self.failures:
            self.failures -= 1
            raise ConnectionError

    def job(self, **options: Any) -> Job:
        return job("diary.write", **options)(self.handle)


def runtime(world: World, *known: Job, **ports: Any) -> Runtime:
    return Runtime(world.database, {each.name: each for each in known}, ports)


async def enqueue(world: World, job_: Job, **options: Any) -> bool:
    async with world.database.begin(agent()) as work:
        return await jobs.enqueue(work, job_, **options)


async def claim(world: World, *known: Job, limit: int = 10) -> list[queue.Claimed]:
    async with world.database.begin(SYSTEM) as work:
        return await queue.claim(work, {each.name: each for each in known}, limit)


async def pages(world: World) -> int:
    return len(await marks(world))


async def buried(world: World) -> list[jobs.Buried]:
    async with world.database.read(SYSTEM) as work:
        return await jobs.buried(work)


async def test_a_job_runs_once_with_its_arguments_for_its_project(world: World) -> None:
    diary = Diary()
    await enqueue(world, diary.job(), page=7, of=["a", {"b": "1.50"}])

    counts = [await jobs.run_due(runtime(world, diary.job())) for _ in range(2)]

    assert counts == [1, 0]
    assert diary.ran == [{"page": 7, "of": ["a", {"b": "1.50"}], "project": PROJECT}]


async def test_a_job_of_a_unit_that_failed_does_not_exist(world: World) -> None:
    diary = Diary()

    async def enqueue_and_fail() -> None:
        async with world.database.begin(OPERATOR) as work:
            await jobs.enqueue(work, diary.job())
            raise LookupError

    with pytest.raises(LookupError):
        await enqueue_and_fail()

    assert await jobs.run_due(runtime(world, diary.job())) == 0


async def test_a_key_names_what_is_to_be_done_and_is_taken_once(world: World) -> None:
    diary = Diary()
    answers = await asyncio.gather(
        *(enqueue(world, diary.job(), key="page 7", page=7) for _ in range(10))
    )
    assert Counter(answers) == {True: 1, False: 9}

    await jobs.run_due(runtime(world, diary.job()))

    assert len(diary.ran) == 1
    assert await enqueue(world, diary.job(), key="page 7", page=7) is False
    world.clock.advance(days=35, seconds=1)
    async with world.database.begin(SYSTEM) as work:
        assert await jobs.forget_old(work) == 1
    assert await enqueue(world, diary.job(), key="page 7", page=7) is True


async def test_a_job_waits_for_its_due_date_and_the_clock_may_move(world: World) -> None:
    diary = Diary()
    await enqueue(world, diary.job(), run_at=START + timedelta(days=31))
    assert await jobs.run_due(runtime(world, diary.job())) == 0

    world.clock.advance(days=31)

    assert await jobs.run_due(runtime(world, diary.job())) == 1


async def test_a_failed_attempt_leaves_nothing_and_the_next_comes_after_a_pause(
    world: World,
) -> None:
    diary = Diary(failures=2)
    write = diary.job(retry=Retry(attempts=3, first_seconds=10, factor=4))
    await enqueue(world, write, page=1)

    pauses = []
    for _ in range(2):
        assert await jobs.run_due(runtime(world, write)) == 1
        assert await pages(world) == 0
        seconds = 0
        while not await is_due(world, write):
            world.clock.advance(seconds=1)
            seconds += 1
        pauses.append(seconds)
    await jobs.run_due(runtime(world, write))

    assert len(diary.ran) == 3
    assert await pages(world) == 1
    assert 5 <= pauses[0] <= 10
    assert 20 <= pauses[1] <= 40


async def is_due(world: World, *known: Job) -> bool:
    async with world.database.read(SYSTEM) as work:
        query = queue.due(work, {each.name: each for each in known})
        return (await work.execute(query)).first() is not None


async def test_a_job_out_of_attempts_is_buried_in_sight_and_may_be_retried(world: World) -> None:
    diary = Diary(failures=2)
    write = diary.job(retry=Retry(attempts=2, first_seconds=1))
    await enqueue(world, write, page=1)
    for _ in range(3):
        await jobs.run_due(runtime(world, write))
        world.clock.advance(hours=1)

    [found] = await buried(world)
    assert (found.name, found.arguments, found.attempt, found.error) == (
        "diary.write", {"page": 1}, 2, "ConnectionError",
    )  # fmt: skip
    assert len(diary.ran) == 2
    async with world.database.read(SYSTEM) as work:
        assert (await jobs.backlog(work)).buried == 1

    async with world.database.begin(SYSTEM) as work:
        assert await jobs.retry_buried(work, found.id)
    assert await jobs.run_due(runtime(world, write)) == 1
    assert await buried(world) == []
    assert await pages(world) == 1


async def test_of_ten_workers_that_claim_at_once_each_job_goes_to_one(world: World) -> None:
    diary = Diary()
    for page in range(25):
        await enqueue(world, diary.job(), page=page)

    claimed = await asyncio.gather(*(claim(world, diary.job(), limit=5) for _ in range(10)))
    # Whoever met another's locks went away with less; what is left is there for the next.
    claimed.append(await claim(world, diary.job(), limit=25))

    ids = [each.id for some in claimed for each in some]
    assert Counter(Counter(ids).values()) == {1: 25}


async def test_a_job_whose_worker_was_killed_is_done_by_another_when_its_lease_ends(
    world: World,
) -> None:
    diary = Diary()
    write = diary.job(lease_seconds=60)
    await enqueue(world, write)
    assert len(await claim(world, write)) == 1  # and here the process dies
    world.clock.advance(seconds=59)
    assert await jobs.run_due(runtime(world, write)) == 0

    world.clock.advance(seconds=1)

    assert await jobs.run_due(runtime(world, write)) == 1
    assert await pages(world) == 1


async def test_a_worker_that_was_stalled_and_overtaken_changes_nothing(world: World) -> None:
    diary = Diary()
    write = diary.job(lease_seconds=60)
    await enqueue(world, write)
    [stalled] = await claim(world, write)
    world.clock.advance(seconds=60)
    assert await jobs.run_due(runtime(world, write)) == 1

    await run_claimed(runtime(world, write), stalled)
    async with world.database.begin(SYSTEM) as work:
        with pytest.raises(LeaseLost):
            await queue.finish(work, stalled)
        with pytest.raises(LeaseLost):
            await queue.fail(work, stalled, write, error="late", jitter=0)

    assert len(diary.ran) == 1
    assert await pages(world) == 1


async def test_a_job_that_kills_its_workers_is_buried(world: World) -> None:
    diary = Diary()
    write = diary.job(retry=Retry(attempts=3), lease_seconds=60)
    await enqueue(world, write)
    for _ in range(3):
        assert len(await claim(world, write)) == 1
        world.clock.advance(seconds=60)

    await jobs.run_due(runtime(world, write))

    assert diary.ran == []
    assert [each.error for each in await buried(world)] == ["WorkersDied"]


async def test_a_job_of_another_release_is_left_to_it(world: World) -> None:
    diary = Diary()
    await enqueue(world, diary.job())

    assert await jobs.run_due(runtime(world, job("other")(diary.handle))) == 0
    assert await jobs.run_due(runtime(world, diary.job())) == 1


async def test_a_job_that_calls_outside_has_no_unit_open_and_the_ports_it_needs(
    world: World,
) -> None:
    sent: list[tuple[Any, ...]] = []

    @job("send", outside=True)
    async def send(context: JobContext, *, page: int) -> None:
        async with context.begin() as work:
            project = work.found_project_id
        # Nothing is open here: on SQLite another writer would otherwise wait for us for ever.
        async with world.database.begin(SYSTEM) as work:
            await leave_mark(work, "1")
        context.port("post")((project, context.job_id, context.attempt, page))

    await enqueue(world, send, page=7)
    assert await jobs.run_due(runtime(world, send, post=sent.append)) == 1

    [(project, job_id, attempt, page)] = sent
    assert (project, attempt, page) == (PROJECT, 1, 7)
    assert job_id.startswith("job_")


async def test_an_overtaken_job_that_calls_outside_cannot_write_what_came_of_it(
    world: World,
) -> None:
    @job("send", outside=True, lease_seconds=60, retry=Retry(attempts=1))
    async def send(context: JobContext) -> None:
        world.clock.advance(seconds=60)
        assert len(await claim(world, send)) == 1
        async with context.begin() as work:
            await leave_mark(work, "1")

    await enqueue(world, send)
    [claimed] = await claim(world, send)
    await run_claimed(runtime(world, send), claimed)

    assert await pages(world) == 0
    assert await buried(world) == []


async def test_a_long_job_keeps_its_lease(world: World) -> None:
    @job("send", outside=True, lease_seconds=0.3)
    async def send(context: JobContext) -> None:
        for _ in range(4):
            world.clock.advance(seconds=0.2)
            await asyncio.sleep(0.25)
            assert await claim(world, send) == []

    await enqueue(world, send)

    assert await jobs.run_due(runtime(world, send)) == 1
    assert await is_due(world, send) is False
    async with world.database.read(SYSTEM) as work:
        assert (await work.execute(select(tables.jobs.c.finished_at))).scalar() is not None


async def test_a_schedule_runs_once_a_period_whoever_installs_it_and_however_often(
    world: World,
) -> None:
    diary = Diary()
    write = diary.job()

    async def install() -> None:
        async with world.database.begin(SYSTEM) as work:
            await jobs.install(work, [Schedule(write, every_seconds=60)])

    await asyncio.gather(*(install() for _ in range(10)))
    counts = []
    for seconds in (0, 0, 59, 1, 600, 0):
        world.clock.advance(seconds=seconds)
        await install()
        counts.append(await jobs.run_due(runtime(world, write)))

    assert counts == [1, 0, 0, 1, 1, 0]


async def test_a_schedule_that_keeps_failing_is_not_buried_and_keeps_its_error(
    world: World,
) -> None:
    diary = Diary(failures=2)
    write = diary.job(retry=Retry(attempts=2, first_seconds=1))
    async with world.database.begin(SYSTEM) as work:
        await jobs.install(work, [Schedule(write, every_seconds=60)])
    for seconds in (0, 2):
        world.clock.advance(seconds=seconds)
        await jobs.run_due(runtime(world, write))
    row = select(tables.jobs.c.error, tables.jobs.c.due_at, tables.jobs.c.attempt)
    async with world.database.read(SYSTEM) as work:
        assert tuple((await work.execute(row)).one()) == (
            "ConnectionError", START + timedelta(seconds=60), 0,
        )  # fmt: skip

    world.clock.advance(seconds=60)

    assert await jobs.run_due(runtime(world, write)) == 1
    async with world.database.read(SYSTEM) as work:
        assert (await work.execute(row)).one().error is None


@pytest.mark.parametrize(
    ("passed", "expected"), [(0, 60), (59.999, 60), (60, 120), (61, 120), (600, 660)]
)
def test_the_next_turn_is_whole_periods_after_the_first(passed: float, expected: int) -> None:
    due = next_due(START, 60, START + timedelta(seconds=passed))

    assert due == START + timedelta(seconds=expected)


async def test_a_running_worker_bounds_what_it_does_at_once_and_finishes_before_it_stops(
    world: World,
) -> None:
    at_once, most, done = 0, 0, []
    go, stop, busy = asyncio.Event(), asyncio.Event(), asyncio.Event()

    @job("wait", outside=True)
    async def wait(context: JobContext, *, number: int) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        if at_once == 2:
            busy.set()
        await go.wait()
        at_once -= 1
        done.append(number)

    for number in range(5):
        await enqueue(world, wait, number=number)
    running = asyncio.create_task(Worker(runtime(world, wait), concurrency=2).run(stop))
    async with asyncio.timeout(10):
        await busy.wait()
        stop.set()
        await asyncio.sleep(0.1)
        assert not running.done()
        go.set()
        await running

    assert most == 2
    assert sorted(done) == [0, 1]
    async with world.database.read(SYSTEM) as work:
        assert (await jobs.backlog(work)).due == 3


async def test_a_running_worker_begins_at_once_what_a_commit_asks_for(world: World) -> None:
    diary, stop = Diary(), asyncio.Event()
    running = asyncio.create_task(Worker(runtime(world, diary.job())).run(stop))
    await asyncio.sleep(0.1)

    await enqueue(world, diary.job())
    async with asyncio.timeout(0.8):  # sooner than it would look by itself
        await diary.opened.wait()
    stop.set()
    await running
    assert await pages(world) == 1
