"""Post what has expired, of whichever wallet: what nobody spends from must be booked as well."""

from sqlalchemy import select

from core.db.work import Work
from core.ledger import tables
from core.ledger.holds import Expire
from core.ledger.posting import post_each


async def expire_due(work: Work, limit: int) -> int:
    """Take out what has expired of so many accounts, the longest due first; return how many.

    It spans projects, because one worker does it for all. Several may do it at once: what one has
    taken out is not due any more when the other gets the account's lock.
    """
    a = tables.accounts.c
    query = select(a.project_id, a.id).where(a.due_at <= work.now).order_by(a.due_at).limit(limit)
    due = [Expire(row.project_id, row.id) for row in await work.execute(query)]
    if due:
        await post_each(work, due)
    return len(due)
