"""What exporting does later: look for usage to export, every minute. Off, it is one statement."""

from datetime import timedelta

from sqlalchemy import delete

from core.db.work import Work
from core.exporting import tables
from core.exporting.exporting import export_all
from core.exporting.model import CopyState
from core.exporting.opening import open_usage_export
from core.jobs import JobContext, Retry, Schedule, job

EXPORT_SECONDS = 60.0
KEPT_DAYS = 35
"""How long a copy that was sent is kept: a report of it comes within a day or two."""


@job("export_usage", outside=True, retry=Retry(attempts=3, first_seconds=10))
async def export_usage(context: JobContext) -> None:
    """Export what was received since the last time. What failed is sent again."""
    await export_all(context)


async def forget_old(work: Work) -> int:
    """Delete copies that were sent long ago. What was rejected, or is not known, stays."""
    c = tables.copies.c
    this = c.asked_at < work.now - timedelta(days=KEPT_DAYS), c.state == str(CopyState.SENT)
    return int((await work.execute(delete(tables.copies).where(*this))).rowcount)


JOBS = (open_usage_export,)
SCHEDULES = (Schedule(export_usage, every_seconds=EXPORT_SECONDS),)
