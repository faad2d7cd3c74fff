"""Do a job at once, in the process that asked for it, because somebody waits for what comes of it.

The row is claimed like any other, so of all processes one does it; whoever does not waits until it
is done. A process that dies leaves a lease that runs out, and a worker goes on. Nothing here makes
sure that the job is done: that its row was committed does.
"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto
from typing import Any

from sqlalchemy import select, update

from core.db.work import Work
from core.jobs import tables
from core.jobs.job import Job
from core.jobs.queue import Claimed, claimed_of, enqueue
from core.jobs.worker import Runtime, run_claimed
from core.kernel.caller import SYSTEM
from core.kernel.clock import stopwatch

SECONDS_MAX = 20.0
"""Whoever waits longer is told how far it is. The job goes on."""
LOOK_SECONDS = 0.05
LOOK_SECONDS_MAX = 0.5

logger = logging.getLogger(__name__)
_begun: set[asyncio.Task[None]] = set()


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """A job that somebody waits for: which one, under which key, for which project."""

    job: Job
    key: str
    project_id: str
    arguments: Mapping[str, Any]


class _Place(Enum):
    """Where an errand stands that is not ours to do."""

    OVER = auto()
    """Finished, buried, or waiting for its next attempt: there is nothing to wait for."""
    ELSEWHERE = auto()
    """Somebody is at it."""


async def run_now(runtime: Runtime, errand: Errand, *, seconds: float = SECONDS_MAX) -> None:
    """Do the errand, or wait for whoever does it. Return when it is over, or the time is.

    It is asked for first if nobody has. What fails is written down and tried again later, as with
    any job; here nothing is raised, because whoever asked reads what came of it.
    """
    until, pause = stopwatch() + seconds, LOOK_SECONDS
    try:
        while isinstance(place := await _claim(runtime, errand), _Place):
            if place is _Place.OVER or stopwatch() + pause > until:
                return
            await asyncio.sleep(pause)
            pause = min(2 * pause, LOOK_SECONDS_MAX)
    except Exception:
        logger.exception("job %s %s could not be hastened", errand.job.name, errand.key)
        return
    # It is not cut off when the time is over: what was asked outside may be about to be answered.
    task = asyncio.create_task(run_claimed(runtime, place))
    _begun.add(task)
    task.add_done_callback(_begun.discard)
    await asyncio.wait({task}, timeout=max(0.0, until - stopwatch()))


async def finish_hastened() -> None:
    """Wait for what goes on though nobody waits for it, before what it stands on is closed."""
    while _begun:
        await asyncio.gather(*_begun, return_exceptions=True)


async def _claim(runtime: Runtime, errand: Errand) -> Claimed | _Place:
    async with runtime.database.read(SYSTEM) as work:
        # Looking takes no write lock, and whoever waits looks often.
        seen = (await work.execute(_row(errand))).one_or_none()
    if seen is not None and (place := _place(work, seen)):
        return place
    async with runtime.database.begin(SYSTEM) as work:
        if seen is None:
            asker = work.within(errand.project_id)
            await enqueue(asker, errand.job, key=errand.key, **errand.arguments)
        row = (await work.execute(_row(errand).with_for_update())).one()
        if place := _place(work, row):
            return place
        return await _lease(work, claimed_of(row), errand.job)


async def _lease(work: Work, claimed: Claimed, job: Job) -> Claimed:
    change = update(tables.jobs).where(tables.jobs.c.id == claimed.id)
    lease_until = work.real_now + timedelta(seconds=job.lease_seconds)
    ours = {"attempt": claimed.attempt, "lease_token": claimed.token, "lease_until": lease_until}
    await work.execute(change.values(ours))
    return claimed


def _row(errand: Errand) -> Any:
    job = tables.jobs.c
    return select(tables.jobs).where(job.name == errand.job.name, job.key == errand.key)


def _place(work: Work, row: Any) -> _Place | None:
    """Say where the job stands; None when it may be claimed."""
    if row.finished_at is not None or row.buried_at is not None:
        return _Place.OVER
    if row.lease_until is not None and row.lease_until > work.real_now:
        return _Place.ELSEWHERE
    return _Place.OVER if row.due_at > work.real_now else None
