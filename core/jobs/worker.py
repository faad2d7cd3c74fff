"""Do what is due: claim, run, and write down what came of it.

A job that stays inside is marked finished and done in one unit of work, so it happens exactly
once. A job that calls outside works between short units, each of which commits only while the job
is still ours. Whoever dies half-way leaves a lease that runs out, and another worker goes on.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from secrets import SystemRandom
from typing import Any, NamedTuple

from core.db.bell import Bell, listening, wait_for
from core.db.schema import PLATFORM
from core.db.work import Database, Work
from core.jobs import queue
from core.jobs.errors import LeaseLost
from core.jobs.job import Failure, Job
from core.jobs.queue import Claimed
from core.kernel.caller import SYSTEM
from core.kernel.errors import described

CONCURRENCY = 4
LOOK_SECONDS = 1.0
"""How often to look without having heard the bell: a due date came, or another process asked."""
DRAIN_SECONDS = 25.0
"""Shorter than the half minute that orchestrators commonly wait before they kill."""

logger = logging.getLogger(__name__)
_random = SystemRandom()


@dataclass(frozen=True, slots=True)
class Runtime:
    """Everything a worker needs: the database, the jobs it knows, and the ports they may use."""

    database: Database
    jobs: Mapping[str, Job]
    ports: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class JobContext:
    """What a job that calls outside is given instead of a unit of work."""

    database: Database
    job_id: str
    """The same for every attempt: the root of idempotency keys for calls outside."""
    attempt: int
    _ports: Mapping[str, Any]
    _claimed: Claimed
    _jobs: Mapping[str, Job] = field(default_factory=dict)

    def port(self, name: str) -> Any:
        """Return the port that the wiring chose for this name."""
        return self._ports[name]

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Work]:
        """Open a unit that commits only while the job is still ours. Call nothing outside in it."""
        async with self.database.begin(SYSTEM) as work:
            await _bind(work, self._claimed)
            await queue.require(work, self._claimed)
            yield work

    async def run_others(self) -> "Others":
        """Run what else is due of this job's project, and say what that was.

        For a job that must not go on before what it has asked for is done.
        """
        runtime = Runtime(self.database, self._jobs, self._ports)
        ran = 0
        while claimed := await _claim(runtime, 1, beside=self._claimed):
            for each in claimed:
                await run_claimed(runtime, each)
            ran += len(claimed)
        async with self.database.read(SYSTEM) as work:
            return Others(ran, await queue.is_at_work(work, beside=self._claimed))


class Others(NamedTuple):
    """What else of a project was done, and whether another worker is still doing something."""

    ran: int
    is_at_work: bool


async def run_due(runtime: Runtime) -> int:
    """Run everything that is due now, one after the other; return how many runs that took."""
    count = 0
    while claimed := await _claim(runtime, 1):
        for each in claimed:
            await run_claimed(runtime, each)
        count += len(claimed)
    return count


@dataclass(slots=True)
class Worker:
    """Runs due jobs, so many at once, until told to stop; then finishes what it began."""

    runtime: Runtime
    concurrency: int = CONCURRENCY
    _running: set[asyncio.Task[None]] = field(default_factory=set)

    async def run(self, stop: asyncio.Event) -> None:
        with listening(self.runtime.database, Bell.JOB) as ear:
            while not stop.is_set():
                ear.clear()
                begun = await self._begin_due(ear)
                if begun == 0 or len(self._running) >= self.concurrency:
                    await wait_for(ear, stop, seconds=LOOK_SECONDS)
        await self._drain()

    async def _begin_due(self, ear: asyncio.Event) -> int:
        free = self.concurrency - len(self._running)
        try:
            claimed = await _claim(self.runtime, free) if free else []
        except Exception:
            logger.exception("looking for due jobs failed")
            return 0
        for each in claimed:
            task = asyncio.create_task(run_claimed(self.runtime, each))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
            task.add_done_callback(lambda _: ear.set())  # there is room for another
        return len(claimed)

    async def _drain(self) -> None:
        if not self._running:
            return
        _, late = await asyncio.wait(self._running, timeout=DRAIN_SECONDS)
        for task in late:
            # Its unit rolls back and its lease runs out: another worker does it.
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)


async def run_claimed(runtime: Runtime, claimed: Claimed) -> None:
    """Make one attempt, and write down why if it fails."""
    job = runtime.jobs[claimed.name]
    if claimed.attempt > job.retry.attempts:
        await _write_failure(runtime, job, claimed, WorkersDied())
        return
    try:
        await (_run_outside if job.outside else _run_inside)(runtime, job, claimed)
    except LeaseLost:
        logger.warning("job %s %s was taken over by another worker", claimed.name, claimed.id)
    except Exception as error:
        logger.exception("job %s %s failed, attempt %d", job.name, claimed.id, claimed.attempt)
        await _write_failure(runtime, job, claimed, error)


class WorkersDied(Exception):
    """Every attempt ended without a word, so the job itself may be what kills its workers."""


async def _write_failure(runtime: Runtime, job: Job, claimed: Claimed, error: Exception) -> None:
    try:
        async with runtime.database.begin(SYSTEM) as work:
            await _bind(work, claimed)
            text = described(error)
            await queue.fail(work, claimed, job, error=text, jitter=_random.random())
            if job.failed:
                is_last = claimed.attempt >= job.retry.attempts
                failure = Failure(attempt=claimed.attempt, error=text, is_last=is_last)
                await job.failed(work, failure, **claimed.arguments)
    except LeaseLost:
        logger.warning("job %s %s was taken over by another worker", claimed.name, claimed.id)
    except Exception:
        # The database is away. The lease runs out, and the attempt has been counted already.
        logger.exception("the failure of job %s %s could not be written", job.name, claimed.id)


async def _claim(runtime: Runtime, limit: int, beside: Claimed | None = None) -> list[Claimed]:
    async with runtime.database.read(SYSTEM) as work:
        # Looking takes no write lock, which on SQLite an idle worker must not do each second.
        due = queue.due(work, runtime.jobs, beside=beside)
        if (await work.execute(due.limit(1))).first() is None:
            return []
    async with runtime.database.begin(SYSTEM) as work:
        return await queue.claim(work, runtime.jobs, limit, beside=beside)


async def _run_inside(runtime: Runtime, job: Job, claimed: Claimed) -> None:
    async with runtime.database.begin(SYSTEM) as work:
        await _bind(work, claimed)
        # Finished first, then done: the row is ours and locked before anything else is written,
        # and if the doing fails neither has happened.
        await queue.finish(work, claimed)
        await job.handler(work, **claimed.arguments)


async def _run_outside(runtime: Runtime, job: Job, claimed: Claimed) -> None:
    context = JobContext(
        runtime.database, claimed.id, claimed.attempt, runtime.ports, claimed, runtime.jobs
    )
    renewing = asyncio.create_task(_keep(runtime, job, claimed))
    try:
        await job.handler(context, **claimed.arguments)
    finally:
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)
    async with runtime.database.begin(SYSTEM) as work:
        await queue.finish(work, claimed)


async def _keep(runtime: Runtime, job: Job, claimed: Claimed) -> None:
    """Renew the lease while the job runs. When it is lost, the job's next unit will notice."""
    while True:
        await asyncio.sleep(job.lease_seconds / 3)
        try:
            async with runtime.database.begin(SYSTEM) as work:
                await queue.renew(work, claimed, job.lease_seconds)
        except LeaseLost:
            return
        except Exception:
            logger.exception("the lease of job %s %s was not renewed", job.name, claimed.id)


async def _bind(work: Work, claimed: Claimed) -> None:
    work.found_project_id = None if claimed.project_id == PLATFORM else claimed.project_id
    await work.keep_time()
