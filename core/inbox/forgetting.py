"""Forget what was settled long ago. What was parked, or still waits, is kept whatever its age."""

from datetime import timedelta

from sqlalchemy import delete, or_

from core.db.work import Work
from core.inbox import tables

KEPT_DAYS = 90
"""Three times as long as Stripe can tell an event again, so that none is ever taken for new."""


async def forget_old(work: Work) -> int:
    """Delete settled events, and the standing of objects that nothing was heard of since."""
    before = work.real_now - timedelta(days=KEPT_DAYS)
    e, o = tables.events.c, tables.objects.c
    settled = or_(e.handled_at.is_not(None), e.ignored_at.is_not(None))
    deletions = (
        delete(tables.events).where(e.received_at < before, settled),
        delete(tables.objects).where(o.changed_at < before),
    )
    return sum([int((await work.execute(deletion)).rowcount) for deletion in deletions])
