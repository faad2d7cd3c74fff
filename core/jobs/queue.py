"""The rows of waiting jobs: left in one unit of work, claimed, finished or buried in others.

A claim is a lease with a token that grows. Every later change of the row asks for the token, so a
worker that was stalled and overtaken can neither finish the job nor bury it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, func, or_, select, update

from core.db.bell import Bell, ring_after_commit
from core.db.schema import PLATFORM
from core.db.sets import insert_new_rows
from core.db.upsert import insert_if_absent
from core.db.work import Work
from core.jobs import tables
from core.jobs.errors import LeaseLost
from core.jobs.job import Job
from core.jobs.schedule import next_due

KEPT_DAYS = 35


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A job that is ours until its lease runs out."""

    id: str
    project_id: str
    name: str
    arguments: Mapping[str, Any]
    every_seconds: float | None
    created_at: datetime
    attempt: int
    token: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Buried:
    """A job that was given up, and why. It stays until someone retries it."""

    id: str
    project_id: str
    name: str
    arguments: Mapping[str, Any]
    buried_at: datetime
    attempt: int
    error: str | None


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many jobs are due and not begun, since when, and how many are buried."""

    due: int
    oldest_due_at: datetime | None
    buried: int


async def enqueue(
    work: Work,
    job: Job,
    *,
    key: str | None = None,
    run_at: datetime | None = None,
    **arguments: Any,
) -> bool:
    """Have the job done once this unit is committed, or at `run_at`. Tell whether it is new.

    A `key` names what is to be done: a second job of that name and key is not added, also while
    the first, finished one is still kept (see `forget_old`). Arguments are JSON, and no secrets.
    """
    row = {
        "id": work.ids.new("job"),
        "project_id": work.found_project_id or work.caller.project_id or PLATFORM,
        "name": job.name,
        "key": key,
        "arguments": arguments,
        "created_at": work.real_now,
        "due_at": run_at or work.real_now,
        "attempt": 0,
        "lease_token": 0,
    }
    is_new = await insert_if_absent(work, tables.jobs, row)
    if is_new:
        work.record("enqueued", job.name, key=key)
        ring_after_commit(work, Bell.JOB)
    return is_new


async def enqueue_all(work: Work, job: Job, wanted: Mapping[str, Mapping[str, Any]]) -> None:
    """Have the job done for each key with these arguments, in one statement, as `enqueue` does."""
    if not wanted:
        return
    project_id = work.found_project_id or work.caller.project_id or PLATFORM
    rows = [
        (
            work.ids.new("job"),
            project_id,
            job.name,
            key,
            dict(wanted[key]),
            work.real_now,
            work.real_now,
            0,
            0,
        )
        for key in sorted(wanted)
    ]
    await insert_new_rows(work, tables.jobs, NAMES, rows, returning=("id",))
    for key in wanted:
        work.record("enqueued", job.name, key=key)
    ring_after_commit(work, Bell.JOB)


NAMES = (
    "id", "project_id", "name", "key", "arguments", "created_at", "due_at", "attempt",
    "lease_token",
)  # fmt: skip


async def claim(
    work: Work, jobs: Mapping[str, Job], limit: int, *, beside: Claimed | None = None
) -> list[Claimed]:
    """Lease the jobs that have been due longest, of the names we know, to whoever calls.

    `beside` a job, only others of its project. A name we do not know may belong to a newer release
    that runs beside us, and is left to it.
    """
    query = due(work, jobs, beside=beside).limit(limit).with_for_update(skip_locked=True)
    claimed = [claimed_of(row) for row in await work.execute(query)]
    if claimed:
        change = (
            update(tables.jobs)
            .where(tables.jobs.c.id == bindparam("this_id"))
            .values(
                attempt=bindparam("new_attempt"),
                lease_token=bindparam("new_token"),
                lease_until=bindparam("new_until"),
            )
        )
        await work.execute(
            change,
            [
                {
                    "this_id": each.id,
                    "new_attempt": each.attempt,
                    "new_token": each.token,
                    "new_until": work.real_now + timedelta(seconds=jobs[each.name].lease_seconds),
                }
                for each in claimed
            ],
        )
    return claimed


def due(work: Work, jobs: Mapping[str, Job], *, beside: Claimed | None = None) -> Any:
    """Select the jobs that may be claimed now, longest due first."""
    job = tables.jobs.c
    others = (job.project_id == beside.project_id, job.id != beside.id) if beside else ()
    return (
        select(tables.jobs)
        .where(
            job.finished_at.is_(None),
            job.buried_at.is_(None),
            job.due_at <= work.real_now,
            or_(job.lease_until.is_(None), job.lease_until <= work.real_now),
            job.name.in_(list(jobs)),
            *others,
        )
        .order_by(job.due_at, job.id)
    )


async def is_at_work(work: Work, *, beside: Claimed) -> bool:
    """Tell whether a worker is at another job of the same project."""
    job = tables.jobs.c
    others = job.project_id == beside.project_id, job.id != beside.id
    under_way = job.finished_at.is_(None), job.buried_at.is_(None), job.lease_until > work.real_now
    query = select(job.id).where(*others, *under_way).limit(1)
    return (await work.execute(query)).first() is not None


async def renew(work: Work, claimed: Claimed, seconds: float) -> None:
    """Keep the job longer, because we are still at it."""
    await _change(work, claimed, lease_until=work.real_now + timedelta(seconds=seconds))


async def finish(work: Work, claimed: Claimed) -> None:
    """Mark the job done in this unit; one that recurs is due again instead."""
    if claimed.every_seconds is None:
        await _change(work, claimed, finished_at=work.real_now, lease_until=None, error=None)
    else:
        await _recur(work, claimed, error=None)


async def fail(work: Work, claimed: Claimed, job: Job, *, error: str, jitter: float) -> None:
    """Try again after a pause or, when every attempt is used up, bury it with its error.

    One that recurs is not buried but keeps its error and waits for its next turn.
    """
    if claimed.attempt < job.retry.attempts:
        again_at = work.real_now + job.retry.pause(claimed.attempt, jitter)
        await _change(work, claimed, due_at=again_at, lease_until=None, error=error)
    elif claimed.every_seconds is None:
        await _change(work, claimed, buried_at=work.real_now, lease_until=None, error=error)
    else:
        await _recur(work, claimed, error=error)


async def require(work: Work, claimed: Claimed) -> None:
    """Let this unit commit only while the job is ours. The row stays locked until the unit ends."""
    query = select(tables.jobs.c.id).where(*_mine(claimed)).with_for_update(read=True)
    if (await work.execute(query)).scalar() is None:
        raise LeaseLost


async def buried(work: Work, limit: int = 100) -> list[Buried]:
    """List the jobs that were given up, the latest first."""
    job = tables.jobs.c
    shown = job.id, job.project_id, job.name, job.arguments, job.buried_at, job.attempt, job.error
    query = (
        select(*shown)
        .where(job.buried_at.is_not(None))
        .order_by(job.buried_at.desc(), job.id.desc())
        .limit(limit)
    )
    return [
        Buried(
            id=row.id,
            project_id=row.project_id,
            name=row.name,
            arguments=row.arguments,
            buried_at=row.buried_at,
            attempt=row.attempt,
            error=row.error,
        )
        for row in await work.execute(query)
    ]


async def retry_buried(work: Work, job_id: str) -> bool:
    """Give a buried job all its attempts again, now. False when it is not buried."""
    this = tables.jobs.c.id == job_id, tables.jobs.c.buried_at.is_not(None)
    change = (
        update(tables.jobs).where(*this).values(buried_at=None, attempt=0, due_at=work.real_now)
    )
    ring_after_commit(work, Bell.JOB)
    return (await work.execute(change)).rowcount == 1


async def again(work: Work, job: Job, key: str) -> bool:
    """Have the job of this key done now, with all its attempts, whether it waits or was buried.

    False when there is none: it was finished, or never asked for.
    """
    row = tables.jobs.c
    this = row.name == job.name, row.key == key, row.finished_at.is_(None)
    change = (
        update(tables.jobs).where(*this).values(buried_at=None, attempt=0, due_at=work.real_now)
    )
    ring_after_commit(work, Bell.JOB)
    return (await work.execute(change)).rowcount == 1


async def backlog(work: Work) -> Backlog:
    """Say how far behind the workers are, and what they gave up."""
    job = tables.jobs.c
    waiting = job.finished_at.is_(None), job.buried_at.is_(None), job.lease_until.is_(None)
    late = select(func.count().label("due"), func.min(job.due_at).label("oldest_due_at")).where(
        *waiting, job.due_at <= work.real_now
    )
    given_up = select(func.count()).where(job.buried_at.is_not(None))
    found = (await work.execute(late)).one()
    count = (await work.execute(given_up)).scalar_one()
    return Backlog(found.due, found.oldest_due_at, count)


async def forget_old(work: Work) -> int:
    """Delete jobs finished long ago; return how many. Buried ones are kept."""
    before = work.real_now - timedelta(days=KEPT_DAYS)
    change = delete(tables.jobs).where(tables.jobs.c.finished_at < before)
    return int((await work.execute(change)).rowcount)


async def _recur(work: Work, claimed: Claimed, *, error: str | None) -> None:
    assert claimed.every_seconds
    again_at = next_due(claimed.created_at, claimed.every_seconds, work.real_now)
    await _change(work, claimed, due_at=again_at, attempt=0, lease_until=None, error=error)


async def _change(work: Work, claimed: Claimed, **values: Any) -> None:
    """Change the row while the job is ours, or roll the whole unit back."""
    change = update(tables.jobs).where(*_mine(claimed)).values(values)
    if (await work.execute(change)).rowcount != 1:
        raise LeaseLost


def _mine(claimed: Claimed) -> tuple[Any, ...]:
    job = tables.jobs.c
    return (
        job.id == claimed.id,
        job.lease_token == claimed.token,
        job.finished_at.is_(None),
        job.buried_at.is_(None),
    )


def claimed_of(row: Any) -> Claimed:
    """Return what whoever takes this row now has of it: its next attempt, under the next token."""
    return Claimed(
        id=row.id,
        project_id=row.project_id,
        name=row.name,
        arguments=row.arguments,
        every_seconds=row.every_seconds,
        created_at=row.created_at,
        attempt=row.attempt + 1,
        token=row.lease_token + 1,
    )
