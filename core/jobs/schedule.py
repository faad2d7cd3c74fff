"""Do something again and again: a job whose row is never finished, only due later.

The due date is a row like any other, so a test moves the clock. Periods that passed while nobody
worked are not made up for: what must happen once per period keeps its own rows about periods.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import update

from core.db.schema import PLATFORM
from core.db.upsert import insert_if_absent
from core.db.work import Work
from core.jobs import tables
from core.jobs.job import Job
from core.kernel.ids import derived

KEY = "schedule"


@dataclass(frozen=True, slots=True)
class Schedule:
    """Run this job, which takes no arguments, every so many seconds."""

    job: Job
    every_seconds: float


async def install(work: Work, schedules: Sequence[Schedule]) -> None:
    """Make sure every schedule has its row. One that is new is due at once."""
    jobs = tables.jobs
    for schedule in schedules:
        row = {
            "id": derived("job", KEY, schedule.job.name),
            "project_id": PLATFORM,
            "name": schedule.job.name,
            "key": KEY,
            "arguments": {},
            "every_seconds": schedule.every_seconds,
            "created_at": work.real_now,
            "due_at": work.real_now,
            "attempt": 0,
            "lease_token": 0,
        }
        if not await insert_if_absent(work, jobs, row):
            this = jobs.c.id == row["id"], jobs.c.every_seconds != schedule.every_seconds
            change = update(jobs).where(*this).values(every_seconds=schedule.every_seconds)
            await work.execute(change)


def next_due(anchor: datetime, every_seconds: float, now: datetime) -> datetime:
    """Return the first instant after now that is whole periods after the anchor."""
    passed = (now - anchor).total_seconds() / every_seconds
    return anchor + timedelta(seconds=every_seconds * (math.floor(passed + 1e-9) + 1))
