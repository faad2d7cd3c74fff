"""Hand committed mails to the mailer, at least once each, until each was sent or buried.

A mail is claimed by moving its due date past the time one attempt may take. Whoever dies in
between leaves a mail that is due again later, and goes out again under the same id. The number of
the attempt decides whose word counts. What a mail says is blanked the moment nobody will send it.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import or_, select, update

from core import audit
from core.db.bell import Bell, listening, wait_for
from core.db.schema import PLATFORM
from core.db.work import Database, Work
from core.kernel.caller import SYSTEM
from core.kernel.errors import described
from core.messaging.mail_tables import mails
from core.messaging.mailing import PUBLIC_URL, Mail, Mailer, MailNotTaken, MailRefused

BATCH = 5
SECONDS_MAX = 60.0
"""What one hand-over may take; then it counts as failed."""
LEASE = timedelta(seconds=SECONDS_MAX * (BATCH + 1))
"""Mails of a batch go out one after the other, so the last may wait for all before it."""
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 360, 720))
"""How long to wait after each failed attempt; after the last attempt the mail is buried."""
ATTEMPTS = len(PAUSES) + 1
LOOK_SECONDS = 5.0

_m = mails.c
_waits = _m.sent_at.is_(None) & _m.buried_at.is_(None)
_blank = {"text": None, "html": None}
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A mail that whoever claimed it may hand over until it is due again."""

    project_id: str
    attempt: int
    mail: Mail


async def run(
    database: Database, mailer: Mailer | None, public_url: str, *, stop: asyncio.Event
) -> None:
    """Deliver until told to stop; what was begun is finished. Any number may run at once."""
    with listening(database, Bell.MAIL) as ear:
        while not stop.is_set():
            ear.clear()
            try:
                await deliver_due(database, mailer, public_url)
            except Exception:
                logger.exception("sending mail failed; what was claimed will be tried again")
            await wait_for(ear, stop, seconds=LOOK_SECONDS)


async def deliver_due(database: Database, mailer: Mailer | None, public_url: str) -> int:
    """Hand over every mail that is due, and bury what is past hope. Return how many were sent.

    Without a mailer mails are kept, and shown to the operator, until they expire.
    """
    sent = 0
    while await _any_due(database, has_mailer=mailer is not None):
        async with database.begin(SYSTEM) as work:
            buried = await bury_hopeless(work)
            claimed = await claim(work, public_url) if mailer else []
        if not buried and not claimed:
            break  # another process is just taking what is due
        for each in claimed:
            assert mailer, "nothing is claimed without one"
            sent += await _deliver(database, mailer, each)
    return sent


async def claim(work: Work, public_url: str) -> Sequence[Claimed]:
    """Take the oldest due mails, skipping those that another is taking."""
    query = select(mails).where(_waits, _m.due_at <= work.real_now).order_by(_m.due_at, _m.id)
    rows = (await work.execute(query.limit(BATCH).with_for_update(skip_locked=True))).all()
    for row in rows:
        values = {"attempt": row.attempt + 1, "due_at": work.real_now + LEASE}
        await work.execute(update(mails).where(*_this(row.project_id, row.id)).values(values))
    return [Claimed(row.project_id, row.attempt + 1, _mail(row, public_url)) for row in rows]


async def bury_hopeless(work: Work) -> int:
    """Bury what has expired, and what was taken for the last time by someone who died."""
    exhausted = (_m.attempt >= ATTEMPTS) & (_m.due_at <= work.real_now)
    query = select(_m.project_id, _m.id, _m.attempt).where(
        _waits, or_(_m.expires_at <= work.real_now, exhausted)
    )
    rows = (await work.execute(query.with_for_update(skip_locked=True))).all()
    for row in rows:
        error = "never_taken" if row.attempt >= ATTEMPTS else "expired"
        await _bury(work, row.project_id, row.id, error)
    return len(rows)


async def _any_due(database: Database, *, has_mailer: bool) -> bool:
    """Look without the write lock, which on SQLite an idle process must not take again and again.

    A mail is due even without a mailer when it has expired.
    """
    async with database.read(SYSTEM) as work:
        expired = _m.expires_at <= work.real_now
        due = or_(expired, _m.due_at <= work.real_now) if has_mailer else expired
        query = select(_m.id).where(_waits, due).limit(1)
        return (await work.execute(query)).first() is not None


async def _deliver(database: Database, mailer: Mailer, claimed: Claimed) -> bool:
    """Hand one mail over while no unit is open, and write down what came of it."""
    error: Exception | None = None
    try:
        async with asyncio.timeout(SECONDS_MAX):
            await mailer.deliver(claimed.mail)
    except (MailRefused, OSError) as problem:
        logger.warning("mail %s was not taken: %s", claimed.mail.id, _why(problem))
        error = problem
    except Exception as problem:
        # A mistake of ours, told with its traceback; the mail is tried again all the same.
        logger.exception("carrying mail %s failed", claimed.mail.id)
        error = problem
    async with database.begin(SYSTEM) as work:
        await (write_failure(work, claimed, error) if error else _finish(work, claimed))
    return error is None


async def _finish(work: Work, claimed: Claimed) -> None:
    """Mark it sent, even if it is due again by now: it is true whoever did it."""
    this = (*_this(claimed.project_id, claimed.mail.id), _waits)
    await work.execute(
        update(mails).where(*this).values(sent_at=work.real_now, error=None, **_blank)
    )


async def write_failure(work: Work, claimed: Claimed, error: Exception) -> None:
    """Say why, and when to try again; bury what the server will never take."""
    why = _why(error)
    if isinstance(error, MailRefused) or claimed.attempt >= ATTEMPTS:
        await _bury(work, claimed.project_id, claimed.mail.id, why)
        return
    # Only of the newest attempt: an older one must not take the lease of a newer one away.
    mine = (*_this(claimed.project_id, claimed.mail.id), _waits, _m.attempt == claimed.attempt)
    values = {"due_at": work.real_now + PAUSES[claimed.attempt - 1], "error": why}
    await work.execute(update(mails).where(*mine).values(values))


def _why(error: Exception) -> str:
    """Say what a mail failed by, without the server's words: they may repeat an address."""
    behind = error.__cause__ if isinstance(error, MailNotTaken) else None
    return described(behind or error)[:200]


async def _bury(work: Work, project_id: str, mail_id: str, error: str) -> None:
    this = (*_this(project_id, mail_id), _waits)
    change = update(mails).where(*this).values(buried_at=work.real_now, error=error, **_blank)
    if (await work.execute(change)).rowcount:
        about = work if project_id == PLATFORM else work.within(project_id)
        await audit.record(about, "mail.buried", mail_id, error=error)


def _this(project_id: str, mail_id: str) -> tuple[Any, ...]:
    return _m.project_id == project_id, _m.id == mail_id


def _mail(row: Any, public_url: str) -> Mail:
    return Mail(
        id=row.id,
        address=row.address,
        subject=row.subject,
        text=row.text.replace(PUBLIC_URL, public_url),
        html=row.html and row.html.replace(PUBLIC_URL, public_url),
        created_at=row.created_at,
    )
