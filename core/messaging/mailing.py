"""Mail: written in the unit of its cause, sent once that is committed. The port is `Mailer`.

An installation without a mail server keeps its mails, and shows them to its operator instead.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import insert, select

from core.db.bell import Bell, ring_after_commit
from core.db.schema import PLATFORM
from core.db.work import Work
from core.kernel import cards
from core.messaging.mail_tables import mails

PUBLIC_URL = "{public_url}"
"""Stands in a mail for where this installation is reached; only whoever sends it knows."""
SUBJECT_MAX = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail to one address. It may be handed over twice, and then has the same id."""

    id: str
    address: str
    subject: str
    text: str
    html: str | None
    created_at: datetime


class MailRefused(Exception):
    """The mail server will never take this mail: trying again is of no use."""


class MailNotTaken(OSError):
    """The mail server did not take this mail now. What caused it says why."""


class Mailer(Protocol):
    """Carries mails to a mail server."""

    async def deliver(self, mail: Mail) -> None:
        """Return once the server has taken it.

        MailRefused is final. An OSError, MailNotTaken among them, is tried again later.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A mail that was not sent: it waits, or it was buried and says why."""

    id: str
    purpose: str
    address: str
    subject: str
    text: str | None
    created_at: datetime
    buried_at: datetime | None
    error: str | None


async def send(
    work: Work,
    address: str,
    *,
    subject: str,
    text: str,
    purpose: str,
    html: str | None = None,
    expires_at: datetime | None = None,
) -> str:
    """Have the mail sent once this unit is committed, but not after `expires_at`. Return its id.

    Write `PUBLIC_URL` where a link begins. What looks like a card number is blotted out. The trail
    gets the purpose and nothing of the mail.
    """
    mail_id = work.ids.new("mal")
    row = {
        "project_id": work.found_project_id or work.caller.project_id or PLATFORM,
        "id": mail_id,
        "purpose": purpose,
        "address": address,
        "subject": cards.redacted(subject)[:SUBJECT_MAX],
        "text": cards.redacted(text),
        "html": html and cards.redacted(html),
        "created_at": work.real_now,
        "expires_at": expires_at,
        "attempt": 0,
        "due_at": work.real_now,
    }
    await work.execute(insert(mails), row)
    work.record("mailed", mail_id, purpose=purpose)
    ring_after_commit(work, Bell.MAIL)
    return mail_id


async def kept(work: Work, public_url: str, *, limit: int = 50) -> Sequence[Kept]:
    """Return what waits and what was buried, of the whole platform, the newest first.

    For the operator of an installation without a mail server: a waiting mail is shown whole.
    """
    m = mails.c
    columns = [m[name] for name in Kept.__slots__]
    query = select(*columns).where(m.sent_at.is_(None)).order_by(m.created_at.desc(), m.id.desc())
    return [
        Kept(**{**row, "text": row["text"] and row["text"].replace(PUBLIC_URL, public_url)})
        for row in (await work.execute(query.limit(limit))).mappings()
    ]
