"""What identity does later: forget what can no longer be used.

Revoked and expired grants keep their row, because the trail speaks of them; what is forgotten are
digests that open nothing. A code outlives its minute by a day and a rotated refresh token its
month, so that a second use is still recognised as one.
"""

from datetime import timedelta

from sqlalchemy import delete

from auth import links, sessions, tables, throttling
from core.db.work import Work
from core.jobs import Schedule, job

CODES_KEPT = timedelta(days=1)
DOCUMENTS_KEPT = timedelta(days=1)


@job("auth.forget_expired")
async def forget_expired(work: Work) -> None:
    """Delete requests, codes, tokens, documents, clients, sessions and links past their time."""
    expired = (
        (tables.requests.c.expires_at, work.real_now),
        (tables.codes.c.expires_at, work.real_now - CODES_KEPT),
        (tables.access_tokens.c.expires_at, work.real_now),
        (tables.refresh_tokens.c.expires_at, work.real_now),
        (tables.assertions.c.expires_at, work.real_now),
        (tables.documents.c.fresh_until, work.real_now - DOCUMENTS_KEPT),
        (tables.clients.c.expires_at, work.real_now),
    )
    for column, before in expired:
        await work.execute(delete(column.table).where(column <= before))
    await sessions.forget_expired(work)
    await links.forget_expired(work)
    await throttling.forget_old(work)


SCHEDULES = (Schedule(forget_expired, every_seconds=3600),)
