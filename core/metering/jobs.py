"""What metering does of itself: have months ready before they come, forget ids long after."""

from core.db.months import ensure_months, forget_detached, months_around
from core.db.work import Work
from core.jobs import JobContext, Schedule, job
from core.metering import tables

MONTHS_AHEAD = 3
FORGOTTEN_AT_ONCE = 1_000
DAY_SECONDS = 86_400


@job("make_usage_months")
async def make_usage_months(work: Work) -> None:
    """Make the months that usage will fall into. Recording makes what this has missed."""
    await ensure_months(work, tables.events, months_around(work.now, 1, MONTHS_AHEAD))


@job("forget_usage_ids", outside=True)
async def forget_usage_ids(context: JobContext) -> None:
    """Forget ids of detached months, a few in each unit: recording never waits for long."""
    forgotten = FORGOTTEN_AT_ONCE
    while forgotten == FORGOTTEN_AT_ONCE:
        async with context.begin() as work:
            forgotten = await forget_detached(work, tables.event_ids, FORGOTTEN_AT_ONCE)


SCHEDULES = (
    Schedule(make_usage_months, every_seconds=DAY_SECONDS),
    Schedule(forget_usage_ids, every_seconds=DAY_SECONDS),
)
